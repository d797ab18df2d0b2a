/** The parts of Grafana's dashboard JSON that are read here. */
import type { DataLink, DataTransformerConfig, FieldConfigSource } from '@grafana/data';

export interface DataSourceRef {
  uid?: string;
  type?: string;
}

export interface Target {
  refId: string;
  datasource?: DataSourceRef | string | null;
  hide?: boolean;
  expr?: string;
  legendFormat?: string;
  format?: 'time_series' | 'table' | 'heatmap' | 'logs';
  instant?: boolean;
  range?: boolean;
  exemplar?: boolean;
  interval?: string;
  intervalFactor?: number;
  step?: string;
  maxLines?: number;
  direction?: string;
  queryType?: string;
  query?: string;
  service?: string;
  operation?: string;
  tags?: string;
  minDuration?: string;
  maxDuration?: string;
  limit?: number;
}

export interface GridPos {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Panel {
  id: number;
  type: string;
  title?: string;
  description?: string;
  gridPos: GridPos;
  datasource?: DataSourceRef | string | null;
  targets?: Target[];
  fieldConfig?: FieldConfigSource;
  options?: Record<string, unknown>;
  transformations?: DataTransformerConfig[];
  links?: DashboardLink[];
  repeat?: string;
  repeatDirection?: 'h' | 'v';
  maxPerRow?: number;
  maxDataPoints?: number | null;
  interval?: string | null;
  timeFrom?: string | null;
  timeShift?: string | null;
  hideTimeOverride?: boolean;
  transparent?: boolean;
  collapsed?: boolean;
  panels?: Panel[];
}

export interface DashboardLink extends Partial<DataLink> {
  title: string;
  type?: 'link' | 'dashboards';
  tags?: string[];
  icon?: string;
  tooltip?: string;
  asDropdown?: boolean;
  includeVars?: boolean;
  keepTime?: boolean;
}

export interface VariableOption {
  text: string;
  value: string;
}

export interface VariableModel {
  name: string;
  type: string;
  label?: string | null;
  description?: string | null;
  /** 0 shown, 1 without its label, 2 not shown, 3 in the controls menu. */
  hide?: number;
  query?: unknown;
  definition?: string;
  datasource?: DataSourceRef | string | null;
  regex?: string;
  /** 0 as they come; 1/2 by text, 3/4 by number, 5/6 by text without case, 7/8 natural: up/down. */
  sort?: number;
  /** 1 once, when the dashboard is opened; 2 also when the time range changes. */
  refresh?: number;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string | null;
  current?: { text?: string | string[]; value?: string | string[] };
  options?: Array<{ text?: string | string[]; value?: string | string[]; selected?: boolean }>;
  auto?: boolean;
  auto_count?: number;
  auto_min?: string;
}

export interface Dashboard {
  uid: string;
  title: string;
  description?: string;
  tags?: string[];
  panels: Panel[];
  templating?: { list?: VariableModel[] };
  time?: { from: string; to: string };
  timepicker?: { refresh_intervals?: string[] };
  timezone?: string;
  refresh?: string | boolean;
  links?: DashboardLink[];
  graphTooltip?: number;
}

export interface DashboardSummary {
  uid: string;
  title: string;
  description: string;
  tags: string[];
  url: string;
}

export interface DataSource {
  uid: string;
  type: string;
  name: string;
  /** How often it collects, a Prometheus duration. */
  interval: string;
}

export interface Settings {
  title: string;
  version: string;
  home: string;
  datasources: DataSource[];
  dashboards: DashboardSummary[];
  runbooks: string[];
  /** What a silence has to be asked for with; null where there is no Alertmanager. */
  silenceToken: string | null;
}
