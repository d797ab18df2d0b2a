import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { Button, LoadingPlaceholder, TextArea, useStyles2 } from '@grafana/ui';
import { useEffect, useMemo, useRef, useState } from 'react';

import { Page } from '../../app/Page';
import { PageLink } from '../../app/PageLink';
import { updateQuery, useLocation } from '../../app/router';
import { useSource } from '../../app/settings';
import { TimeControls } from '../../app/TimeControls';
import { useClock } from '../../app/useTime';
import { LogLines } from '../../components/LogLines';
import { Notice } from '../../components/Notice';
import { Problem } from '../../components/Problem';
import { isAbort } from '../../data/http';
import { isMetric, toQuery } from '../../data/logQuery';
import { isLogs, type LogRow, queryLogs, toRows, withNewer } from '../../data/loki';
import type { Dashboard } from '../../model/dashboard';
import { DashboardView } from '../DashboardView';

import { Volume } from './Volume';

const STARTS: Array<[string, string]> = [
  ['Everything', '{service_name=~".+"}'],
  ['Errors', '{service_name=~".+", level=~"error|critical|fatal"}'],
  ['Warnings and worse', '{service_name=~".+", level=~"warning|warn|error|critical|fatal"}'],
];
const MOST = 1000;
const LIVE_MS = 2000;
const OVERLAP_MS = 15_000;

type Result = { rows?: LogRow[]; error?: Error };

export default function LogsPage() {
  const styles = useStyles2(getStyles);
  const { query } = useLocation();
  const source = useSource('loki');
  const clock = useClock({ from: 'now-1h', to: 'now' });
  const asked = query.get('query') ?? STARTS[0]?.[1] ?? '';
  const [text, setText] = useState(asked);
  const [result, setResult] = useState<Result>({});
  const [busy, setBusy] = useState(false);
  const { range } = clock;
  const logQuery = toQuery(asked);
  const drawn = isMetric(logQuery);
  const last = useRef('');

  useEffect(() => setText(asked), [asked]);
  useEffect(() => {
    if (!source || drawn) {
      return undefined;
    }
    const controller = new AbortController();
    setBusy(true);
    queryLogs(source.uid, { query: logQuery, fromMs: range.from.valueOf(), toMs: range.to.valueOf(), limit: MOST }, controller.signal)
      .then((answer) => {
        last.current = asked;
        setResult({ rows: isLogs(answer) ? toRows(answer) : [] });
      })
      .catch((problem: Error) => isAbort(problem) || setResult({ error: problem }))
      .finally(() => controller.signal.aborted || setBusy(false));
    return () => controller.abort();
  }, [source, asked, logQuery, range, drawn]);

  const live = query.has('live') && !drawn;
  useEffect(() => {
    if (!source || !live) {
      return undefined;
    }
    const controller = new AbortController();
    const look = () => {
      const now = Date.now();
      // A line may arrive after a later one: the last seconds are asked for again, and each line is shown once.
      queryLogs(source.uid, { query: logQuery, fromMs: now - OVERLAP_MS, toMs: now, limit: MOST }, controller.signal)
        .then((answer) => setResult((old) => ({ rows: withNewer(old.rows ?? [], isLogs(answer) ? toRows(answer) : [], MOST) })))
        .catch((problem: Error) => isAbort(problem) || setResult({ error: problem }));
    };
    const timer = window.setInterval(() => document.hidden || look(), LIVE_MS);
    return () => {
      controller.abort();
      window.clearInterval(timer);
    };
  }, [source, live, logQuery]);

  const run = () => (text === asked ? clock.refreshNow() : updateQuery({ query: text }));
  const traceIds = useMemo(() => [...new Set(result.rows?.map((row) => row.metadata['trace_id'] ?? row.parsed['trace_id']).filter(Boolean))], [result.rows]);
  return (
    <Page title="Logs" controls={<TimeControls clock={clock} timeZone="browser" onTimeZone={() => undefined} loading={busy} />}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <TextArea
          aria-label="A text or an id in any field, or a LogQL query"
          className={styles.query}
          rows={Math.min(Math.max(Math.ceil(text.length / 120), 1), 6)}
          value={text}
          spellCheck={false}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.shiftKey) {
              event.preventDefault();
              run();
            }
          }}
        />
        <Button type="submit" icon="search">
          Search
        </Button>
      </form>
      <div className={styles.starts}>
        {STARTS.map(([name, start]) => (
          <Button key={name} size="sm" variant="secondary" fill={asked === start ? 'solid' : 'outline'} onClick={() => updateQuery({ query: start })}>
            {name}
          </Button>
        ))}
        <Button size="sm" variant={live ? 'primary' : 'secondary'} fill={live ? 'solid' : 'outline'} icon={live ? 'pause' : 'play'} aria-pressed={live} onClick={() => updateQuery({ live: live ? undefined : '' })} disabled={drawn}>
          Live
        </Button>
        <span className={styles.hint}>A text or an id, looked for in the message and in every field, or LogQL.</span>
        {traceIds.length === 1 && (
          <PageLink small icon="sitemap" href={`/trace/${traceIds[0]}`}>
            The trace of these lines
          </PageLink>
        )}
      </div>
      {drawn && <DashboardView embedded key={asked} dashboard={metricDashboard(asked, source?.uid ?? 'loki')} />}
      {!drawn && source && <Volume source={source.uid} query={logQuery} range={range} onZoom={(from, to) => clock.setRange({ from: String(from), to: String(to) })} />}
      {!drawn && (result.error || !source) && <Problem title="The search failed" error={result.error ?? 'No data source of the type loki is configured.'} />}
      {!drawn && !result.error && !result.rows && <LoadingPlaceholder text="" />}
      {!drawn && result.rows?.length === 0 && <Notice title="No log line fits">{isText(asked) ? 'No message and no field has this text. Widen the time, or write less of it.' : 'Widen the time, or the query.'}</Notice>}
      {!drawn && result.rows && result.rows.length > 0 && (
        <>
          <div className={styles.count} aria-live={live ? 'off' : 'polite'}>
            {result.rows.length === MOST ? `The newest ${MOST} lines` : `${result.rows.length} ${result.rows.length === 1 ? 'line' : 'lines'}`}
            {live && ', live: new ones come by themselves'}
          </div>
          <div className={styles.lines}>
            <LogLines rows={result.rows} timeZone="browser" source={source?.uid} />
          </div>
        </>
      )}
    </Page>
  );
}

const isText = (asked: string): boolean => toQuery(asked) !== asked.trim();

function metricDashboard(expr: string, uid: string): Dashboard {
  const datasource = { uid, type: 'loki' };
  return {
    uid: 'logs-metric',
    title: 'Logs',
    panels: [
      {
        id: 1,
        type: 'timeseries',
        title: expr,
        gridPos: { x: 0, y: 0, w: 24, h: 12 },
        datasource,
        targets: [{ refId: 'A', datasource, expr, legendFormat: '__auto' }],
        options: { tooltip: { mode: 'multi', sort: 'desc' } },
      },
    ],
  };
}

const getStyles = (theme: GrafanaTheme2) => ({
  form: css({ display: 'flex', gap: theme.spacing(1), alignItems: 'flex-start', marginBottom: theme.spacing(1) }),
  query: css({ fontFamily: theme.typography.fontFamilyMonospace, fontSize: 13, resize: 'vertical', flex: 1 }),
  starts: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1), marginBottom: theme.spacing(2) }),
  hint: css({ color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize, flex: '1 1 240px' }),
  count: css({ color: theme.colors.text.secondary, margin: theme.spacing(1, 0), fontSize: theme.typography.bodySmall.fontSize }),
  lines: css({ background: theme.colors.background.primary, border: `1px solid ${theme.colors.border.weak}` }),
});
