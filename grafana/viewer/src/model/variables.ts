/** A dashboard's variables: their values, and the order in which they depend on each other. */
import { stringToJsRegex } from '@grafana/data';

import type { VariableModel, VariableOption } from './dashboard';
import { ALL, asList, referencedNames, type Resolved } from './interpolate';

export interface VariableState {
  model: VariableModel;
  options: VariableOption[];
  value: string | string[];
  /** Why the options could not be had. */
  error?: string;
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

export const plain = (value: string): VariableOption => ({ text: value, value });

/** `a, b : c, d\,e`: text and value apart where " : " stands between them. */
export function parseCustom(query: string): VariableOption[] {
  return (query.match(/(?:\\,|[^,])+/g) ?? []).map((part) => {
    const text = part.replace(/\\,/g, ',').trim();
    const [, name, value] = /^\s*(.+)\s:\s(.+)$/.exec(text) ?? [];
    return name && value ? { text: name.trim(), value: value.trim() } : plain(text);
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
