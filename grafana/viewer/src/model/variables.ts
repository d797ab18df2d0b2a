/** A dashboard's variables: their options, their values, and the order in which they depend on each other. */
import { rangeUtil, stringToJsRegex } from '@grafana/data';

import { getFrom } from '../data/http';
import { queryInstant, type Series } from '../data/prometheus';

import type { DataSource, VariableModel, VariableOption } from './dashboard';
import { resolveDataSource } from './datasource';
import { ALL, asList, type FormatFunction, promqlFormat, referencedNames, type Resolved } from './interpolate';

export interface VariableState {
  model: VariableModel;
  options: VariableOption[];
  value: string | string[];
  /** Why the options could not be had. */
  error?: string;
}

export interface VariableContext {
  sources: DataSource[];
  fromMs: number;
  toMs: number;
  replace: (text: string, format?: string | FormatFunction) => string;
  signal?: AbortSignal;
}

const SUPPORTED = new Set(['query', 'custom', 'constant', 'interval', 'datasource', 'textbox']);
export const isSupported = (model: VariableModel): boolean => SUPPORTED.has(model.type);

export function queryText(model: VariableModel): string {
  const { query } = model;
  if (typeof query === 'string') {
    return query;
  }
  const parts = (query ?? {}) as { query?: string; label?: string; stream?: string; type?: number };
  if (parts.query !== undefined) {
    return parts.query;
  }
  // Loki's own editor: 0 the label names, 1 the values of a label.
  if (parts.type === 1 && parts.label) {
    return parts.stream ? `label_values(${parts.stream}, ${parts.label})` : `label_values(${parts.label})`;
  }
  return parts.type === 0 ? 'label_names()' : (model.definition ?? '');
}

/** Variables with those they use before them; a circle is left in the order it was written. */
export function inDependencyOrder(models: VariableModel[]): VariableModel[] {
  const byName = new Map(models.map((model) => [model.name, model]));
  const ordered = new Set<VariableModel>();
  const visit = (model: VariableModel, path: Set<string>) => {
    if (ordered.has(model) || path.has(model.name)) {
      return;
    }
    for (const name of dependencies(model)) {
      const other = byName.get(name);
      if (other) {
        visit(other, new Set([...path, model.name]));
      }
    }
    ordered.add(model);
  };
  models.forEach((model) => visit(model, new Set()));
  return [...ordered];
}

export function dependencies(model: VariableModel): string[] {
  const source = typeof model.datasource === 'string' ? model.datasource : (model.datasource?.uid ?? '');
  return referencedNames([queryText(model), model.regex ?? '', source].join(' '));
}

export async function loadOptions(model: VariableModel, context: VariableContext): Promise<VariableOption[]> {
  switch (model.type) {
    case 'custom':
      return parseCustom(queryText(model));
    case 'constant':
    case 'textbox':
      return [plain(queryText(model))];
    case 'interval':
      return intervalOptions(model, context);
    case 'datasource':
      return sourceOptions(model, context.sources);
    case 'query':
      return sortOptions(applyRegex(await queryValues(model, context), context.replace(model.regex ?? '')), model.sort ?? 0);
    default:
      return [];
  }
}

const plain = (value: string): VariableOption => ({ text: value, value });

/** `a, b : c, d\,e`: text and value apart where " : " stands between them. */
export function parseCustom(query: string): VariableOption[] {
  return (query.match(/(?:\\,|[^,])+/g) ?? []).map((part) => {
    const text = part.replace(/\\,/g, ',').trim();
    const [, name, value] = /^\s*(.+)\s:\s(.+)$/.exec(text) ?? [];
    return name && value ? { text: name.trim(), value: value.trim() } : plain(text);
  });
}

function intervalOptions(model: VariableModel, context: VariableContext): VariableOption[] {
  const options = queryText(model)
    .split(',')
    .map((part) => plain(part.replace(/["']/g, '').trim()))
    .filter((option) => option.value !== '');
  if (!model.auto) {
    return options;
  }
  const least = rangeUtil.intervalToMs(model.auto_min || '10s');
  const step = rangeUtil.roundInterval((context.toMs - context.fromMs) / (model.auto_count || 30));
  return [{ text: 'auto', value: rangeUtil.secondsToHms(Math.max(step, least) / 1000) }, ...options];
}

function sourceOptions(model: VariableModel, sources: DataSource[]): VariableOption[] {
  const filter = model.regex ? stringToJsRegex(model.regex) : undefined;
  return sources
    .filter((source) => source.type === queryText(model) && (!filter || filter.test(source.name)))
    .map((source) => ({ text: source.name, value: source.uid }));
}

async function queryValues(model: VariableModel, context: VariableContext): Promise<VariableOption[]> {
  const { fromMs, toMs, signal } = context;
  const source = resolveDataSource(model.datasource, context.sources, (text) => context.replace(text));
  const query = context.replace(queryText(model), promqlFormat).trim();
  const loki = source.type === 'loki';
  const root = loki ? 'loki/api/v1' : 'api/v1';
  const scale = loki ? (ms: number) => `${Math.floor(ms)}000000` : (ms: number) => String(ms / 1000);
  const range = { start: scale(fromMs), end: scale(toMs) };

  const [, selector, label] = /^label_values\(\s*(?:(.+?)\s*,\s*)?([a-zA-Z_][\w.]*)\s*\)$/s.exec(query) ?? [];
  if (label) {
    const filter = selector ? (loki ? { query: selector } : { 'match[]': selector }) : {};
    const answer = await getFrom<{ data?: string[] }>(source.uid, `${root}/label/${label}/values`, { ...range, ...filter }, signal);
    return (answer.data ?? []).map(plain);
  }
  if (/^label_names\((.*)\)$/.test(query)) {
    const answer = await getFrom<{ data?: string[] }>(source.uid, `${root}/labels`, range, signal);
    return (answer.data ?? []).map(plain);
  }
  if (loki) {
    throw new Error(`The query ${JSON.stringify(query)} is not known for Loki: use label_values(…) or label_names()`);
  }
  const [, metrics] = /^metrics\((.*)\)$/.exec(query) ?? [];
  if (metrics !== undefined) {
    const answer = await getFrom<{ data?: string[] }>(source.uid, 'api/v1/label/__name__/values', range, signal);
    const wanted = new RegExp(metrics);
    return (answer.data ?? []).filter((name) => wanted.test(name)).map(plain);
  }
  const [, inner] = /^query_result\((.+)\)$/s.exec(query) ?? [];
  if (inner === undefined) {
    throw new Error(`The query ${JSON.stringify(query)} is not known: use label_values(…), label_names(), metrics(…) or query_result(…)`);
  }
  const answer = await queryInstant(source.uid, inner, toMs / 1000, signal);
  const series = answer.data.resultType === 'vector' ? (answer.data.result as Series[]) : [];
  return series.map(({ metric, value }) => {
    const { __name__: name = '', ...labels } = metric;
    const inside = Object.entries(labels).map(([key, one]) => `${key}="${one}"`).join(',');
    return plain(`${name}{${inside}} ${value?.[1] ?? ''} ${(value?.[0] ?? 0) * 1000}`);
  });
}

/** Keeps what matches; a capture group is the value, groups named text and value are both. */
export function applyRegex(options: VariableOption[], regex: string): VariableOption[] {
  if (!regex) {
    return unique(options);
  }
  const pattern = stringToJsRegex(regex);
  const found = options.flatMap((option) => {
    const matches = pattern.global ? [...option.value.matchAll(pattern)] : [pattern.exec(option.value)];
    return matches.flatMap((match) => {
      if (!match) {
        return [];
      }
      const { value, text } = match.groups ?? {};
      const first = value ?? text ?? match[1] ?? match[0];
      return [{ value: first, text: text ?? first }];
    });
  });
  return unique(found);
}

function unique(options: VariableOption[]): VariableOption[] {
  return [...new Map(options.map((option) => [option.value, option])).values()];
}

export function sortOptions(options: VariableOption[], sort: number): VariableOption[] {
  if (sort < 1 || sort > 8) {
    return options;
  }
  const number = (option: VariableOption) => Number(/(\d+(?:\.\d+)?)/.exec(option.text)?.[1] ?? -1);
  const compare = [
    (a: VariableOption, b: VariableOption) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0),
    (a: VariableOption, b: VariableOption) => number(a) - number(b),
    (a: VariableOption, b: VariableOption) => a.text.toLowerCase().localeCompare(b.text.toLowerCase()),
    (a: VariableOption, b: VariableOption) => a.text.localeCompare(b.text, undefined, { numeric: true }),
  ][Math.ceil(sort / 2) - 1];
  const sorted = [...options].sort(compare);
  return sort % 2 === 0 ? sorted.reverse() : sorted;
}

/** What is chosen when the address says nothing: the saved choice if it still exists, else All, else the first. */
export function chooseValue(model: VariableModel, options: VariableOption[], asked: string[] | undefined): string | string[] {
  const many = Boolean(model.multi);
  if (asked && asked.length > 0) {
    if (asked.includes(ALL) || (model.includeAll && asked.includes('All'))) {
      return many ? [ALL] : ALL;
    }
    return many ? asked : (asked[0] ?? '');
  }
  const saved = asList(model.current?.value ?? []).filter((value) => value !== '');
  if (model.type === 'textbox') {
    return saved[0] ?? queryText(model);
  }
  if (model.type === 'constant') {
    return queryText(model);
  }
  if (saved.some((value) => value === ALL) && model.includeAll) {
    return many ? [ALL] : ALL;
  }
  const existing = saved.filter((value) => options.some((option) => option.value === value));
  if (existing.length > 0) {
    return many ? existing : (existing[0] ?? '');
  }
  if (model.includeAll) {
    return many ? [ALL] : ALL;
  }
  const first = options[0]?.value ?? '';
  return many ? [first].filter(Boolean) : first;
}

export function resolve(state: VariableState): Resolved {
  const { model, options, value } = state;
  const many = Boolean(model.multi || model.includeAll);
  const chosen = asList(value);
  if (model.includeAll && (chosen.includes(ALL) || (model.multi && chosen.length === 0))) {
    return model.allValue
      ? { value: model.allValue, text: 'All', multi: true, all: true, literal: true }
      : { value: options.map((option) => option.value), text: 'All', multi: true, all: true };
  }
  const texts = chosen.map((one) => options.find((option) => option.value === one)?.text ?? one);
  return { value: many ? chosen : (chosen[0] ?? ''), text: texts.join(' + '), multi: many };
}
