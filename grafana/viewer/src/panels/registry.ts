/** Which component draws which type of panel. Those that few dashboards open with are loaded when first met. */
import { type ComponentType, lazy } from 'react';

import { BarGaugePanel } from './BarGaugePanel';
import { GaugePanel } from './GaugePanel';
import { StatPanel } from './StatPanel';
import { TimeSeriesPanel } from './TimeSeriesPanel';
import type { VizProps } from './types';

type Load = () => Promise<{ default: ComponentType<VizProps> }>;

const LOADED_LATER: Record<string, Load> = {
  table: () => import('./TablePanel'),
  piechart: () => import('./PieChartPanel'),
  heatmap: () => import('./HeatmapPanel'),
  logs: () => import('./LogsPanel'),
  text: () => import('./TextPanel'),
  traces: () => import('./TracePanel'),
  alertlist: () => import('./AlertListPanel'),
  dashlist: () => import('./DashListPanel'),
  'state-timeline': () => import('./StateTimelinePanel'),
  'status-history': () => import('./StateTimelinePanel'),
};

export const VISUALISATIONS: Record<string, ComponentType<VizProps>> = {
  timeseries: TimeSeriesPanel,
  stat: StatPanel,
  gauge: GaugePanel,
  bargauge: BarGaugePanel,
  ...Object.fromEntries(Object.entries(LOADED_LATER).map(([type, load]) => [type, lazy(load)])),
};

/** Starts loading what a dashboard will need while its first queries are under way. */
export function preload(types: Iterable<string>): void {
  for (const type of new Set(types)) {
    void LOADED_LATER[type]?.();
  }
}
