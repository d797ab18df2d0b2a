import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2, type SelectableValue } from '@grafana/data';
import { Button, Field, Input, Select, useStyles2 } from '@grafana/ui';
import { useEffect, useState } from 'react';

import { Page } from '../../app/Page';
import { navigate, updateQuery, useLocation } from '../../app/router';
import { useSource } from '../../app/settings';
import { TimeControls } from '../../app/TimeControls';
import { useClock } from '../../app/useTime';
import { Notice } from '../../components/Notice';
import { Problem } from '../../components/Problem';
import { formatMs, useServiceColors } from '../../components/Waterfall';
import { isAbort } from '../../data/http';
import { fetchOperations, fetchServices, searchTraces, type Trace } from '../../data/jaeger';
import { tracePage } from '../../model/links';

export default function TracesPage() {
  const styles = useStyles2(getStyles);
  const { query } = useLocation();
  const source = useSource('jaeger');
  const clock = useClock({ from: 'now-1h', to: 'now' });
  const [services, setServices] = useState<string[]>([]);
  const [operations, setOperations] = useState<string[]>([]);
  const [traces, setTraces] = useState<Trace[]>();
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const service = query.get('service') ?? services.find((name) => !name.startsWith('jaeger')) ?? services[0] ?? '';
  const operation = query.get('operation') ?? '';
  const tags = query.get('tags') ?? '';
  const minDuration = query.get('minDuration') ?? '';
  const limit = Number(query.get('limit')) || 50;
  const { range } = clock;

  useEffect(() => {
    const controller = new AbortController();
    const fail = (problem: Error) => isAbort(problem) || setError(problem);
    if (source) {
      fetchServices(source.uid, controller.signal).then(setServices).catch(fail);
    }
    return () => controller.abort();
  }, [source]);
  useEffect(() => {
    const controller = new AbortController();
    if (source && service) {
      fetchOperations(source.uid, service, controller.signal).then(setOperations).catch(() => undefined); // only a help to choose
    }
    return () => controller.abort();
  }, [source, service]);
  useEffect(() => {
    if (!source || !service) {
      return undefined;
    }
    const controller = new AbortController();
    setBusy(true);
    searchTraces(source.uid, { service, operation, tags, minDuration, limit, fromMs: range.from.valueOf(), toMs: range.to.valueOf() }, controller.signal)
      .then((found) => {
        setTraces(found);
        setError(undefined);
      })
      .catch((problem: Error) => isAbort(problem) || setError(problem))
      .finally(() => controller.signal.aborted || setBusy(false));
    return () => controller.abort();
  }, [source, service, operation, tags, minDuration, limit, range]);

  const options = (names: string[]) => names.map((name) => ({ label: name, value: name }));
  return (
    <Page title="Traces" controls={<TimeControls clock={clock} timeZone="browser" onTimeZone={() => undefined} loading={busy} />}>
      <form className={styles.form} onSubmit={(event) => event.preventDefault()}>
        <Field label="Service" noMargin htmlFor="service">
          <Select inputId="service" className={styles.narrow} options={options(services)} value={service} onChange={(option: SelectableValue<string>) => updateQuery({ service: option.value, operation: undefined })} />
        </Field>
        <Field label="Operation" noMargin htmlFor="operation">
          <Select inputId="operation" className={styles.wide} isClearable placeholder="any" options={options(operations)} value={operation || null} onChange={(option: SelectableValue<string> | null) => updateQuery({ operation: option?.value })} />
        </Field>
        <Field label="Attributes" noMargin htmlFor="tags">
          <CommittedInput id="tags" value={tags} placeholder='error=true http.route="/ads"' width={36} onCommit={(value) => updateQuery({ tags: value || undefined })} />
        </Field>
        <Field label="At least" noMargin htmlFor="minDuration">
          <CommittedInput id="minDuration" value={minDuration} placeholder="100ms" width={12} onCommit={(value) => updateQuery({ minDuration: value || undefined })} />
        </Field>
        <Field label="Or one trace, by its id" noMargin htmlFor="traceId">
          <CommittedInput id="traceId" value="" placeholder="32 hex digits" width={36} onCommit={(value) => value.trim() && navigate(tracePage(value.trim()))} />
        </Field>
      </form>
      {error && <Problem title="The search failed" error={error} />}
      {!error && traces && traces.length > 0 && <TraceDots traces={traces} />}
      {!error && traces?.length === 0 && <Notice title="No trace found">None of {service} in this time fits.</Notice>}
      {!error && services.length === 0 && !busy && <Notice title="No service has sent a trace yet" />}
      {!error && traces && traces.length > 0 && (
        <div className={styles.count} aria-live="polite">
          {traces.length >= limit ? (
            <>
              {limit} of the newest that fit, from {dateTimeFormat(Math.min(...traces.map((trace) => trace.start)), { format: 'HH:mm:ss' })} on; there may be more.{' '}
              <Button size="sm" variant="secondary" fill="outline" onClick={() => updateQuery({ limit: String(limit * 4) })}>
                Show {limit * 4}
              </Button>
            </>
          ) : (
            `${traces.length} ${traces.length === 1 ? 'trace fits' : 'traces fit'}`
          )}
        </div>
      )}
      {!error && traces && traces.length > 0 && (
        <table className={styles.table} data-testid="traces">
          <thead>
            <tr>
              <th>Trace</th>
              <th>Started</th>
              <th className={styles.number}>Spans</th>
              <th className={styles.number}>Errors</th>
              <th>Services</th>
              <th className={styles.number}>Duration</th>
            </tr>
          </thead>
          <tbody>
            {traces.map((trace) => (
              <TraceRow key={trace.id} trace={trace} longest={Math.max(...traces.map((one) => one.duration))} />
            ))}
          </tbody>
        </table>
      )}
    </Page>
  );
}

function TraceRow({ trace, longest }: { trace: Trace; longest: number }) {
  const styles = useStyles2(getStyles);
  const color = useServiceColors(trace);
  return (
    <tr>
      <td>
        <a href={tracePage(trace.id)} className={styles.link}>
          {trace.service}: {trace.name}
        </a>{' '}
        <code className={styles.id}>{trace.id.slice(0, 8)}</code>
      </td>
      <td>{dateTimeFormat(trace.start, { format: 'YYYY-MM-DD HH:mm:ss' })}</td>
      <td className={styles.number} data-unit={trace.spans.length === 1 ? 'span' : 'spans'}>
        {trace.spans.length}
      </td>
      <td className={styles.number} data-error={trace.errors > 0} data-unit={trace.errors === 0 ? '' : trace.errors === 1 ? 'error' : 'errors'}>
        {trace.errors || ''}
      </td>
      <td>
        {trace.services.map((service) => (
          <span key={service} className={styles.service}>
            <i style={{ background: color(service) }} />
            {service}
          </span>
        ))}
      </td>
      <td className={styles.number}>
        <span className={styles.meter} style={{ width: `${(trace.duration / longest) * 80}px` }} />
        {formatMs(trace.duration)}
      </td>
    </tr>
  );
}

/** When each trace was and how long it took: the slow and the failed ones are what one looks for. */
function TraceDots({ traces }: { traces: Trace[] }) {
  const styles = useStyles2(getStyles);
  const longest = Math.max(...traces.map((trace) => trace.duration)) || 1;
  const from = Math.min(...traces.map((trace) => trace.start));
  const to = Math.max(...traces.map((trace) => trace.start));
  const left = (time: number) => 2 + (to > from ? (time - from) / (to - from) : 0.5) * 96;
  return (
    <div className={styles.dots} role="group" aria-label="Traces by time and duration">
      <span className={styles.top}>{formatMs(longest)}</span>
      <span className={styles.first}>{dateTimeFormat(from)}</span>
      <span className={styles.last}>{dateTimeFormat(to)}</span>
      {traces.map((trace) => (
        <a
          key={trace.id}
          href={tracePage(trace.id)}
          tabIndex={-1}
          title={`${trace.name} · ${formatMs(trace.duration)} · ${dateTimeFormat(trace.start)}`}
          aria-label={`${trace.name}, ${formatMs(trace.duration)}`}
          data-error={trace.errors > 0}
          style={{ left: `${left(trace.start)}%`, bottom: `${16 + (trace.duration / longest) * 76}%`, width: 6 + Math.min(trace.spans.length / 4, 8), height: 6 + Math.min(trace.spans.length / 4, 8) }}
        />
      ))}
    </div>
  );
}

interface InputProps {
  id: string;
  value: string;
  placeholder: string;
  width: number;
  onCommit: (value: string) => void;
}

function CommittedInput({ onCommit, value, ...rest }: InputProps) {
  return (
    <Input
      {...rest}
      key={value}
      defaultValue={value}
      onBlur={(event) => event.currentTarget.value !== value && onCommit(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'Enter' && onCommit(event.currentTarget.value)}
    />
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  narrow: css({ minWidth: 210 }),
  wide: css({ minWidth: 290 }),
  form: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1.5), marginBottom: theme.spacing(2), '& > *': { maxWidth: '100%' } }),
  dots: css({
    position: 'relative',
    height: 140,
    marginBottom: theme.spacing(2),
    background: theme.colors.background.primary,
    border: `1px solid ${theme.colors.border.weak}`,
    overflow: 'hidden',
    a: { position: 'absolute', borderRadius: '50%', transform: 'translate(-50%, 50%)', background: theme.visualization.getColorByName('blue'), opacity: 0.75 },
    'a[data-error="true"]': { background: theme.visualization.getColorByName('red') },
    'a:hover': { opacity: 1, outline: `2px solid ${theme.colors.text.maxContrast}` },
  }),
  top: css({ position: 'absolute', left: 6, top: 4, fontSize: 11, color: theme.colors.text.secondary }),
  first: css({ position: 'absolute', left: 6, bottom: 2, fontSize: 11, color: theme.colors.text.secondary }),
  last: css({ position: 'absolute', right: 6, bottom: 2, fontSize: 11, color: theme.colors.text.secondary }),
  count: css({ color: theme.colors.text.secondary, margin: theme.spacing(1, 0), fontSize: theme.typography.bodySmall.fontSize }),
  table: css({
    width: '100%',
    'th, td': { textAlign: 'left', padding: theme.spacing(0.75, 1), borderBottom: `1px solid ${theme.colors.border.weak}` },
    th: { color: theme.colors.text.secondary, fontWeight: theme.typography.fontWeightMedium },
    'tbody tr:hover': { background: theme.colors.action.hover },
    '[data-error="true"]': { color: theme.colors.error.text },
    // On a phone a trace is a few lines under each other, and its numbers say themselves what they count.
    [theme.breakpoints.down('md')]: {
      '&, tbody, tr': { display: 'block' },
      thead: { display: 'none' },
      tr: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(0.25, 1.5), padding: theme.spacing(1, 0), borderBottom: `1px solid ${theme.colors.border.weak}` },
      'tr > td': { padding: 0, border: 'none' },
      'td:first-child, td:nth-child(5)': { flexBasis: '100%', overflowWrap: 'anywhere' },
      'td[data-unit]::after': { content: '" " attr(data-unit)' },
      'td[data-unit=""]': { display: 'none' },
    },
  }),
  number: css({ '&&': { textAlign: 'right', fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' } }),
  link: css({ color: theme.colors.text.link, '&:hover': { textDecoration: 'underline' } }),
  id: css({ color: theme.colors.text.secondary, background: 'none', border: 'none' }),
  service: css({ display: 'inline-flex', alignItems: 'center', gap: 5, marginRight: 10, fontSize: theme.typography.bodySmall.fontSize, i: { width: 8, height: 8, borderRadius: 2 } }),
  meter: css({ display: 'inline-block', height: 8, borderRadius: 2, marginRight: 8, background: theme.visualization.getColorByName('blue'), opacity: 0.6 }),
});
