/** Queries are written, run and shared here. Addresses of Grafana's Explore are understood, too. */
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Button, IconButton, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';

import { PageMessage, useTitle } from '../../app/Page';
import { PageLink } from '../../app/PageLink';
import { navigate, useLocation } from '../../app/router';
import { useSettings } from '../../app/settings';
import { toTimeRange } from '../../app/useTime';
import { Notice } from '../../components/Notice';
import { isMetric } from '../../data/logQuery';
import type { DataSource } from '../../model/dashboard';
import { keepHistory, type PastQuery, readHistory, withQuery } from '../../model/history';
import { explorePage, fromGrafanasExplore, logsPage } from '../../model/links';
import { DashboardView } from '../DashboardView';

import { dashboardOf } from './dashboardOf';
import { History } from './History';
import { QueryInput } from './QueryInput';

const ShareModal = lazy(() => import('../../components/ShareModal'));

/** The servers that answer queries, in the order in which they are offered. */
const LANGUAGES: Record<string, string> = { prometheus: 'PromQL', loki: 'LogQL' };

export default function ExplorePage() {
  const { search, query } = useLocation();
  const { datasources } = useSettings();
  const isGrafanas = query.has('panes') || query.has('left');
  const page = useMemo(() => (isGrafanas ? fromGrafanasExplore(search, datasources) : undefined), [isGrafanas, search, datasources]);
  useEffect(() => {
    if (page) {
      navigate(page, { replace: true });
    }
  }, [page]);
  const sources = Object.keys(LANGUAGES).flatMap((type) => datasources.filter((one) => one.type === type));
  const uid = query.get('datasource');
  const source = uid === null ? sources[0] : sources.find((one) => one.uid === uid || one.type === uid);
  if (page) {
    return null;
  }
  if (isGrafanas || !source) {
    return (
      <PageMessage title="This link asks for nothing the viewer knows">
        It has no query, or its data source is not one of {datasources.map((one) => one.uid).join(', ')}.
      </PageMessage>
    );
  }
  return <Explore source={source} sources={sources} />;
}

function Explore({ source, sources }: { source: DataSource; sources: DataSource[] }) {
  const styles = useStyles2(getStyles);
  const { query, search } = useLocation();
  useTitle('Explore');
  const asked = useMemo(() => new URLSearchParams(search).getAll('query').filter((one) => one.trim() !== ''), [search]);
  const [texts, setTexts] = useState(asked.length > 0 ? asked : ['']);
  const [runs, setRuns] = useState(0);
  const [history, setHistory] = useState<PastQuery[]>(() => readHistory(window.localStorage));
  const [isSharing, setSharing] = useState(false);
  const from = query.get('from') ?? 'now-1h';
  const to = query.get('to') ?? 'now';
  const key = asked.join('\n');

  // oxlint-disable-next-line react-hooks/exhaustive-deps -- the address says what is written here when it changes
  useEffect(() => setTexts(asked.length > 0 ? asked : ['']), [key, source.uid]);
  const run = (written = texts, datasource = source.uid) => {
    const queries = written.map((text) => text.trim()).filter(Boolean);
    const known = queries.reduceRight((kept, one) => withQuery(kept, { datasource, query: one, at: Date.now() }), history);
    setHistory(known);
    keepHistory(window.localStorage, known);
    navigate(explorePage(datasource, queries, from, to));
    setRuns(runs + 1);
  };
  const change = (index: number, text: string) => setTexts(texts.map((one, at) => (at === index ? text : one)));
  const lines = source.type === 'loki' ? asked.find((one) => !isMetric(one)) : undefined;
  return (
    <>
      <section className={styles.head} aria-label="Query">
        <div className={styles.row}>
          <h1 className={styles.title}>Explore</h1>
          <RadioButtonGroup
            aria-label="Language"
            options={sources.map((one) => ({ label: LANGUAGES[one.type] ?? one.name, value: one.uid }))}
            value={source.uid}
            onChange={(uid) => navigate(explorePage(uid, [], from, to))}
          />
        </div>
        {texts.map((text, index) => (
          // Their order is all that tells them apart.
          // oxlint-disable-next-line react/no-array-index-key
          <div key={index} className={styles.query}>
            {texts.length > 1 && <span className={styles.letter}>{letter(index)}</span>}
            <div className={styles.input}>
              <QueryInput source={source} value={text} label={`Query ${letter(index)}`} onChange={(value) => change(index, value)} onRun={run} />
            </div>
            {texts.length > 1 && <IconButton name="trash-alt" tooltip={`Remove query ${letter(index)}`} onClick={() => setTexts(texts.filter((_, at) => at !== index))} />}
          </div>
        ))}
        <div className={styles.row}>
          <Button icon="play" onClick={() => run()} disabled={texts.every((text) => text.trim() === '')} tooltip="Ctrl-Enter">
            Run
          </Button>
          <Button variant="secondary" icon="plus" onClick={() => setTexts([...texts, ''])}>
            Add query
          </Button>
          <History history={history} onPick={(entry) => run([entry.query], entry.datasource)} onClear={() => (setHistory([]), keepHistory(window.localStorage, []))} />
          <Button variant="secondary" icon="share-alt" onClick={() => setSharing(true)} disabled={asked.length === 0}>
            Share
          </Button>
          {lines && (
            <PageLink icon="file-alt" href={logsPage(lines, from, to)}>
              Open in Logs
            </PageLink>
          )}
        </div>
      </section>
      {asked.length > 0 ? (
        <DashboardView embedded key={`${source.uid} ${runs} ${key}`} dashboard={dashboardOf(source, asked, { from, to })} />
      ) : (
        <main className={styles.start}>
          <Notice icon="compass" title={`Write ${source.type === 'prometheus' ? 'a PromQL' : 'a LogQL'} query, and run it with Ctrl-Enter`}>
            Names and labels are offered while you type. What you have run stands in the history; each panel’s menu and each query of a runbook lead here, too.
          </Notice>
        </main>
      )}
      {isSharing && (
        <Suspense fallback={null}>
          <ShareModal title="Share this query" address={explorePage(source.uid, asked)} range={toTimeRange(from, to)} onClose={() => setSharing(false)} />
        </Suspense>
      )}
    </>
  );
}

const letter = (index: number): string => String.fromCharCode(65 + (index % 26));

const getStyles = (theme: GrafanaTheme2) => ({
  head: css({ display: 'flex', flexDirection: 'column', gap: theme.spacing(1), padding: theme.spacing(2, 2, 1), [theme.breakpoints.down('sm')]: { padding: theme.spacing(1) } }),
  row: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1) }),
  title: css({ fontSize: theme.typography.h3.fontSize, margin: 0, marginRight: theme.spacing(1) }),
  query: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(1) }),
  letter: css({ width: 16, color: theme.colors.text.secondary, fontFamily: theme.typography.fontFamilyMonospace }),
  input: css({ flex: 1, minWidth: 0 }),
  start: css({ padding: theme.spacing(6, 2) }),
});
