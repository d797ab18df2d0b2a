/** What is typed into the search for log lines, as LogQL. */
import { quote } from './loki';

const EVERYTHING = '{service_name=~".+"}';

/** Where a label of a search holds what was looked at: no line has such a field, and none is left with it. */
const SEEN = '__seen__';

/** Made by machines for machines: two or three digits of them would fit any search. A whole id, or much of it, is found. */
const IDS = ['observed_timestamp', 'span_id', 'trace_id'];
const SHORTEST_OF_ID = 8;

/** A stream selector with a matcher, which may stand in parentheses: what else begins with a brace is text. */
const SELECTOR = /\{\s*[A-Za-z_]\w*\s*(?:=~|!~|!=|=)\s*(?:"|`)/;
const LOG_QUERY = new RegExp(`^\\(*${SELECTOR.source}`);
const FUNCTIONS = 'sum|avg|min|max|count|stddev|stdvar|topk|bottomk|approx_topk|sort|sort_desc|rate|rate_counter|absent_over_time|label_replace|vector|[a-z]+_over_time|bytes_rate';
const METRIC_QUERY = new RegExp(`^[(\\s]*(?:${FUNCTIONS})\\s*(?:by\\b|without\\b|\\()`);

const isLogQL = (text: string): boolean => LOG_QUERY.test(text) || isMetric(text);

/** Whether a query's answer is numbers over time, and not lines. */
export const isMetric = (query: string): boolean => METRIC_QUERY.test(query.trim()) && SELECTOR.test(query);

/** LogQL as it is, every line for nothing; anything else becomes the query for the lines that have it in the message or in any field. */
export function toQuery(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') {
    return EVERYTHING;
  }
  return isLogQL(trimmed) ? trimmed : linesWith(trimmed);
}

/**
 * The lines that show the text, whatever its case: in the line itself, or as `name=value` of a field or label. Loki has no
 * filter for "any field", so a template writes all of them into one label, which is matched and dropped again.
 */
export function linesWith(text: string): string {
  const field = '{{$name}}={{$value}}\n';
  const wanted = text.length < SHORTEST_OF_ID ? `{{if eq $name ${IDS.map(quote).join(' ')}}}{{else}}${field}{{end}}` : field;
  const seen = `{{__line__}}\n{{range $name, $value := .}}${wanted}{{end}}`;
  return `${EVERYTHING} | label_format ${SEEN}=${quote(seen)} | ${SEEN}=~${quote(`(?is).*${toPattern(text)}.*`)} | drop ${SEEN}`;
}

/**
 * A regular expression (RE2) for a text as it is, and as it stands in a line of JSON, where it is escaped. It is a choice
 * of literals and nothing else: Loki looks for those without its engine for regular expressions, which is far slower.
 */
export function toPattern(text: string): string {
  const lines = text.replace(/\r\n?/g, '\n');
  const shown = [lines, ...FIELD_OF_JSON.map((between) => lines.replace(/^([\w.]+)=/, `$1${between}`))];
  const json = [JSON.stringify(lines).slice(1, -1), lines.replace(/\//g, '\\/')];
  const cases = /[^ -~]/.test(lines) ? [lines, lines.toLowerCase(), lines.toUpperCase()] : [];
  const ascii = cases.map((one) => asciiOf(JSON.stringify(one).slice(1, -1)));
  return `(?:${[...new Set([...shown, ...json, ...ascii])].map(literal).join('|')})`;
}

/** A page shows a field as name=value, a line of JSON has one of these between them. */
const FIELD_OF_JSON = ['":"', '": "', '":', '": '];

/** Many loggers write what is not ASCII as \u and its code, in two halves beyond the first 65,536. */
const asciiOf = (text: string): string => text.replace(/[^ -~]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);

const literal = (text: string): string =>
  text.replace(/[\\.*+?^${}()|[\]]/g, '\\$&').replace(/[^ -~]/gu, (one) => `\\x{${(one.codePointAt(0) ?? 0).toString(16)}}`);
