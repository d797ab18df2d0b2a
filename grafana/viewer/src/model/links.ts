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

interface TraceSearch {
  service?: string;
  operation?: string;
  tags?: string;
  minDuration?: string;
  limit?: number;
}

interface ExploreQuery extends TraceSearch {
  refId?: string;
  expr?: string;
  query?: string;
  queryType?: string;
  datasource?: { uid?: string; type?: string } | string;
}

interface ExplorePane {
  datasource?: string;
  queries?: ExploreQuery[];
  range?: { from?: string; to?: string };
}

/** The page where queries are written and tried, with these in it. */
export function explorePage(datasource: string, queries: string[], from?: string | number, to?: string | number): string {
  const parameters = new URLSearchParams({ datasource });
  queries.forEach((query) => parameters.append('query', query));
  if (from !== undefined && to !== undefined) {
    parameters.set('from', String(from));
    parameters.set('to', String(to));
  }
  return `/explore?${parameters}`;
}

/** Our own page for what an address of Grafana's Explore asks; undefined where it asks for nothing that we know. */
export function fromGrafanasExplore(search: string, sources: DataSource[]): string | undefined {
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
      return query.queryType === 'search' || !text ? searchPage(query, from, to) : tracePage(text.trim());
    case 'loki':
      return logsPage(text, from, to);
    case 'prometheus':
      return explorePage(source.uid, pane.queries?.map((one) => one.expr ?? '') ?? [], from, to);
    case 'alertmanager':
      return '/alerts';
    default:
      return undefined;
  }
}

/** The search for traces, by what is given of a query. */
export function searchPage(query: TraceSearch, from: string | number, to: string | number): string {
  const parameters = new URLSearchParams({ from: String(from), to: String(to) });
  for (const name of ['service', 'operation', 'tags', 'minDuration', 'limit'] as const) {
    if (query[name]) parameters.set(name, String(query[name]));
  }
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
    const url = new URL(href, 'http://this.page'); // a path has our own protocol
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? href : undefined;
  } catch {
    return undefined;
  }
}

/** The same page with another range of time. */
export function withRange(address: string, from: string | number, to: string | number): string {
  const [path = '', search = ''] = address.split(/\?(.*)/s);
  const parameters = new URLSearchParams(search);
  parameters.set('from', String(from));
  parameters.set('to', String(to));
  return `${path}?${parameters}`;
}

/** One panel of a dashboard alone, with the values of its variables. */
export function panelPage(uid: string, panelKey: string, search: string): string {
  const kept = [...new URLSearchParams(search)].filter(([name]) => name.startsWith('var-'));
  return `/d/${encodeURIComponent(uid)}?${new URLSearchParams([...kept, ['viewPanel', panelKey]])}`;
}
