/** The answer to a query as a dashboard: a graph and a table, or the log lines. */
import { isMetric } from '../../data/logQuery';
import type { Dashboard, DataSource, Panel, Target } from '../../model/dashboard';

export function dashboardOf(source: DataSource, queries: string[], time: { from: string; to: string }): Dashboard {
  const datasource = { uid: source.uid, type: source.type };
  const targets = (wanted: string[], more: Partial<Target>): Target[] => wanted.map((expr, index) => ({ refId: String.fromCharCode(65 + index), datasource, expr, ...more }));
  const isLoki = source.type === 'loki';
  const numbers = isLoki ? queries.filter(isMetric) : queries;
  const lines = isLoki ? queries.filter((query) => !isMetric(query)) : [];
  const panels: Panel[] = [];
  const add = (panel: Omit<Panel, 'id' | 'gridPos' | 'datasource'>, h: number) =>
    panels.push({ id: panels.length + 1, gridPos: { x: 0, y: panels.reduce((sum, one) => sum + one.gridPos.h, 0), w: 24, h }, datasource, ...panel });
  if (numbers.length > 0) {
    add(
      {
        type: 'timeseries',
        title: 'Graph',
        targets: targets(numbers, { range: true, legendFormat: '__auto', exemplar: !isLoki }),
        fieldConfig: { defaults: { custom: { fillOpacity: 8 } }, overrides: [] },
        options: { tooltip: { mode: 'multi', sort: 'desc' }, legend: { showLegend: true, displayMode: 'table', placement: 'bottom', sortBy: 'Last *', sortDesc: true, calcs: ['lastNotNull', 'max'] } },
      },
      12
    );
    add(
      {
        type: 'table',
        title: 'Table',
        description: 'The values at the end of the time.',
        targets: targets(numbers, isLoki ? { queryType: 'instant', format: 'table' } : { instant: true, range: false, format: 'table' }),
        transformations: [
          { id: 'merge', options: {} },
          { id: 'organize', options: { excludeByName: { Time: true } } },
        ],
        fieldConfig: { defaults: {}, overrides: [] },
        options: {},
      },
      10
    );
  }
  if (lines.length > 0) {
    add({ type: 'logs', title: 'Log lines', targets: targets(lines, { maxLines: 500 }), fieldConfig: { defaults: {}, overrides: [] }, options: {} }, 20);
  }
  return { uid: 'explore', title: 'Explore', time, refresh: '', panels };
}
