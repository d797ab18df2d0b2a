/** The options of a dashboard's variables: some are written in the dashboard, some are fetched. */
import { rangeUtil, stringToJsRegex } from '@grafana/data';

import type { DataSource, VariableModel, VariableOption } from '../model/dashboard';
import { resolveDataSource } from '../model/datasource';
import { type FormatFunction, promqlFormat } from '../model/interpolate';
import { applyRegex, parseCustom, plain, queryText, sortOptions } from '../model/variables';

import { getFrom } from './http';
import { queryInstant, type Series } from './prometheus';

export interface VariableContext {
  sources: DataSource[];
  fromMs: number;
  toMs: number;
  replace: (text: string, format?: string | FormatFunction) => string;
  signal?: AbortSignal;
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
