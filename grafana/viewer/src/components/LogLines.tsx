/** Log lines: a coloured edge by level, one row a line; a click shows everything that is known about it. */
import { css, cx } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { Icon, useStyles2 } from '@grafana/ui';
import { memo, useState } from 'react';

import { linesOfRequest, linesOfTrace, type LogRow, quote } from '../data/loki';
import { logsPage, tracePage } from '../model/links';
import { hasLines, textsOf } from '../model/stackTrace';

import { LEVEL_NAMES, levelColor, levelTextColor } from './levels';
import { LinesAround } from './LinesAround';
import { TextBlock } from './TextBlock';

interface Props {
  rows: LogRow[];
  height?: number;
  timeZone: string;
  showTime?: boolean;
  showLabels?: boolean;
  wrap?: boolean;
  pretty?: boolean;
  expandable?: boolean;
  /** The Loki that they came from, by its uid: it is asked for the lines around one. */
  source?: string;
}

export function LogLines({ rows, height, ...rest }: Props) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.list} style={height === undefined ? undefined : { height }} role="log" aria-live="off" aria-label="Log lines" tabIndex={0} data-testid="log-lines">
      {rows.map((row) => (
        <LogLine key={row.id} row={row} {...rest} />
      ))}
    </div>
  );
}

const LogLine = memo(function LogLine({ row, timeZone, showTime = true, showLabels, wrap = true, pretty, expandable = true, source }: Omit<Props, 'rows' | 'height'> & { row: LogRow }) {
  const styles = useStyles2(getStyles);
  const [open, setOpen] = useState(false);
  const { message, fields } = readable(row);
  const service = row.labels['service_name'] ?? row.labels['service'];
  return (
    <div className={styles.row} data-level={row.level} data-open={open}>
      <button type="button" className={styles.line} onClick={() => expandable && setOpen(!open)} aria-expanded={expandable ? open : undefined}>
        {expandable && <Icon name={open ? 'angle-down' : 'angle-right'} className={styles.arrow} />}
        {showTime && (
          <time className={styles.time}>
            <span className={styles.date}>{dateTimeFormat(row.time, { timeZone, format: 'YYYY-MM-DD ' })}</span>
            {dateTimeFormat(row.time, { timeZone, format: 'HH:mm:ss.SSS' })}
          </time>
        )}
        <span className={styles.level}>{row.level === 'unknown' ? '' : row.level}</span>
        {service && <span className={styles.service}>{service}</span>}
        {showLabels && <span className={styles.labels}>{Object.entries(row.labels).map(([name, value]) => `${name}=${value}`).join(' ')}</span>}
        <span className={cx(styles.message, wrap && styles.wrap)} data-testid="log-message">
          {message}
          {fields.map(([name, value]) => (
            <span key={name} className={styles.field}>
              {' '}
              {name}=<span className={styles.fieldValue}>{value}</span>
            </span>
          ))}
        </span>
      </button>
      {open && <Details row={row} pretty={pretty} source={source} />}
    </div>
  );
});

/** Shown elsewhere in the line, or of no use to a reader. */
const LEFT_OUT = new Set([
  'timestamp', 'time', 'ts', 'level', 'message', 'msg', 'event', 'logger', 'service', 'service_name', 'env', 'trace_id', 'span_id', 'correlation_id',
  'observed_timestamp', 'severity_number', 'severity_text', 'detected_level', 'flags', 'trace_flags', 'scope_name', 'exception_stacktrace', 'exception',
]);
const MOST_FIELDS = 8;
const LONGEST_VALUE = 160;

/** A JSON line as its message and what else it says; any other line as it is, with what was stored beside it. */
function readable(row: LogRow): { message: string; fields: Array<[string, string]> } {
  const parsed = parseLine(row.line);
  const message = parsed?.['message'] ?? parsed?.['msg'] ?? parsed?.['event'];
  const values = typeof message === 'string' ? { ...row.metadata, ...parsed } : { ...row.metadata, ...row.parsed };
  const fields = Object.entries(values)
    .filter(([name, value]) => !LEFT_OUT.has(name) && value !== null && value !== '' && typeof value !== 'object')
    .filter(([, value]) => !(typeof value === 'string' && (value.length > LONGEST_VALUE || value.includes('\n'))))
    .slice(0, MOST_FIELDS);
  return { message: typeof message === 'string' ? message : row.line, fields: fields.map(([name, value]) => [name, String(value)]) };
}

function parseLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) {
    return undefined;
  }
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function Details({ row, pretty = true, source }: { row: LogRow; pretty?: boolean; source?: string }) {
  const styles = useStyles2(getStyles);
  const everything = { ...row.labels, ...row.parsed, ...row.metadata, ...idsOf(row.line) };
  const traceId = everything['trace_id'] ?? everything['traceID'] ?? everything['traceid'];
  const correlationId = everything['correlation_id'] ?? everything['request_id'];
  const around = { from: row.time - 300_000, to: row.time + 300_000 };
  const values = { ...row.metadata, ...row.parsed };
  const line = parseLine(row.line);
  const texts = textsOf({ ...(line ?? { line: row.line }), ...values });
  const groups: Array<[string, Record<string, string>]> = [
    ['Fields', Object.fromEntries(Object.entries(values).filter(([, value]) => !hasLines(value)))],
    ['Labels', row.labels],
  ];
  return (
    <div className={styles.details}>
      <div className={styles.actions}>
        {traceId && (
          <a className={styles.action} href={tracePage(traceId)} data-testid="log-trace-link">
            <Icon name="sitemap" size="sm" /> Trace
          </a>
        )}
        {traceId && (
          <a className={styles.action} href={logsPage(linesOfTrace(traceId), around.from, around.to)}>
            <Icon name="file-alt" size="sm" /> Logs of this trace
          </a>
        )}
        {correlationId && (
          <a className={styles.action} href={logsPage(linesOfRequest(correlationId), around.from, around.to)} data-testid="log-correlation-link">
            <Icon name="link" size="sm" /> Everything of this request
          </a>
        )}
      </div>
      {source && <LinesAround row={row} source={source} />}
      {texts.map(([name, text]) => (
        <TextBlock key={name} name={name} text={text} />
      ))}
      {groups
        .filter(([, values]) => Object.keys(values).length > 0)
        .map(([title, values]) => (
          <table key={title} className={styles.table}>
            <caption>{title}</caption>
            <tbody>
              {Object.entries(values)
                .sort(([a], [b]) => a.localeCompare(b))
                .map(([name, value]) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    <td>
                      <a href={logsPage(filterBy(row, name, value, title === 'Labels'), around.from, around.to)} title={`Lines with ${name} = ${value}`}>
                        {value}
                      </a>
                    </td>
                  </tr>
                ))}
            </tbody>
          </table>
        ))}
      {(line || !hasLines(row.line)) && <pre className={styles.raw}>{pretty ? prettified(row.line) : row.line}</pre>}
    </div>
  );
}

function filterBy(row: LogRow, name: string, value: string, isLabel: boolean): string {
  if (isLabel) {
    return `{${name}=${quote(value)}}`;
  }
  const stream = Object.entries(row.labels)
    .filter(([label]) => label === 'service_name' || label === 'env')
    .map(([label, one]) => `${label}=${quote(one)}`)
    .join(', ');
  return `{${stream || 'service_name=~".+"'}} | ${name}=${quote(value)}`;
}

function idsOf(line: string): Record<string, string> {
  const found = [...line.matchAll(/"(trace_id|correlation_id)"\s*:\s*"([^"]+)"/g)];
  return Object.fromEntries(found.map((match) => [match[1] ?? '', match[2] ?? '']));
}

function prettified(line: string): string {
  try {
    return JSON.stringify(JSON.parse(line), null, 2);
  } catch {
    return line;
  }
}

/** Where the message takes a line of its own, under when and where it was written. */
const NARROW = '@container (max-width: 620px)';

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({
    overflow: 'auto',
    // A list may be narrow on a wide screen, too: its own width decides.
    containerType: 'inline-size',
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: 12,
    lineHeight: '18px',
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.main}`, outlineOffset: -2 },
  }),
  row: css({
    borderLeft: '3px solid transparent',
    contentVisibility: 'auto',
    containIntrinsicSize: 'auto 22px',
    '&:hover': { background: theme.colors.action.hover },
    '&[data-open="true"]': { background: theme.colors.background.secondary, contentVisibility: 'visible' },
    ...Object.fromEntries(LEVEL_NAMES.map((level) => [`&[data-level="${level}"]`, { borderLeftColor: levelColor(level, theme), '--level': levelTextColor(level, theme) }])),
  }),
  line: css({
    [NARROW]: { flexWrap: 'wrap', gap: theme.spacing(0, 1) },
    display: 'flex',
    alignItems: 'flex-start',
    gap: theme.spacing(1),
    width: '100%',
    padding: '2px 8px 2px 2px',
    border: 'none',
    background: 'none',
    color: theme.colors.text.primary,
    font: 'inherit',
    textAlign: 'left',
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.main}`, outlineOffset: -2 },
  }),
  arrow: css({ flexShrink: 0, color: theme.colors.text.secondary, marginTop: 1 }),
  time: css({ flexShrink: 0, color: theme.colors.text.secondary }),
  date: css({ [NARROW]: { display: 'none' } }),
  level: css({ flexShrink: 0, width: 56, color: 'var(--level)', [NARROW]: { width: 'auto' } }),
  service: css({ flexShrink: 0, color: theme.colors.text.link, maxWidth: 160, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }),
  labels: css({ color: theme.colors.text.secondary }),
  message: css({ minWidth: 0, flex: 1, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', [NARROW]: { flexBasis: '100%', paddingLeft: 20 } }),
  wrap: css({ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }),
  field: css({ color: theme.colors.text.secondary }),
  fieldValue: css({ color: theme.isDark ? theme.visualization.getColorByName('light-blue') : theme.visualization.getColorByName('dark-blue') }),
  details: css({ padding: theme.spacing(0.5, 1.5, 1.5, 3.5), [NARROW]: { paddingLeft: theme.spacing(1) } }),
  actions: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), padding: theme.spacing(0.5, 0), fontFamily: theme.typography.fontFamily }),
  action: css({
    display: 'inline-flex',
    alignItems: 'center',
    gap: 6,
    padding: theme.spacing(0.25, 1),
    borderRadius: theme.shape.radius.default,
    border: `1px solid ${theme.colors.border.medium}`,
    color: theme.colors.text.link,
    '&:hover': { background: theme.colors.action.hover },
  }),
  table: css({
    marginTop: theme.spacing(1),
    caption: { captionSide: 'top', color: theme.colors.text.secondary, fontFamily: theme.typography.fontFamily, fontWeight: theme.typography.fontWeightMedium, padding: 0 },
    th: { fontWeight: 'normal', color: theme.colors.text.secondary, textAlign: 'left', paddingRight: theme.spacing(3), whiteSpace: 'nowrap', verticalAlign: 'top' },
    td: { overflowWrap: 'anywhere' },
    'td a:hover': { textDecoration: 'underline' },
  }),
  raw: css({ marginTop: theme.spacing(1), marginBottom: 0, maxHeight: 300, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', fontSize: 12 }),
});
