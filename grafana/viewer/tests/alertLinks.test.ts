import { expect, it } from 'vitest';

import { alertLinks } from '../src/data/alertLinks';
import type { Alert } from '../src/data/alertmanager';
import type { DataSource } from '../src/model/dashboard';

const sources: DataSource[] = ['alertmanager', 'loki', 'jaeger', 'prometheus'].map((type) => ({ uid: type, type, name: type, interval: '5s' }));
const START = Date.parse('2026-01-01T12:00:00Z');
const alert = (labels: Record<string, string>, annotations: Record<string, string> = {}, generatorURL?: string): Alert => ({
  fingerprint: 'x', labels: { alertname: 'Slow', severity: 'error', ...labels }, annotations, generatorURL,
  startsAt: new Date(START).toISOString(), updatedAt: '', receivers: [], status: { state: 'active', silencedBy: [], inhibitedBy: [] },
});
const links = (...parts: Parameters<typeof alert>) => alertLinks(alert(...parts), sources, ['Slow']);
const explore = (query: object, datasource: string) => `http://dash:3000/explore?schemaVersion=1&panes=${encodeURIComponent(JSON.stringify({ a: { datasource, queries: [{ datasource: { uid: datasource, type: datasource }, ...query }], range: { from: '5', to: 'now' } } }))}`;

it('the links that an alert declares are followed in the viewer', () => {
  const found = links({ service: 'api' }, {
    logs_url: explore({ expr: '{service_name="api", level="error"}' }, 'loki'),
    traces_url: explore({ queryType: 'search', service: 'api', tags: 'error=true', limit: 50 }, 'jaeger'),
    dashboard_url: 'http://dash:3000/d/api',
  });
  expect(found).toMatchObject({
    logs: '/logs?query=%7Bservice_name%3D%22api%22%2C+level%3D%22error%22%7D&from=5&to=now',
    traces: '/traces?from=5&to=now&service=api&tags=error%3Dtrue&limit=50',
    dashboard: 'http://dash:3000/d/api',
  });
});

it('without them, its service and its time lead on', () => {
  const found = links({ service: 'a"b' });
  const logs = new URL(found.logs ?? '', 'http://x').searchParams;
  expect(logs.get('query')).toBe('{service_name="a\\"b", level=~"warning|error|critical"}');
  expect(logs.get('from')).toBe(String(START - 600_000));
  expect(found.traces).toContain('service=a%22b');
  expect(links({})).toMatchObject({ logs: undefined, traces: undefined });
});

it('one request, or one trace, is followed before all others', () => {
  expect(links({ service: 'api', correlation_id: 'c1' }).logs).toContain('correlation_id');
  expect(links({ service: 'api' }, { trace_id: 'abc' })).toMatchObject({ trace: '/trace/abc' });
});

it('the query that fired is run in Explore', () => {
  expect(links({}, {}, 'http://prometheus:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1').query).toBe('/explore?datasource=prometheus&query=up+%3D%3D+0&from=now-1h&to=now');
  expect(links({}, {}, 'nonsense').query).toBeUndefined();
});

it('the runbook gets the labels, and one of another house its address', () => {
  expect(links({ service: 'api', env: 'dev' }).runbook).toBe('/runbooks/Slow?service=api&env=dev');
  expect(links({ alertname: 'Theirs' }, { runbook_url: 'https://wiki/x' }).runbook).toBe('https://wiki/x');
  expect(links({ alertname: 'Theirs' }, { runbook_url: 'javascript:alert(1)', dashboard_url: 'javascript:alert(1)' })).toMatchObject({ runbook: undefined, dashboard: undefined });
});
