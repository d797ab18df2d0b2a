/** Asks what a panel's targets ask for. */
import type { DataFrame } from '@grafana/data';

import type { DataSource, Panel, Target } from '../model/dashboard';
import { resolveDataSource, UnsupportedError } from '../model/datasource';
import { type FormatFunction, promqlFormat } from '../model/interpolate';
import { durationMs, formatDuration, queryInterval, rateInterval, safeStep } from '../model/interval';

import { isAbort } from './http';
import { fetchTrace, searchOf, searchTraces, tracesToTable } from './jaeger';
import { queryLogs, queryLogsInstant, toLokiFrames } from './loki';
import { alignedRange, queryExemplars, queryInstant, queryRange, toExemplarFrame, toFrames, type QueryAnswer } from './prometheus';

/** Slots of time with exemplars in a panel, two in each. */
const MOST_EXEMPLARS = 40;

/** Replaces variables; `extra` are the values that belong to this query alone, such as $__interval. */
export type Replace = (text: string, extra: Record<string, string>, format?: string | FormatFunction) => string;

export interface QueryContext {
  sources: DataSource[];
  fromMs: number;
  toMs: number;
  maxDataPoints: number;
  replace: Replace;
  signal: AbortSignal;
}

export interface PanelAnswer {
  frames: DataFrame[];
  exemplars: DataFrame[];
  notices: string[];
  /** What was sent, for the panel's inspector. */
  queries: Array<{ refId: string; source: DataSource; query: string }>;
}

export async function runPanel(panel: Panel, context: QueryContext): Promise<PanelAnswer> {
  const targets = (panel.targets ?? []).filter((target) => !target.hide);
  const answers = await Promise.allSettled(targets.map((target) => runTarget(panel, target, context)));
  const failed = answers.flatMap((answer, index) => (answer.status === 'rejected' ? [{ error: answer.reason as unknown, target: targets[index] }] : []));
  const aborted = failed.find(({ error }) => isAbort(error));
  if (aborted) {
    throw aborted.error;
  }
  const [first] = failed;
  if (first && failed.length === answers.length) {
    throw first.error;
  }
  const good = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const tables = nameTableValues(good.flatMap((answer) => answer.frames));
  return {
    frames: tables,
    exemplars: good.flatMap((answer) => answer.exemplars),
    notices: [...good.flatMap((answer) => answer.notices), ...failed.map(({ error, target }) => `Query ${target?.refId}: ${String((error as Error).message)}`)],
    queries: good.flatMap((answer) => answer.queries),
  };
}

/** Two tables in one panel: their values are told apart by the query's letter, as in Grafana. */
function nameTableValues(frames: DataFrame[]): DataFrame[] {
  const tables = frames.filter((frame) => frame.meta?.preferredVisualisationType === 'table');
  if (new Set(tables.map((frame) => frame.refId)).size < 2) {
    return frames;
  }
  return frames.map((frame) =>
    tables.includes(frame)
      ? { ...frame, fields: frame.fields.map((field) => (field.name === 'Value' ? { ...field, name: `Value #${frame.refId}` } : field)) }
      : frame
  );
}

async function runTarget(panel: Panel, target: Target, context: QueryContext): Promise<PanelAnswer> {
  const mixed = typeof panel.datasource === 'object' && panel.datasource?.uid === '-- Mixed --';
  const reference = target.datasource ?? (mixed ? undefined : panel.datasource);
  const source = resolveDataSource(reference, context.sources, (text) => context.replace(text, {}));
  switch (source.type) {
    case 'prometheus':
      return askPrometheus(panel, target, source, context);
    case 'loki':
      return askLoki(panel, target, source, context);
    case 'jaeger':
      return askJaeger(target, source, context);
    default:
      throw new UnsupportedError(`The viewer draws no panel from ${source.name}; the alerts page shows what it knows.`);
  }
}

interface Steps {
  stepMs: number;
  extra: Record<string, string>;
}

function stepsOf(panel: Panel, target: Target, source: DataSource, context: QueryContext): Steps {
  const rangeMs = Math.max(context.toMs - context.fromMs, 1000);
  const scrapeMs = durationMs(source.interval) ?? 15_000;
  const least = durationMs(context.replace(target.interval || target.step || panel.interval || '', {})) ?? scrapeMs;
  const points = panel.maxDataPoints ?? context.maxDataPoints;
  const interval = queryInterval(rangeMs, points, least) * (target.intervalFactor || 1);
  const stepMs = safeStep(interval, rangeMs);
  const rate = rateInterval(stepMs, scrapeMs);
  return {
    stepMs,
    extra: {
      __interval: formatDuration(stepMs),
      __interval_ms: String(stepMs),
      __rate_interval: formatDuration(rate),
      __rate_interval_ms: String(rate),
      __auto: formatDuration(stepMs),
      __range: `${Math.round(rangeMs / 1000)}s`,
      __range_s: String(Math.round(rangeMs / 1000)),
      __range_ms: String(Math.round(rangeMs)),
    },
  };
}

const nothing = (): PanelAnswer => ({ frames: [], exemplars: [], notices: [], queries: [] });

async function askPrometheus(panel: Panel, target: Target, source: DataSource, context: QueryContext): Promise<PanelAnswer> {
  const { stepMs, extra } = stepsOf(panel, target, source, context);
  const query = context.replace(target.expr ?? '', extra, promqlFormat);
  if (!query.trim()) {
    return nothing();
  }
  // As Grafana: "both" is possible, and a target that says neither is a range.
  const instant = Boolean(target.instant);
  const range = target.range ?? !instant;
  const named = { ...target, legendFormat: target.legendFormat && context.replace(target.legendFormat, extra) };
  const request = alignedRange(query, context.fromMs, context.toMs, stepMs);
  const [overTime, atEnd, exemplars] = await Promise.all([
    range ? queryRange(source.uid, request, context.signal) : undefined,
    instant ? queryInstant(source.uid, query, context.toMs / 1000, context.signal) : undefined,
    // A server without exemplars must not take the panel's lines away.
    range && target.exemplar
      ? queryExemplars(source.uid, query, context.fromMs / 1000, context.toMs / 1000, context.signal).catch((error: unknown) => {
          if (isAbort(error)) throw error;
          return undefined;
        })
      : undefined,
  ]);
  const answers = [overTime, atEnd].filter((answer): answer is QueryAnswer => answer !== undefined);
  const exemplarFrame = exemplars && toExemplarFrame(exemplars, target, Math.max(2 * stepMs, (context.toMs - context.fromMs) / MOST_EXEMPLARS));
  return {
    frames: answers.flatMap((answer) => toFrames(answer, named, query, stepMs)),
    exemplars: exemplarFrame ? [exemplarFrame] : [],
    notices: answers.flatMap((answer) => answer.warnings ?? []),
    queries: [{ refId: target.refId, source, query }],
  };
}

async function askLoki(panel: Panel, target: Target, source: DataSource, context: QueryContext): Promise<PanelAnswer> {
  const { stepMs, extra } = stepsOf(panel, target, source, context);
  const query = context.replace(target.expr ?? '', extra, promqlFormat);
  if (!query.trim()) {
    return nothing();
  }
  const instant = target.queryType === 'instant' || target.instant === true;
  const answer = instant
    ? await queryLogsInstant(source.uid, query, context.toMs, context.signal)
    : await queryLogs(source.uid, { query, fromMs: context.fromMs, toMs: context.toMs, stepMs, limit: target.maxLines }, context.signal);
  const named = { ...target, legendFormat: target.legendFormat && context.replace(target.legendFormat, extra) };
  return { ...nothing(), frames: toLokiFrames(answer, named, query, stepMs), queries: [{ refId: target.refId, source, query }] };
}

async function askJaeger(target: Target, source: DataSource, context: QueryContext): Promise<PanelAnswer> {
  const replaced: Target = {
    ...target,
    query: target.query && context.replace(target.query, {}),
    service: target.service && context.replace(target.service, {}),
    operation: target.operation && context.replace(target.operation, {}),
    tags: target.tags && context.replace(target.tags, {}),
  };
  if (target.queryType === 'search' || (!target.query && target.service)) {
    const search = searchOf(replaced, context.fromMs, context.toMs);
    const traces = await searchTraces(source.uid, search, context.signal);
    const frames = traces.length > 0 ? [tracesToTable(traces, target.refId)] : [];
    return { ...nothing(), frames, queries: [{ refId: target.refId, source, query: JSON.stringify(search) }] };
  }
  const id = replaced.query?.trim();
  if (!id) {
    return nothing();
  }
  const trace = await fetchTrace(source.uid, id, context.signal);
  const frames = trace ? [{ ...tracesToTable([trace], target.refId), meta: { preferredVisualisationType: 'trace' as const, custom: { trace } } }] : [];
  return { ...nothing(), frames, queries: [{ refId: target.refId, source, query: id }] };
}
