/** Grafana's template syntax: $name, [[name:format]] and ${name.field:format}. */
import { dateTimeFormatISO, dateTimeFormat, dateTime, textUtil } from '@grafana/data';

export const ALL = '$__all';

export type FormatFunction = (value: string | string[], name: string) => string;

/** A variable's value as a query sees it: `all` tells that the list is every option. */
export interface Resolved {
  value: string | string[];
  text: string;
  multi: boolean;
  all?: boolean;
  /** Some values (an "all" value that is a regular expression) must reach the query untouched. */
  literal?: boolean;
}

export type Lookup = (name: string, field: string | undefined, format: string | undefined) => Resolved | undefined;

// The expression of @grafana/scenes and of Grafana's template service.
const VARIABLE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\${(\w+)(?:\.([^:^}]+))?(?::([^}]+))?}/g;

/** Replaces every known variable in the text; what is not known stays as it stands. */
export function interpolate(text: string, lookup: Lookup, format?: string | FormatFunction): string {
  if (!text.includes('$') && !text.includes('[[')) {
    return text;
  }
  return text.replace(VARIABLE, (match, plain?: string, old?: string, oldFormat?: string, braced?: string, field?: string, bracedFormat?: string) => {
    const name = plain ?? old ?? braced ?? '';
    const ownFormat = bracedFormat ?? oldFormat;
    const found = lookup(name, field, ownFormat);
    if (!found) {
      return match;
    }
    return formatValue(found, name, ownFormat ?? format);
  });
}

/** The names of the variables a text refers to. */
export function referencedNames(text: string): string[] {
  return [...text.matchAll(VARIABLE)].map((match) => match[1] ?? match[2] ?? match[4] ?? '');
}

function formatValue(found: Resolved, name: string, format: string | FormatFunction | undefined): string {
  // Inside a link, what is a part of an address already must not be encoded again.
  if (found.literal && (typeof format !== 'string' || format === 'uriencode')) {
    return asList(found.value).join('');
  }
  if (typeof format === 'function') {
    return format(found.multi ? found.value : asList(found.value).join(','), name);
  }
  const [kind, ...rest] = (format ?? 'glob').split(':');
  const values = asList(found.value);
  const each = (wrap: (value: string) => string, separator = ',') => values.map(wrap).join(separator);
  switch (kind) {
    case 'raw':
      return values.join(',');
    case 'text':
      return found.text;
    case 'csv':
      return values.join(',');
    case 'join':
      return values.join(rest[0] ?? ',');
    case 'json':
      return JSON.stringify(Array.isArray(found.value) ? found.value : found.value);
    case 'pipe':
      return values.join('|');
    case 'regex':
      return values.length === 1 ? escapeRegex(values[0] ?? '') : `(${each(escapeRegex, '|')})`;
    case 'singlequote':
      return each((value) => `'${value.replace(/'/g, "\\'")}'`);
    case 'doublequote':
      return each((value) => `"${value.replace(/"/g, '\\"')}"`);
    case 'sqlstring':
      return each((value) => `'${value.replace(/'/g, "''")}'`);
    case 'percentencode':
      return encodeURIComponentStrict(values.length > 1 ? `{${values.join(',')}}` : (values[0] ?? ''));
    case 'uriencode':
      return encodeURIComponentStrict(values.length > 1 ? `{${values.join(',')}}` : (values[0] ?? ''));
    case 'queryparam':
      return queryParameters(name, found);
    case 'html':
      return textUtil.escapeHtml(values.join(', '));
    case 'lucene':
      return values.length === 1 ? escapeLucene(values[0] ?? '') : `(${each((value) => `"${escapeLucene(value)}"`, ' OR ')})`;
    case 'distributed':
      return values.map((value, index) => (index === 0 ? value : `${name}=${value}`)).join(',');
    case 'date':
      return formatDate(values[0] ?? '', rest.join(':'));
    default:
      return values.length === 1 ? (values[0] ?? '') : `{${values.join(',')}}`;
  }
}

/** `var-name=value` for a link; "all" is written as such, not as every option. */
export function queryParameters(name: string, found: Resolved): string {
  const values = found.all ? [ALL] : asList(found.value);
  return values.map((value) => `var-${name}=${encodeURIComponentStrict(value)}`).join('&');
}

/** How Grafana's Prometheus and Loki data sources put a variable into a query. */
export function promqlFormat(value: string | string[]): string {
  if (typeof value === 'string') {
    return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"');
  }
  const escaped = value.map((one) => one.replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&'));
  return escaped.length === 1 ? (escaped[0] ?? '') : `(${escaped.join('|')})`;
}

export function escapeRegex(value: string): string {
  return value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&');
}

function escapeLucene(value: string): string {
  return value.replace(/([!*+\-=<>\s&|()[\]{}^~?:\\/"])/g, '\\$1');
}

function encodeURIComponentStrict(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
}

function formatDate(value: string, kind: string): string {
  const milliseconds = Number(value);
  if (!value || Number.isNaN(milliseconds)) {
    return value;
  }
  switch (kind) {
    case '':
    case 'iso':
      return dateTimeFormatISO(milliseconds, { timeZone: 'utc' }).replace('+00:00', 'Z');
    case 'seconds':
      return String(Math.round(milliseconds / 1000));
    default:
      return dateTimeFormat(dateTime(milliseconds), { format: kind });
  }
}

export function asList(value: string | string[]): string[] {
  return Array.isArray(value) ? value : [value];
}
