/** Loki: its answers as data frames. A log frame has the fields Time, Line, labels, id as Grafana's has. */
import { type DataFrame, DataFrameType, FieldType, type Labels } from '@grafana/data';

import type { Target } from '../model/dashboard';

import { getFrom } from './http';
import { type QueryAnswer, toFrames } from './prometheus';

/** Nanoseconds as text, the line, and (as the proxy asks for it) the labels that are not the stream's. */
type Entry = [string, string, { structuredMetadata?: Labels; parsed?: Labels }?];

interface StreamsAnswer {
  status: string;
  data: { resultType: 'streams'; result: Array<{ stream: Labels; values: Entry[] }> };
}

export type LokiAnswer = StreamsAnswer | QueryAnswer;

export interface LogRow {
  id: string;
  /** milliseconds */
  time: number;
  nanoseconds: string;
  line: string;
  labels: Labels;
  metadata: Labels;
  parsed: Labels;
  level: LogLevelName;
}

export type LogLevelName = 'critical' | 'error' | 'warning' | 'info' | 'debug' | 'trace' | 'unknown';

const LEVELS: Record<string, LogLevelName> = {
  emerg: 'critical', fatal: 'critical', alert: 'critical', crit: 'critical', critical: 'critical',
  error: 'error', err: 'error', eror: 'error', exception: 'error',
  warning: 'warning', warn: 'warning',
  info: 'info', information: 'info', informational: 'info', notice: 'info',
  debug: 'debug', dbug: 'debug',
  trace: 'trace',
};

export const isLogs = (answer: LokiAnswer): answer is StreamsAnswer => answer.data.resultType === 'streams';

export function levelOf(line: string, ...labels: Labels[]): LogLevelName {
  for (const set of labels) {
    for (const name of ['level', 'detected_level', 'severity_text', 'severity', 'lvl']) {
      const known = LEVELS[(set[name] ?? '').toLowerCase()];
      if (known) {
        return known;
      }
    }
  }
  const word = /\b(critical|fatal|error|warning|warn|info|debug|trace)\b/i.exec(line.slice(0, 200))?.[1];
  return LEVELS[word?.toLowerCase() ?? ''] ?? 'unknown';
}

/** Without those that say only how Loki stores a line, such as __time_shard__. */
const meant = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith('__')));

export function toRows(answer: StreamsAnswer): LogRow[] {
  const rows = answer.data.result.flatMap(({ stream, values }) =>
    values.map(([nanoseconds, line, extra]) => {
      const metadata = extra?.structuredMetadata ?? {};
      const parsed = extra?.parsed ?? {};
      return {
        id: '',
        time: Number(nanoseconds.slice(0, -6)),
        nanoseconds,
        line,
        labels: meant(stream),
        metadata,
        parsed,
        level: levelOf(line, metadata, stream, parsed),
      };
    })
  );
  rows.sort((a, b) => (a.nanoseconds < b.nanoseconds ? 1 : a.nanoseconds > b.nanoseconds ? -1 : 0));
  const seen = new Map<string, number>();
  return rows.map((row) => {
    const base = `${row.nanoseconds}-${hash(row.line)}`;
    const count = seen.get(base) ?? 0;
    seen.set(base, count + 1);
    return { ...row, id: count ? `${base}-${count}` : base };
  });
}

function hash(text: string): string {
  let value = 5381;
  for (let index = 0; index < text.length; index++) {
    value = ((value << 5) + value + text.charCodeAt(index)) | 0;
  }
  return (value >>> 0).toString(36);
}

export function rowsToFrame(rows: LogRow[], refId: string): DataFrame {
  const extra = [...new Set(rows.flatMap((row) => [...Object.keys(row.labels), ...Object.keys(row.metadata), ...Object.keys(row.parsed)]))];
  return {
    refId,
    length: rows.length,
    meta: { type: DataFrameType.LogLines, preferredVisualisationType: 'logs', custom: { rows, extra } },
    fields: [
      { name: 'labels', type: FieldType.other, config: {}, values: rows.map((row) => ({ ...row.labels, ...row.parsed, ...row.metadata })) },
      { name: 'Time', type: FieldType.time, config: {}, values: rows.map((row) => row.time) },
      { name: 'Line', type: FieldType.string, config: {}, values: rows.map((row) => row.line) },
      { name: 'tsNs', type: FieldType.string, config: { custom: { hidden: true } }, values: rows.map((row) => row.nanoseconds) },
      { name: 'id', type: FieldType.string, config: { custom: { hidden: true } }, values: rows.map((row) => row.id) },
    ],
  };
}

export function rowsOf(frames: DataFrame[]): LogRow[] {
  return frames.flatMap((frame) => (frame.meta?.custom?.['rows'] as LogRow[] | undefined) ?? []);
}

export function toLokiFrames(answer: LokiAnswer, target: Target, query: string, stepMs: number): DataFrame[] {
  return isLogs(answer) ? [rowsToFrame(toRows(answer), target.refId)] : toFrames(answer, target, query, stepMs);
}

export interface LogRequest {
  query: string;
  fromMs: number;
  toMs: number;
  stepMs?: number;
  limit?: number;
  direction?: 'forward' | 'backward';
}

export function queryLogs(uid: string, request: LogRequest, signal?: AbortSignal): Promise<LokiAnswer> {
  const parameters = {
    query: request.query,
    start: `${Math.floor(request.fromMs)}000000`,
    end: `${Math.ceil(request.toMs)}000000`,
    limit: request.limit ?? 1000,
    direction: request.direction ?? 'backward',
    step: request.stepMs === undefined ? undefined : request.stepMs / 1000,
  };
  return getFrom(uid, 'loki/api/v1/query_range', parameters, signal);
}

export function queryLogsInstant(uid: string, query: string, timeMs: number, signal?: AbortSignal): Promise<LokiAnswer> {
  return getFrom(uid, 'loki/api/v1/query', { query, time: `${Math.floor(timeMs)}000000` }, signal);
}

const AROUND_MS = 3_600_000;

/** The lines that the stream of a line has before and after it, oldest first, itself among them. */
export async function linesAround(uid: string, row: LogRow, count: number, signal?: AbortSignal): Promise<LogRow[]> {
  const query = `{${Object.entries(row.labels)
    .map(([name, value]) => `${name}=${quote(value)}`)
    .join(', ')}}`;
  const ask = (direction: 'forward' | 'backward', fromMs: number, toMs: number) => queryLogs(uid, { query, fromMs, toMs, limit: count + 1, direction }, signal);
  // An end is left out, a beginning is not: the line's own millisecond is asked for on both sides, and told once.
  const answers = await Promise.all([ask('backward', row.time - AROUND_MS, row.time + 1), ask('forward', row.time, row.time + AROUND_MS)]);
  return inOrder(answers.flatMap((answer) => (isLogs(answer) ? toRows(answer) : [])));
}

/** Each line once, oldest first. */
export function inOrder(rows: LogRow[]): LogRow[] {
  const once = new Map(rows.map((row) => [row.id, row]));
  return [...once.values()].sort((a, b) => (a.nanoseconds < b.nanoseconds ? -1 : a.nanoseconds > b.nanoseconds ? 1 : 0));
}

/** What is shown with what has come since, newest first; no more than this many. */
export function withNewer(shown: LogRow[], newer: LogRow[], most: number): LogRow[] {
  return inOrder([...shown, ...newer]).reverse().slice(0, most);
}

/** A label value inside a LogQL or PromQL string. */
export const quote = (value: string): string => `"${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n').replace(CONTROL, escaped)}"`;

// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/g;
const escaped = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;

/** Every line that carries this id, whichever service wrote it. */
export const linesOfTrace = (traceId: string): string => `{service_name=~".+"} | trace_id=${quote(traceId)}`;
export const linesOfRequest = (correlationId: string): string => `{service_name=~".+"} | correlation_id=${quote(correlationId)}`;
