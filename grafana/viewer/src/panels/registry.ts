/** Which component draws which type of panel. Those that few dashboards open with are loaded when first met. */
import { type ComponentType, lazy } from 'react';

import { BarGaugePanel } from './BarGaugePanel';
import { GaugePanel } from './GaugePanel';
import { StatPanel } from './StatPanel';
import { TimeSeriesPanel } from './TimeSeriesPanel';
import type { VizProps } from './types';

export const VISUALISATIONS: Record<string, ComponentType<VizProps>> = {
  timeseries: TimeSeriesPanel,
  stat: StatPanel,
  gauge: GaugePanel,
  bargauge: BarGaugePanel,
  table: lazy(() => import('./TablePanel')),
  piechart: lazy(() => import('./PieChartPanel')),
  heatmap: lazy(() => import('./HeatmapPanel')),
  logs: lazy(() => import('./LogsPanel')),
  text: lazy(() => import('./TextPanel')),
  traces: lazy(() => import('./TracePanel')),
  alertlist: lazy(() => import('./AlertListPanel')),
  dashlist: lazy(() => import('./DashListPanel')),
  'state-timeline': lazy(() => import('./StateTimelinePanel')),
  'status-history': lazy(() => import('./StateTimelinePanel')),
};
