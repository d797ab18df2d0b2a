/** A trace as a waterfall: one line a span, its service's colour, errors marked, what decided the duration drawn dark. */
import { css, cx } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { Icon, useStyles2, useTheme2 } from '@grafana/ui';
import { useMemo, useState } from 'react';

import type { Span, Tag, Trace } from '../data/jaeger';
import { linesOfTrace } from '../data/loki';
import { logsPage } from '../model/links';
import { fits, pairs } from '../model/search';
import { hasLines } from '../model/stackTrace';

import { TextBlock } from './TextBlock';

export function formatMs(milliseconds: number): string {
  if (milliseconds < 1) return `${(milliseconds * 1000).toFixed(0)} µs`;
  if (milliseconds < 1000) return `${milliseconds.toFixed(milliseconds < 10 ? 2 : 1)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${(milliseconds / 60_000).toFixed(1)} min`;
}

export function useServiceColors(trace: Trace): (service: string) => string {
  const theme = useTheme2();
  return useMemo(() => {
    const palette = ['blue', 'green', 'orange', 'purple', 'light-blue', 'yellow', 'dark-green', 'light-orange', 'dark-purple', 'semi-dark-blue'].map((name) => theme.visualization.getColorByName(name));
    const services = [...trace.services];
    return (service) => palette[services.indexOf(service) % palette.length] ?? 'gray';
  }, [trace, theme]);
}

interface Props {
  trace: Trace;
  timeZone: string;
  search?: string;
  selected?: string;
}

export function Waterfall({ trace, timeZone, search = '', selected }: Props) {
  const styles = useStyles2(getStyles);
  const color = useServiceColors(trace);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(selected ? [selected] : []));
  const flip = (set: (change: (old: ReadonlySet<string>) => ReadonlySet<string>) => void, id: string) =>
    set((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  const shown = useMemo(() => visibleSpans(trace.roots, closed), [trace, closed]);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const wanted = search.trim();
  return (
    <div className={styles.waterfall} role="treegrid" aria-label="Spans of the trace" data-testid="waterfall">
      <div className={styles.header} role="row">
        <div className={styles.name} role="columnheader">
          Service and operation
        </div>
        <div className={styles.track} role="columnheader" aria-label="Time">
          {ticks.map((tick) => (
            <span key={tick} className={styles.tick} style={{ left: `${tick * 100}%` }} data-end={tick === 1}>
              {formatMs(tick * trace.duration)}
            </span>
          ))}
        </div>
      </div>
      {shown.map((span) => (
        <div key={span.id} role="presentation">
          <div className={cx(styles.row, wanted && !matches(span, wanted) && styles.faded)} role="row" aria-level={span.depth + 1} data-testid="span" data-span-id={span.id} data-error={span.error}>
            <div className={styles.name} role="gridcell" style={{ paddingLeft: 4 + span.depth * 14 }}>
              {span.children.length > 0 ? (
                <button type="button" className={styles.fold} onClick={() => flip(setClosed, span.id)} aria-expanded={!closed.has(span.id)} aria-label={`${span.children.length} spans under ${span.name}`}>
                  <Icon name={closed.has(span.id) ? 'angle-right' : 'angle-down'} size="sm" />
                </button>
              ) : (
                <span className={styles.noFold} />
              )}
              <span className={styles.service} style={{ background: color(span.service) }} />
              {span.error && <Icon name="exclamation-circle" size="sm" className={styles.error} title="error" />}
              <button type="button" className={styles.label} onClick={() => flip(setOpen, span.id)} aria-expanded={open.has(span.id)} title={`${span.service}: ${span.name}`}>
                <b>{span.service}</b> {span.name}
              </button>
            </div>
            <button type="button" className={styles.track} role="gridcell" tabIndex={-1} onClick={() => flip(setOpen, span.id)} aria-label={`${span.name}: ${formatMs(span.duration)}, starts after ${formatMs(span.start - trace.start)}`}>
              {ticks.slice(1, -1).map((tick) => (
                <span key={tick} className={styles.line} style={{ left: `${tick * 100}%` }} />
              ))}
              <Bar trace={trace} span={span} color={span.error ? undefined : color(span.service)} />
            </button>
          </div>
          {open.has(span.id) && <SpanDetails trace={trace} span={span} timeZone={timeZone} color={color(span.service)} />}
        </div>
      ))}
    </div>
  );
}

function Bar({ trace, span, color }: { trace: Trace; span: Span; color?: string }) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const whole = trace.duration || 1;
  const left = ((span.start - trace.start) / whole) * 100;
  const width = Math.max((span.duration / whole) * 100, 0.15);
  const place = left + width < 86 ? 'after' : left > 10 ? 'before' : 'inside';
  const position = {
    after: { left: `calc(${left + width}% + 6px)` },
    before: { right: `calc(${100 - left}% + 6px)` },
    inside: { right: `calc(${100 - left - width}% + 6px)`, color: '#fff', textShadow: '0 0 3px #000' },
  }[place];
  return (
    <>
      <span className={styles.bar} style={{ left: `${left}%`, width: `${width}%`, background: color ?? theme.visualization.getColorByName('red') }} />
      {span.critical.map(([from, to]) => (
        <span key={from} className={styles.critical} style={{ left: `${((from - trace.start) / whole) * 100}%`, width: `${((to - from) / whole) * 100}%` }} title="This part decided how long the trace took" />
      ))}
      <span className={styles.duration} style={position}>
        {formatMs(span.duration)}
      </span>
    </>
  );
}

function SpanDetails({ trace, span, timeZone, color }: { trace: Trace; span: Span; timeZone: string; color: string }) {
  const styles = useStyles2(getStyles);
  const window = [span.start - 60_000, span.start + span.duration + 60_000] as const;
  return (
    <div className={styles.details} style={{ borderLeftColor: color }} data-testid="span-details">
      <div className={styles.facts}>
        <span>
          Service <b>{span.service}</b>
        </span>
        <span>
          Duration <b>{formatMs(span.duration)}</b>
        </span>
        <span>
          Own time <b>{formatMs(span.own)}</b>
        </span>
        <span>
          Starts at <b>{formatMs(span.start - trace.start)}</b> ({dateTimeFormat(span.start, { timeZone, format: 'HH:mm:ss.SSS' })})
        </span>
        <span>
          Span <code>{span.id}</code>
        </span>
        <a href={logsPage(`${linesOfTrace(trace.id)} | span_id="${span.id}"`, Math.floor(window[0]), Math.ceil(window[1]))}>
          <Icon name="file-alt" size="sm" /> Logs of this span
        </a>
      </div>
      {span.warnings.map((warning) => (
        <div key={warning} className={styles.warning}>
          <Icon name="exclamation-triangle" size="sm" /> {warning}
        </div>
      ))}
      <Tags title="Attributes" tags={span.tags} />
      <Tags title="Resource" tags={span.processTags} />
      {span.events.length > 0 && <h4 className={styles.heading}>Events</h4>}
      {span.events.map((event) => (
        <div key={`${event.time}${JSON.stringify(event.fields[0])}`} className={styles.event}>
          <span className={styles.when}>{formatMs(event.time - trace.start)}</span>
          <Tags tags={event.fields} />
        </div>
      ))}
    </div>
  );
}

function Tags({ title, tags }: { title?: string; tags: Tag[] }) {
  const styles = useStyles2(getStyles);
  if (tags.length === 0) {
    return null;
  }
  const texts = tags.filter((tag) => hasLines(String(tag.value)));
  return (
    <div className={styles.group}>
      {title && <h4 className={styles.heading}>{title}</h4>}
      <table className={styles.tags}>
        <tbody>
          {tags
            .filter((tag) => !texts.includes(tag))
            .sort((a, b) => a.key.localeCompare(b.key))
            .map((tag) => (
              <tr key={tag.key}>
                <th scope="row">{tag.key}</th>
                <td>{String(tag.value)}</td>
              </tr>
            ))}
        </tbody>
      </table>
      {texts.map((tag) => (
        <TextBlock key={tag.key} name={tag.key} text={String(tag.value)} />
      ))}
    </div>
  );
}

function visibleSpans(spans: Span[], closed: ReadonlySet<string>): Span[] {
  return spans.flatMap((span) => [span, ...(closed.has(span.id) ? [] : visibleSpans(span.children, closed))]);
}

/** Looks at what is shown of a span, opened or not. */
export function matches(span: Span, wanted: string): boolean {
  const tags = [span.tags, span.processTags, ...span.events.map((event) => event.fields)].flat();
  return fits(wanted, span.service, span.name, `${span.service} ${span.name}`, span.id, ...span.warnings, ...tags.map((tag) => pairs({ [tag.key]: tag.value })));
}

const NAME_WIDTH = 'clamp(180px, 34%, 480px)';

const getStyles = (theme: GrafanaTheme2) => {
  const button = css({ border: 'none', background: 'none', padding: 0, color: 'inherit', font: 'inherit', textAlign: 'left', '&:focus-visible': { outline: `2px solid ${theme.colors.primary.main}` } });
  return {
    waterfall: css({ fontSize: 12, overflowX: 'auto' }),
    header: css({
      display: 'flex',
      height: 28,
      alignItems: 'center',
      position: 'sticky',
      top: 0,
      zIndex: 2,
      background: theme.colors.background.secondary,
      color: theme.colors.text.secondary,
      borderBottom: `1px solid ${theme.colors.border.weak}`,
    }),
    row: css({ display: 'flex', height: 26, borderBottom: `1px solid ${theme.colors.border.weak}`, '&:hover': { background: theme.colors.action.hover } }),
    faded: css({ opacity: 0.3 }),
    name: css({ width: NAME_WIDTH, flexShrink: 0, display: 'flex', alignItems: 'center', gap: 4, overflow: 'hidden', paddingLeft: theme.spacing(1), borderRight: `1px solid ${theme.colors.border.weak}` }),
    fold: cx(button, css({ display: 'flex', width: 16, flexShrink: 0, color: theme.colors.text.secondary })),
    noFold: css({ width: 16, flexShrink: 0 }),
    service: css({ width: 4, height: 16, borderRadius: 2, flexShrink: 0 }),
    error: css({ color: theme.colors.error.text, flexShrink: 0 }),
    label: cx(button, css({ flex: 1, minWidth: 0, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', color: theme.colors.text.secondary, b: { color: theme.colors.text.primary, fontWeight: theme.typography.fontWeightMedium, marginRight: 4 } })),
    track: cx(button, css({ position: 'relative', flex: 1, minWidth: 200, margin: '0 12px' })),
    tick: css({ position: 'absolute', transform: 'translate(-50%, -50%)', whiteSpace: 'nowrap', '&:first-child': { transform: 'translate(0, -50%)' }, '&[data-end="true"]': { transform: 'translate(-100%, -50%)' } }),
    line: css({ position: 'absolute', top: 0, bottom: 0, width: 1, background: theme.colors.border.weak }),
    bar: css({ position: 'absolute', top: 7, height: 12, borderRadius: 2, minWidth: 2, opacity: 0.9 }),
    critical: css({ position: 'absolute', top: 16, height: 3, background: theme.colors.text.maxContrast, opacity: 0.85 }),
    duration: css({ position: 'absolute', top: 5, color: theme.colors.text.secondary, whiteSpace: 'nowrap', lineHeight: '16px' }),
    details: css({ borderLeft: '4px solid', background: theme.colors.background.secondary, padding: theme.spacing(1.5, 2), borderBottom: `1px solid ${theme.colors.border.weak}` }),
    facts: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1, 3), color: theme.colors.text.secondary, b: { color: theme.colors.text.primary, fontWeight: theme.typography.fontWeightMedium }, a: { color: theme.colors.text.link } }),
    warning: css({ color: theme.colors.warning.text, marginTop: theme.spacing(1) }),
    heading: css({ fontSize: 12, color: theme.colors.text.secondary, margin: theme.spacing(1.5, 0, 0.5) }),
    group: css({ minWidth: 0 }),
    tags: css({
      fontFamily: theme.typography.fontFamilyMonospace,
      'th, td': { padding: '1px 24px 1px 0', verticalAlign: 'top', textAlign: 'left', fontWeight: 'normal' },
      th: { color: theme.colors.text.secondary, whiteSpace: 'nowrap' },
      td: { overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' },
    }),
    event: css({ display: 'flex', gap: theme.spacing(2), padding: theme.spacing(0.5, 0) }),
    when: css({ width: 70, flexShrink: 0, color: theme.colors.text.secondary }),
  };
};
