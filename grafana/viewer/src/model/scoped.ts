/** The values that a data link or a title may use besides the dashboard's variables: ${__field.name}, ${__value.raw} and so on. */
import {
  type DataContextScopedVar,
  type Field,
  formattedValueToString,
  getFieldDisplayName,
  getFrameDisplayName,
  type ScopedVars,
} from '@grafana/data';

import type { Resolved } from './interpolate';

const one = (value: unknown, text = value): Resolved => ({
  value: value === undefined || value === null ? '' : String(value),
  text: String(text ?? ''),
  multi: false,
});

/** Follows `labels.x`, `labels["x y"]` and `[0].y` into a value; undefined when there is nothing. */
export function follow(value: unknown, path: string): unknown {
  const steps = [...path.matchAll(/\[(?:"([^"]*)"|'([^']*)'|(\d+))\]|([^.[\]]+)/g)].map((step) => step[1] ?? step[2] ?? step[3] ?? step[4] ?? '');
  return steps.reduce<unknown>((here, step) => (here !== null && typeof here === 'object' ? (here as Record<string, unknown>)[step] : undefined), value);
}

export function lookupScoped(name: string, path: string | undefined, scoped: ScopedVars | undefined): Resolved | undefined {
  if (!scoped) {
    return undefined;
  }
  const context = scoped.__dataContext?.value;
  if (context) {
    const found = fromDataContext(name, path, context);
    if (found) {
      return found;
    }
  }
  const variable = scoped[name];
  if (!variable || name === '__dataContext') {
    return undefined;
  }
  if (Array.isArray(variable.value) && !path) {
    return { value: variable.value.map(String), text: String(variable.text ?? variable.value), multi: true };
  }
  return one(path ? follow(variable.value, path) : variable.value, path ? undefined : (variable.text ?? variable.value));
}

function fromDataContext(name: string, path: string | undefined, context: DataContextScopedVar['value']): Resolved | undefined {
  const { field, frame, data, rowIndex, calculatedValue } = context;
  switch (name) {
    case '__series':
      return path === 'name' || !path ? one(getFrameDisplayName(frame)) : undefined;
    case '__field':
      return fieldMacro(path, field, frame, data);
    case '__value':
      return valueMacro(path, field, frame, rowIndex, calculatedValue);
    case '__data':
      return path ? dataMacro(path, frame, rowIndex) : undefined;
    default:
      return undefined;
  }
}

function fieldMacro(path: string | undefined, field: Field, frame: DataContextScopedVar['value']['frame'], data: DataContextScopedVar['value']['data']): Resolved {
  if (!path || path === 'displayName' || path === 'name') {
    return one(path === 'name' ? field.name : getFieldDisplayName(field, frame, data));
  }
  if (path === 'labels') {
    return one(field.labels ? Object.entries(field.labels).map(([key, value]) => `${key}="${value}"`).join(', ') : '');
  }
  return one(follow({ labels: field.labels ?? {}, name: field.name, config: field.config }, path));
}

function valueMacro(
  path: string | undefined,
  field: Field,
  frame: DataContextScopedVar['value']['frame'],
  rowIndex: number | undefined,
  calculated: DataContextScopedVar['value']['calculatedValue']
): Resolved | undefined {
  if (path === 'time') {
    const time = frame.fields.find((candidate) => candidate.type === 'time');
    return rowIndex === undefined || !time ? undefined : one(time.values[rowIndex]);
  }
  const raw = rowIndex === undefined ? calculated?.numeric : field.values[rowIndex];
  const display = rowIndex === undefined ? calculated : field.display?.(raw);
  switch (path) {
    case 'raw':
      return one(raw);
    case 'numeric':
      return one(display?.numeric);
    case 'calc':
      return one(field.name);
    default:
      return one(display ? (path === 'text' ? display.text : formattedValueToString(display)) : raw);
  }
}

function dataMacro(path: string, frame: DataContextScopedVar['value']['frame'], rowIndex: number | undefined): Resolved | undefined {
  if (path === 'name' || path === 'refId') {
    return one(frame[path]);
  }
  const match = /^fields(?:\.|(?=\[))(?:\["?([^"\]]+)"?\]|([^.]+))(?:\.(.*))?$/.exec(path);
  if (!match || rowIndex === undefined) {
    return undefined;
  }
  const key = match[1] ?? match[2] ?? '';
  const field = frame.fields.find((candidate) => candidate.name === key || getFieldDisplayName(candidate, frame) === key) ?? frame.fields[Number(key)];
  if (!field) {
    return one('');
  }
  const raw = field.values[rowIndex];
  switch (match[3]) {
    case undefined:
    case 'text':
      return one(field.display ? formattedValueToString(field.display(raw)) : raw);
    case 'numeric':
      return one(field.display?.(raw).numeric ?? raw);
    default:
      return one(raw);
  }
}
