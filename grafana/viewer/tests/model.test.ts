import { readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type Dashboard, type DataSource, type Panel } from '../src/model/dashboard';
import { resolveDataSource, UnsupportedError } from '../src/model/datasource';
import { arrange, buildSections, type PlacedPanel } from '../src/model/layout';
import { fromGrafanasExplore } from '../src/model/links';
import { follow } from '../src/model/scoped';

const sources: DataSource[] = ['prometheus', 'loki', 'jaeger', 'alertmanager'].map((type) => ({ uid: type, type, name: type, interval: '5s' }));
const panel = (id: number, x: number, y: number, w: number, h: number, fields: Partial<Panel> = {}): Panel => ({ id, type: 'timeseries', gridPos: { x, y, w, h }, ...fields });

describe('layout', () => {
  it('puts panels under the row before them', () => {
    const sections = buildSections([panel(1, 0, 0, 12, 4), panel(2, 0, 4, 24, 1, { type: 'row', title: 'R' }), panel(3, 0, 5, 12, 4), panel(4, 0, 9, 24, 1, { type: 'row', collapsed: true, panels: [panel(5, 0, 10, 6, 4)] })], () => undefined);
    expect(sections.map(({ row, panels }) => [row?.id, panels.map((placed) => placed.panel.id)])).toEqual([[undefined, [1]], [2, [3]], [4, [5]]]);
  });

  it('repeats a panel for each value, and what follows moves down', () => {
    const values = () => ({ resolved: { value: ['a', 'b', 'c'], text: '', multi: true }, texts: ['a', 'b', 'c'] });
    const [section] = buildSections([panel(1, 0, 0, 24, 4, { repeat: 'v', maxPerRow: 2 }), panel(2, 0, 4, 24, 4)], values);
    expect(section?.panels.map(({ key, panel: { gridPos } }) => [key, gridPos.x, gridPos.y, gridPos.w])).toEqual([['1-0', 0, 0, 12], ['1-1', 12, 0, 12], ['1-2', 0, 4, 12], ['2', 0, 8, 24]]);
    expect(section?.panels[1]?.scoped['v']?.value).toBe('b');
  });

  const placed = fc.record({ x: fc.integer({ min: 0, max: 23 }), y: fc.integer({ min: 0, max: 40 }), w: fc.integer({ min: 1, max: 24 }), h: fc.integer({ min: 1, max: 12 }) });

  /** Panels as Grafana would have them: none over another. */
  const grid = fc.array(placed, { maxLength: 20 }).map((all) => {
    const kept: Panel[] = [];
    for (const { x, y, w, h } of all) {
      const width = Math.min(w, 24 - x);
      if (!kept.some(({ gridPos: p }) => x < p.x + p.w && p.x < x + width && y < p.y + p.h && p.y < y + h)) {
        kept.push(panel(kept.length + 1, x, y, width, h));
      }
    }
    return kept.map((one): PlacedPanel => ({ key: String(one.id), panel: one, scoped: {} }));
  });

  it('never lets panels overlap or leave the page, at any width', () => {
    fc.assert(
      fc.property(grid, fc.constantFrom(360, 560, 800, 1000, 1440), (panels, width) => {
        const arranged = arrange(panels, width);
        expect(arranged).toHaveLength(panels.length);
        arranged.forEach((a, index) => {
          expect(a.x >= 0 && a.x + a.w <= 24 && a.y >= 0).toBe(true);
          const clash = arranged.slice(index + 1).find((b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h);
          expect(clash).toBeUndefined();
        });
      })
    );
  });

  it('places every panel of the gallery', () => {
    const gallery = JSON.parse(readFileSync(new URL('../gallery.json', import.meta.url), 'utf8')) as Dashboard;
    const ids = buildSections(gallery.panels, () => undefined).flatMap(({ row, panels }) => [...(row ? [row.id] : []), ...panels.map((one) => one.panel.id)]);
    expect(new Set(ids).size).toBe(gallery.panels.flatMap((one) => [one, ...(one.panels ?? [])]).length);
  });
});

describe('data sources', () => {
  const resolve = (reference: Parameters<typeof resolveDataSource>[0]) => resolveDataSource(reference, sources, (text) => text.replace('$ds', 'loki')).uid;
  it.each([
    [{ uid: 'loki', type: 'loki' }, 'loki'],
    [{ uid: 'P8E80F9AEF21F6940', type: 'jaeger' }, 'jaeger'],
    [{ uid: '$ds' }, 'loki'],
    ['Prometheus', 'prometheus'],
    [null, 'prometheus'],
    [undefined, 'prometheus'],
    [{ uid: '${DS_PROMETHEUS}' }, 'prometheus'],
  ])('%j is %s', (reference, uid) => {
    expect(resolve(reference)).toBe(uid);
  });

  it.each([[{ uid: 'sales', type: 'mysql' }], ['nope'], ['-- Grafana --']])('%j cannot be asked', (reference) => {
    expect(() => resolve(reference)).toThrow(UnsupportedError);
  });
});

describe('links to Explore', () => {
  const panes = (pane: object) => new URLSearchParams({ panes: JSON.stringify({ a: pane }) }).toString();
  it.each([
    [panes({ datasource: 'jaeger', queries: [{ query: 'abc', datasource: { uid: 'jaeger', type: 'jaeger' } }] }), '/trace/abc'],
    [panes({ datasource: 'jaeger', queries: [{ queryType: 'search', service: 'api' }], range: { from: '1', to: '2' } }), '/traces?from=1&to=2&service=api'],
    [panes({ datasource: 'loki', queries: [{ expr: '{a="b"}' }], range: { from: '1', to: '2' } }), '/logs?query=%7Ba%3D%22b%22%7D&from=1&to=2'],
    [panes({ datasource: 'alertmanager', queries: [{}] }), '/alerts'],
    [new URLSearchParams({ left: JSON.stringify(['now-1h', 'now', 'loki', { expr: '{}' }]) }).toString(), '/logs?query=%7B%7D&from=now-1h&to=now'],
    [panes({ datasource: 'sales', queries: [{ expr: 'x' }] }), undefined],
    ['panes={', undefined],
    ['', undefined],
  ])('%s', (search, answer) => {
    expect(fromGrafanasExplore(search, sources)).toEqual(answer);
  });

  it('to metrics become the page where queries are written', () => {
    const search = panes({ datasource: 'prometheus', queries: [{ expr: 'up' }, { expr: 'a{b="c d"} + 1' }], range: { from: 'now-6h', to: 'now' } });
    const page = new URL(fromGrafanasExplore(search, sources) ?? '', 'http://x');
    expect(page.pathname).toBe('/explore');
    expect([...page.searchParams]).toEqual([['datasource', 'prometheus'], ['query', 'up'], ['query', 'a{b="c d"} + 1'], ['from', 'now-6h'], ['to', 'now']]);
  });

  it('to traces bring along what they are searched by', () => {
    const query = { queryType: 'search', service: 'api', operation: 'GET /', tags: 'error=true', minDuration: '2s', limit: 20 };
    const page = fromGrafanasExplore(panes({ datasource: 'jaeger', queries: [query], range: { from: '1', to: '2' } }), sources);
    expect(page).toBe('/traces?from=1&to=2&service=api&operation=GET+%2F&tags=error%3Dtrue&minDuration=2s&limit=20');
  });
});

it('paths into a value may be dotted, quoted or numbered', () => {
  const value = { labels: { 'a b': 'x', c: ['y', { d: 'z' }] } };
  expect([follow(value, 'labels["a b"]'), follow(value, 'labels.c[0]'), follow(value, 'labels.c[1].d'), follow(value, 'labels.none.more')]).toEqual(['x', 'y', 'z', undefined]);
});
