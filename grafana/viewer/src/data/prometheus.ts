/** Prometheus: query parameters, and its answers as Grafana's data frames. Times in frames are milliseconds. */
import { type DataFrame, DataFrameType, type Field, FieldType, type Labels, renderLegendFormat } from '@grafana/data';

import type { Target } from '../model/dashboard';

import { getFrom } from './http';

export interface Series {
  metric: Labels;
  values?: Array<[number, string]>;
  value?: [number, string];
  histogram?: unknown;
  histograms?: unknown[];
}

export interface QueryAnswer {
  status: string;
  data: { resultType: 'matrix' | 'vector' | 'scalar' | 'string'; result: Series[] | [number, string] };
  warnings?: string[];
}

export interface ExemplarAnswer {
  data: Array<{ seriesLabels: Labels; exemplars: Array<{ labels: Labels; value: string; timestamp: number }> }>;
}

export interface RangeRequest {
  query: string;
  start: number;
  end: number;
  step: number;
}

/** Start and end on multiples of the step, so that a refresh asks for the same points again. Seconds. */
export function alignedRange(query: string, fromMs: number, toMs: number, stepMs: number): RangeRequest {
  const step = stepMs / 1000;
  return { query, start: floorTo(fromMs / 1000, step), end: floorTo(toMs / 1000, step), step };
}

function floorTo(value: number, step: number): number {
  return Number((Math.floor(Number((value / step).toFixed(6))) * step).toFixed(3));
}

export function queryRange(uid: string, request: RangeRequest, signal: AbortSignal): Promise<QueryAnswer> {
  return getFrom(uid, 'api/v1/query_range', { ...request }, signal, true);
}

export function queryInstant(uid: string, query: string, time: number, signal?: AbortSignal): Promise<QueryAnswer> {
  return getFrom(uid, 'api/v1/query', { query, time }, signal, true);
}

export function queryExemplars(uid: string, query: string, start: number, end: number, signal: AbortSignal): Promise<ExemplarAnswer> {
  return getFrom(uid, 'api/v1/query_exemplars', { query, start, end }, signal, true);
}

/** Prometheus writes numbers as text, and +Inf, -Inf, NaN as names. */
export function parseValue(text: string): number {
  switch (text) {
    case '+Inf':
      return Infinity;
    case '-Inf':
      return -Infinity;
    default:
      return Number(text);
  }
}

export function formatMetric(labels: Labels): string {
  const { __name__: name = '', ...rest } = labels;
  const inner = Object.entries(rest)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(', ');
  return inner ? `${name}{${inner}}` : name;
}

/** The name a target's legend gives a series; undefined leaves the naming to Grafana's unique labels. */
export function legendOf(labels: Labels, target: Target, query: string): string | undefined {
  const format = target.legendFormat;
  if (format === '__auto') {
    return Object.keys(labels).length > 0 ? undefined : query;
  }
  if (format) {
    return renderLegendFormat(format, labels);
  }
  return formatMetric(labels) || query;
}

export function toFrames(answer: QueryAnswer, target: Target, query: string, stepMs: number): DataFrame[] {
  const { resultType, result } = answer.data;
  const series: Series[] =
    resultType === 'matrix' || resultType === 'vector' ? (result as Series[]) : [{ metric: {}, value: result as [number, string] }];
  if (target.format === 'table') {
    return series.length > 0 ? [toTable(series, target)] : [];
  }
  const frames = series
    .filter((one) => one.values ?? one.value) // a native histogram has no plain values
    .map((one) => toSeriesFrame(one, target, query, stepMs));
  return target.format === 'heatmap' ? toBuckets(frames) : frames;
}

function toSeriesFrame(series: Series, target: Target, query: string, stepMs: number): DataFrame {
  const points = series.values ?? (series.value ? [series.value] : []);
  const name = legendOf(series.metric, target, query);
  const times = points.map(([seconds]) => seconds * 1000);
  return {
    refId: target.refId,
    name,
    length: points.length,
    meta: {
      type: series.values ? DataFrameType.TimeSeriesMulti : DataFrameType.NumericMulti,
      executedQueryString: query,
    },
    fields: [
      { name: 'Time', type: FieldType.time, config: series.values ? { interval: stepMs } : {}, values: times },
      {
        name: series.metric['__name__'] ?? 'Value',
        type: FieldType.number,
        config: name === undefined ? {} : { displayNameFromDS: name },
        labels: withoutName(series.metric),
        values: points.map(([, value]) => parseValue(value)),
      },
    ],
  };
}

function withoutName({ __name__: _, ...labels }: Labels): Labels {
  return labels;
}

/** One row a sample, one column a label: what Grafana's format "Table" gives. */
export function toTable(series: Series[], target: Target, valueName = 'Value'): DataFrame {
  const names = [...new Set(series.flatMap((one) => Object.keys(one.metric)))].sort();
  const rows = series.flatMap((one) => (one.values ?? (one.value ? [one.value] : [])).map((point) => ({ labels: one.metric, point })));
  const fields: Field[] = [
    { name: 'Time', type: FieldType.time, config: {}, values: rows.map(({ point }) => point[0] * 1000) },
    ...names.map((name) => ({
      name,
      type: FieldType.string,
      config: { filterable: true },
      values: rows.map(({ labels }) => labels[name] ?? null),
    })),
    { name: valueName, type: FieldType.number, config: {}, values: rows.map(({ point }) => parseValue(point[1])) },
  ];
  return { refId: target.refId, length: rows.length, fields, meta: { preferredVisualisationType: 'table' } };
}

/** Cumulative `le` series into one frame: a column a bucket, each with its own count only, lowest first. */
export function toBuckets(frames: DataFrame[]): DataFrame[] {
  const buckets = frames
    .map((frame) => ({ frame, bound: parseValue(frame.fields[1]?.labels?.['le'] ?? 'NaN') }))
    .filter(({ bound }) => !Number.isNaN(bound))
    .sort((a, b) => a.bound - b.bound);
  if (buckets.length === 0) {
    return frames;
  }
  const times = [...new Set(buckets.flatMap(({ frame }) => frame.fields[0]?.values ?? []))].sort((a, b) => a - b) as number[];
  let below: number[] = times.map(() => 0);
  const fields = buckets.map(({ frame, bound }) => {
    const byTime = new Map<number, number>(frame.fields[0]?.values.map((time: number, row: number) => [time, frame.fields[1]?.values[row]]));
    const cumulative = times.map((time, row) => byTime.get(time) ?? below[row] ?? 0);
    const own = cumulative.map((value, row) => Math.max(0, value - (below[row] ?? 0)));
    below = cumulative;
    return { name: formatBound(bound), type: FieldType.number, config: {}, labels: frame.fields[1]?.labels, values: own };
  });
  const [first] = buckets;
  const time: Field = { name: 'Time', type: FieldType.time, config: first?.frame.fields[0]?.config ?? {}, values: times };
  return [{ refId: first?.frame.refId, length: times.length, meta: { type: DataFrameType.HeatmapRows }, fields: [time, ...fields] }];
}

const formatBound = (bound: number): string => (bound === Infinity ? '+Inf' : String(bound));

/** Exemplars as a frame of points, thinned so that a busy panel stays readable: the two highest of each slot of time. */
export function toExemplarFrame(answer: ExemplarAnswer, target: Target, slotMs: number): DataFrame | undefined {
  const all = answer.data.flatMap(({ seriesLabels, exemplars }) =>
    exemplars.map((exemplar) => ({ time: exemplar.timestamp * 1000, value: parseValue(exemplar.value), labels: { ...seriesLabels, ...exemplar.labels } }))
  );
  const kept = new Map<number, (typeof all)[number][]>();
  for (const exemplar of all.sort((a, b) => b.value - a.value)) {
    const slot = Math.floor(exemplar.time / slotMs);
    const here = kept.get(slot) ?? [];
    if (here.length < 2) {
      kept.set(slot, [...here, exemplar]);
    }
  }
  const points = [...kept.values()].flat().sort((a, b) => a.time - b.time);
  if (points.length === 0) {
    return undefined;
  }
  const names = [...new Set(points.flatMap((point) => Object.keys(point.labels)))].sort();
  return {
    refId: target.refId,
    name: 'exemplar',
    length: points.length,
    meta: { custom: { resultType: 'exemplar' } },
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: points.map((point) => point.time) },
      { name: 'Value', type: FieldType.number, config: {}, values: points.map((point) => point.value) },
      ...names.map((name) => ({ name, type: FieldType.string, config: {}, values: points.map((point) => point.labels[name] ?? null) })),
    ],
  };
}

export const isExemplarFrame = (frame: DataFrame): boolean => frame.name === 'exemplar' && frame.meta?.custom?.['resultType'] === 'exemplar';
