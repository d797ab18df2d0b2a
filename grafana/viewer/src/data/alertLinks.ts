/** Where an alert leads: what it says of itself first, then what its labels tell. */
import type { DataSource } from '../model/dashboard';
import { explorePage, fromGrafanasExplore, logsPage, safeHref, searchPage, tracePage } from '../model/links';

import type { Alert } from './alertmanager';
import { linesOfRequest, linesOfTrace, quote } from './loki';

export interface AlertLinks {
  runbook?: string;
  dashboard?: string;
  logs?: string;
  trace?: string;
  traces?: string;
  query?: string;
}

const BEFORE_MS = 600_000;

export function alertLinks({ labels, annotations, startsAt, generatorURL }: Alert, sources: DataSource[], runbooks: string[]): AlertLinks {
  const { alertname = '', service } = labels;
  const from = Date.parse(startsAt) - BEFORE_MS;
  const trace = labels['trace_id'] ?? annotations['trace_id'];
  const request = labels['correlation_id'] ?? annotations['correlation_id'];
  const own = (annotation: string | undefined): string | undefined => pageOf(annotation, sources);
  const about = service === undefined ? undefined : logsPage(`{service_name=${quote(service)}, level=~"warning|error|critical"}`, from, 'now');
  return {
    runbook: runbooks.includes(alertname) ? runbookPage(alertname, labels) : safe(annotations['runbook_url']),
    dashboard: safe(annotations['dashboard_url']),
    logs: request ? logsPage(linesOfRequest(request), from, 'now') : trace ? logsPage(linesOfTrace(trace), from, 'now') : (own(annotations['logs_url']) ?? about),
    trace: trace ? tracePage(trace) : undefined,
    traces: own(annotations['traces_url']) ?? (service === undefined ? undefined : searchPage({ service }, from, 'now')),
    query: queryPage(generatorURL, sources),
  };
}

const safe = (address: string | undefined): string | undefined => (address ? safeHref(address) : undefined);

/** An alert names Explore's address at Grafana: the same at ours. */
function pageOf(address: string | undefined, sources: DataSource[]): string | undefined {
  return address && URL.canParse(address) ? fromGrafanasExplore(new URL(address).search, sources) : undefined;
}

/** With the alert's labels, which the page puts into its queries. */
function runbookPage(name: string, { alertname: _, severity: __, ...labels }: Alert['labels']): string {
  const query = new URLSearchParams(labels).toString();
  return `/runbooks/${encodeURIComponent(name)}${query ? `?${query}` : ''}`;
}

/** What fired, which Prometheus names by the address of a page of its own. */
function queryPage(address: string | undefined, sources: DataSource[]): string | undefined {
  const source = sources.find(({ type }) => type === 'prometheus');
  const query = address && URL.canParse(address) ? new URL(address).searchParams.get('g0.expr') : undefined;
  return source && query ? explorePage(source.uid, [query], 'now-1h', 'now') : undefined;
}
