/** Jaeger's query API: searches and single traces. Its times are microseconds; a Trace's are milliseconds. */
import { type DataFrame, FieldType } from '@grafana/data';

import type { Target } from '../model/dashboard';

import { getFrom } from './http';

export interface Tag {
  key: string;
  type?: string;
  value: unknown;
}

interface JaegerSpan {
  traceID: string;
  spanID: string;
  operationName: string;
  references?: Array<{ refType: string; traceID: string; spanID: string }>;
  startTime: number;
  duration: number;
  tags?: Tag[];
  logs?: Array<{ timestamp: number; fields: Tag[] }>;
  processID: string;
  warnings?: string[] | null;
}

export interface JaegerTrace {
  traceID: string;
  spans: JaegerSpan[];
  processes: Record<string, { serviceName: string; tags?: Tag[] }>;
}

export interface Span {
  id: string;
  parent?: string;
  name: string;
  service: string;
  start: number;
  duration: number;
  depth: number;
  children: Span[];
  tags: Tag[];
  processTags: Tag[];
  events: Array<{ time: number; fields: Tag[] }>;
  warnings: string[];
  error: boolean;
  /** This span, without the time of its children. */
  own: number;
  /** Parts of the span that decided how long the trace took: [start, end]. */
  critical: Array<[number, number]>;
}

export interface Trace {
  id: string;
  name: string;
  service: string;
  start: number;
  duration: number;
  errors: number;
  services: string[];
  /** Parents before children, siblings by start. */
  spans: Span[];
  /** More than one when spans of the middle are missing. */
  roots: Span[];
}

interface Answer<T> {
  data: T | null;
  errors?: Array<{ msg: string }> | null;
}

/** As it was recorded: Jaeger would move spans that a queue delayed as if their machine's clock were wrong. */
export async function fetchTrace(uid: string, id: string, signal?: AbortSignal): Promise<Trace | undefined> {
  const answer = await getFrom<Answer<JaegerTrace[]>>(uid, `api/traces/${encodeURIComponent(id)}`, { raw: 'true' }, signal);
  const [trace] = answer.data ?? [];
  return trace && trace.spans.length > 0 ? toTrace(trace) : undefined;
}

export interface Search {
  service: string;
  operation?: string;
  tags?: string;
  minDuration?: string;
  maxDuration?: string;
  limit?: number;
  fromMs: number;
  toMs: number;
}

export async function searchTraces(uid: string, search: Search, signal?: AbortSignal): Promise<Trace[]> {
  const parameters = {
    service: search.service,
    operation: search.operation || undefined,
    tags: search.tags ? JSON.stringify(parseTags(search.tags)) : undefined,
    minDuration: search.minDuration || undefined,
    maxDuration: search.maxDuration || undefined,
    limit: search.limit ?? 20,
    start: `${Math.floor(search.fromMs)}000`,
    end: `${Math.ceil(search.toMs)}000`,
  };
  const answer = await getFrom<Answer<JaegerTrace[]>>(uid, 'api/traces', parameters, signal);
  return (answer.data ?? []).filter((trace) => trace.spans.length > 0).map(toTrace).sort((a, b) => b.start - a.start);
}

export async function fetchServices(uid: string, signal?: AbortSignal): Promise<string[]> {
  const answer = await getFrom<Answer<string[]>>(uid, 'api/services', {}, signal);
  return [...(answer.data ?? [])].sort();
}

export async function fetchOperations(uid: string, service: string, signal?: AbortSignal): Promise<string[]> {
  const answer = await getFrom<Answer<string[]>>(uid, `api/services/${encodeURIComponent(service)}/operations`, {}, signal);
  return [...(answer.data ?? [])].sort();
}

/** `error=true http.status_code="500"` (logfmt, as in Grafana's and Jaeger's own field) into an object. */
export function parseTags(text: string): Record<string, string> {
  const found = [...text.matchAll(/([^\s=]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g)];
  return Object.fromEntries(found.map((match) => [match[1] ?? '', match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '']));
}

const tagOf = (tags: Tag[], key: string): unknown => tags.find((tag) => tag.key === key)?.value;

export function toTrace(raw: JaegerTrace): Trace {
  const spans = new Map<string, Span>();
  for (const span of raw.spans) {
    const process = raw.processes[span.processID];
    const tags = span.tags ?? [];
    spans.set(span.spanID, {
      id: span.spanID,
      parent: span.references?.find((reference) => reference.traceID === span.traceID)?.spanID,
      name: span.operationName,
      service: process?.serviceName ?? 'unknown',
      start: span.startTime / 1000,
      duration: span.duration / 1000,
      depth: 0,
      children: [],
      tags,
      processTags: process?.tags ?? [],
      events: (span.logs ?? []).map((log) => ({ time: log.timestamp / 1000, fields: log.fields })),
      warnings: span.warnings ?? [],
      error: [true, 'true'].includes(tagOf(tags, 'error') as boolean | string) || tagOf(tags, 'otel.status_code') === 'ERROR',
      own: 0,
      critical: [],
    });
  }
  const roots: Span[] = [];
  for (const span of spans.values()) {
    const parent = span.parent === undefined ? undefined : spans.get(span.parent);
    (parent && parent !== span ? parent.children : roots).push(span);
  }
  const byStart = (a: Span, b: Span) => a.start - b.start || b.duration - a.duration;
  roots.sort(byStart);
  const ordered: Span[] = [];
  const visit = (span: Span, depth: number) => {
    span.depth = depth;
    ordered.push(span);
    span.children.sort(byStart);
    span.own = Math.max(0, span.duration - covered(span));
    span.children.forEach((child) => visit(child, depth + 1));
  };
  roots.forEach((root) => visit(root, 0));
  const start = Math.min(...ordered.map((span) => span.start));
  const end = Math.max(...ordered.map((span) => span.start + span.duration));
  const main = roots.reduce<Span | undefined>((longest, root) => (!longest || root.duration > longest.duration ? root : longest), undefined);
  if (main) {
    markCritical(main, main.start, main.start + main.duration);
  }
  return {
    id: raw.traceID,
    name: roots[0]?.name ?? '',
    service: roots[0]?.service ?? '',
    start,
    duration: end - start,
    errors: ordered.filter((span) => span.error).length,
    services: [...new Set(ordered.map((span) => span.service))],
    spans: ordered,
    roots,
  };
}

/** How much of a span its children take, counting what overlaps once. */
function covered(span: Span): number {
  let sum = 0;
  let reached = span.start;
  const end = span.start + span.duration;
  for (const child of span.children) {
    const from = Math.max(child.start, reached);
    const to = Math.min(child.start + child.duration, end);
    if (to > from) {
      sum += to - from;
      reached = to;
    }
  }
  return sum;
}

/**
 * Walks back from the end: the child that finished last held its parent up, and before it the one that finished before
 * that. Only what lies between `from` and `until` counts: clocks of two machines differ, and children may outlive.
 */
function markCritical(span: Span, from: number, until: number): void {
  const start = Math.max(span.start, from);
  let cursor = Math.min(until, span.start + span.duration);
  const children = [...span.children].sort((a, b) => b.start + b.duration - (a.start + a.duration));
  for (const child of children) {
    const childEnd = Math.min(child.start + child.duration, cursor);
    if (child.start >= cursor || childEnd <= start) {
      continue;
    }
    if (cursor > childEnd) {
      span.critical.push([childEnd, cursor]);
    }
    markCritical(child, start, childEnd);
    cursor = Math.max(child.start, start);
  }
  if (cursor > start) {
    span.critical.push([start, cursor]);
  }
}

export function tracesToTable(traces: Trace[], refId: string): DataFrame {
  const link = [{ title: 'Trace', url: '/trace/${__value.raw}' }];
  return {
    refId,
    length: traces.length,
    meta: { preferredVisualisationType: 'table', custom: { traces } },
    fields: [
      { name: 'Trace ID', type: FieldType.string, config: { links: link }, values: traces.map((trace) => trace.id) },
      { name: 'Trace name', type: FieldType.string, config: {}, values: traces.map((trace) => `${trace.service}: ${trace.name}`) },
      { name: 'Start time', type: FieldType.time, config: {}, values: traces.map((trace) => trace.start) },
      { name: 'Duration', type: FieldType.number, config: { unit: 'ms' }, values: traces.map((trace) => trace.duration) },
      { name: 'Spans', type: FieldType.number, config: {}, values: traces.map((trace) => trace.spans.length) },
      { name: 'Errors', type: FieldType.number, config: {}, values: traces.map((trace) => trace.errors) },
    ],
  };
}

export const searchOf = (target: Target, fromMs: number, toMs: number): Search => ({
  service: target.service ?? '',
  operation: target.operation,
  tags: target.tags,
  minDuration: target.minDuration,
  maxDuration: target.maxDuration,
  limit: target.limit,
  fromMs,
  toMs,
});
