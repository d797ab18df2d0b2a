/** Where a link of a Grafana dashboard leads in the viewer. */
import type { DataSource } from './dashboard';

export function tracePage(traceId: string, extra: Record<string, string> = {}): string {
  const query = new URLSearchParams(extra).toString();
  return `/trace/${encodeURIComponent(traceId)}${query ? `?${query}` : ''}`;
}

export function logsPage(query: string, from?: string | number, to?: string | number): string {
  const parameters = new URLSearchParams({ query });
  if (from !== undefined && to !== undefined) {
    parameters.set('from', String(from));
    parameters.set('to', String(to));
  }
  return `/logs?${parameters}`;
}

interface ExploreQuery {
  refId?: string;
  expr?: string;
  query?: string;
  queryType?: string;
  service?: string;
  operation?: string;
  datasource?: { uid?: string; type?: string } | string;
}

interface ExplorePane {
  datasource?: string;
  queries?: ExploreQuery[];
  range?: { from?: string; to?: string };
}

export interface ExploreQuestion {
  source: DataSource;
  expr: string;
  from: string;
  to: string;
}

/** What an Explore address asks: a page of ours, or a query of Prometheus that the explore page draws itself. */
export function readExplore(search: string, sources: DataSource[]): { page: string } | { question: ExploreQuestion } | undefined {
  const pane = explorePane(new URLSearchParams(search));
  const query = pane?.queries?.[0];
  if (!pane || !query) {
    return undefined;
  }
  const asked = typeof query.datasource === 'string' ? { uid: query.datasource } : (query.datasource ?? {});
  const wanted = [asked.uid, asked.type, pane.datasource].filter(Boolean);
  const source = sources.find((one) => wanted.includes(one.uid) || wanted.includes(one.type) || wanted.includes(one.name));
  const from = pane.range?.from ?? 'now-1h';
  const to = pane.range?.to ?? 'now';
  const text = query.expr ?? query.query ?? '';
  switch (source?.type) {
    case 'jaeger':
      return { page: query.queryType === 'search' || !text ? searchPage(query, from, to) : tracePage(text.trim()) };
    case 'loki':
      return { page: logsPage(text, from, to) };
    case 'prometheus':
      return { question: { source, expr: text, from, to } };
    case 'alertmanager':
      return { page: '/alerts' };
    default:
      return undefined;
  }
}

function searchPage(query: ExploreQuery, from: string, to: string): string {
  const parameters = new URLSearchParams({ from, to });
  if (query.service) parameters.set('service', query.service);
  if (query.operation) parameters.set('operation', query.operation);
  return `/traces?${parameters}`;
}

/** `panes={"x":{…}}` since Grafana 10, `left={…}` or `left=["from","to","source",{…}]` before. */
function explorePane(parameters: URLSearchParams): ExplorePane | undefined {
  try {
    const panes = parameters.get('panes');
    if (panes) {
      return Object.values(JSON.parse(panes) as Record<string, ExplorePane>)[0];
    }
    const left = JSON.parse(parameters.get('left') ?? 'null') as ExplorePane | unknown[] | null;
    if (Array.isArray(left)) {
      const [from, to, datasource, ...queries] = left as [string, string, string, ...ExploreQuery[]];
      return { datasource, queries, range: { from, to } };
    }
    return left ?? undefined;
  } catch {
    return undefined;
  }
}

/** Only web addresses and paths: a link from a label or a log line must not run a script. */
export function safeHref(href: string): string | undefined {
  try {
    const url = new URL(href, window.location.href);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? href : undefined;
  } catch {
    return undefined;
  }
}
