import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { FilterInput, LoadingPlaceholder, useStyles2 } from '@grafana/ui';
import { useEffect, useState } from 'react';

import { Page } from '../../app/Page';
import { PageLink } from '../../app/PageLink';
import { useLocation } from '../../app/router';
import { useSource } from '../../app/settings';
import { Notice } from '../../components/Notice';
import { Problem } from '../../components/Problem';
import { formatMs, useServiceColors, Waterfall } from '../../components/Waterfall';
import { isAbort, ServerError } from '../../data/http';
import { fetchTrace, type Trace } from '../../data/jaeger';
import { linesOfTrace } from '../../data/loki';
import { logsPage } from '../../model/links';

/** A trace is only complete a while after its request: one that is not there yet is asked for again. */
const TRIES = 6;
const PAUSE_MS = 2500;

type State = { trace?: Trace; error?: Error | string; waiting: boolean };

export default function TracePage({ id }: { id: string }) {
  const source = useSource('jaeger');
  const { query } = useLocation();
  const [state, setState] = useState<State>({ waiting: true });
  const [search, setSearch] = useState('');
  useEffect(() => {
    if (!source) {
      setState({ waiting: false, error: 'No data source of the type jaeger is configured.' });
      return undefined;
    }
    const controller = new AbortController();
    let timer = 0;
    const look = async (left: number) => {
      try {
        const trace = await fetchTrace(source.uid, id, controller.signal).catch((problem: unknown) => {
          if (problem instanceof ServerError && problem.status === 404) return undefined;
          throw problem;
        });
        if (trace || left === 0) {
          setState({ trace, waiting: false });
        } else {
          timer = window.setTimeout(() => void look(left - 1), PAUSE_MS);
        }
      } catch (problem) {
        if (!isAbort(problem)) {
          setState({ waiting: false, error: problem as Error });
        }
      }
    };
    void look(TRIES);
    return () => {
      controller.abort();
      window.clearTimeout(timer);
    };
  }, [id, source]);

  const { trace, error, waiting } = state;
  if (!trace) {
    return (
      <Page title={`Trace ${id}`}>
        {waiting ? (
          <LoadingPlaceholder text="Looking for the trace. One that has just ended takes some seconds to arrive …" />
        ) : error ? (
          <Problem title="The trace could not be read" error={error} />
        ) : (
          <Notice icon="info-circle" title="This trace is not stored">
            It may have been left out by sampling, be older than the traces that are kept, or not be finished yet. Its <a href={logsPage(linesOfTrace(id), 'now-24h', 'now')}>log lines</a> may still be there.
          </Notice>
        )}
      </Page>
    );
  }
  const from = Math.floor(trace.start - 300_000);
  const to = Math.ceil(trace.start + trace.duration + 300_000);
  const back = query.get('back') ?? `/d/api-performance?from=${from}&to=${to}`;
  return (
    <Page
      title={`${trace.service}: ${trace.name}`}
      controls={
        <>
          <FilterInput value={search} onChange={setSearch} placeholder="Find in spans" aria-label="Find in spans" width={28} escapeRegex={false} />
          <PageLink icon="file-alt" href={logsPage(linesOfTrace(trace.id), from, to)} testId="trace-logs-link">
            Logs of this trace
          </PageLink>
          <PageLink icon="apps" href={back}>
            Metrics around it
          </PageLink>
        </>
      }
    >
      <Summary trace={trace} />
      <Waterfall trace={trace} timeZone="browser" search={search} selected={query.get('span') ?? trace.spans.find((span) => span.error && span.children.every((child) => !child.error))?.id} />
    </Page>
  );
}

function Summary({ trace }: { trace: Trace }) {
  const styles = useStyles2(getStyles);
  const color = useServiceColors(trace);
  const whole = trace.duration || 1;
  return (
    <>
      <dl className={styles.facts}>
        <div>
          <dt>Duration</dt>
          <dd>{formatMs(trace.duration)}</dd>
        </div>
        <div>
          <dt>Spans</dt>
          <dd>{trace.spans.length}</dd>
        </div>
        <div data-error={trace.errors > 0}>
          <dt>Errors</dt>
          <dd>{trace.errors}</dd>
        </div>
        <div>
          <dt>Started</dt>
          <dd>{dateTimeFormat(trace.start, { format: 'YYYY-MM-DD HH:mm:ss.SSS' })}</dd>
        </div>
        <div>
          <dt>Trace</dt>
          <dd className={styles.id}>{trace.id}</dd>
        </div>
      </dl>
      <div className={styles.overview} aria-hidden="true">
        {trace.spans.slice(0, 400).map((span, index, all) => (
          <span
            key={span.id}
            style={{
              left: `${((span.start - trace.start) / whole) * 100}%`,
              width: `${Math.max((span.duration / whole) * 100, 0.2)}%`,
              top: `${(index / all.length) * 100}%`,
              height: `${Math.max(90 / all.length, 2)}%`,
              background: color(span.service),
            }}
          />
        ))}
      </div>
      <ul className={styles.services}>
        {trace.services.map((service) => (
          <li key={service}>
            <span style={{ background: color(service) }} />
            {service} <small>{trace.spans.filter((span) => span.service === service).length}</small>
          </li>
        ))}
      </ul>
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  facts: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: theme.spacing(1, 4),
    margin: theme.spacing(0, 0, 2),
    dt: { color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize, fontWeight: 'normal' },
    dd: { margin: 0, fontSize: theme.typography.h4.fontSize, fontVariantNumeric: 'tabular-nums' },
    '[data-error="true"] dd': { color: theme.colors.error.text },
  }),
  id: css({ fontFamily: theme.typography.fontFamilyMonospace, '&&': { fontSize: 13, lineHeight: '24px' }, overflowWrap: 'anywhere' }),
  overview: css({ position: 'relative', height: 56, background: theme.colors.background.secondary, border: `1px solid ${theme.colors.border.weak}`, overflow: 'hidden', span: { position: 'absolute', borderRadius: 1, minWidth: 1, minHeight: 1 } }),
  services: css({
    listStyle: 'none',
    display: 'flex',
    flexWrap: 'wrap',
    gap: theme.spacing(0.5, 2),
    margin: theme.spacing(1, 0),
    fontSize: theme.typography.bodySmall.fontSize,
    span: { display: 'inline-block', width: 10, height: 10, borderRadius: 2, marginRight: 6 },
    small: { color: theme.colors.text.secondary },
  }),
});
