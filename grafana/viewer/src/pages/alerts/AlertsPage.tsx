import { css } from '@emotion/css';
import { dateTimeFormat, dateTimeFormatTimeAgo, type GrafanaTheme2 } from '@grafana/data';
import { FilterInput, Icon, LoadingPlaceholder, useStyles2 } from '@grafana/ui';
import { useEffect, useState } from 'react';

import { Page } from '../../app/Page';
import { PageLink } from '../../app/PageLink';
import { useSettings, useSource } from '../../app/settings';
import { useMode } from '../../app/theme';
import { Notice } from '../../components/Notice';
import { Problem } from '../../components/Problem';
import { SeverityBadge } from '../../components/SeverityBadge';
import { type Alert, fetchAlerts, fetchSilences, type Silence } from '../../data/alertmanager';
import { isAbort } from '../../data/http';
import { linesOfRequest, linesOfTrace, quote } from '../../data/loki';
import { logsPage, safeHref, tracePage } from '../../model/links';
import { fits, pairs } from '../../model/search';

const EVERY_MS = 10_000;

type State = { alerts?: Alert[]; silences: Silence[]; error?: Error | string };

export default function AlertsPage() {
  const styles = useStyles2(getStyles);
  const source = useSource('alertmanager');
  const [{ alerts, silences, error }, setState] = useState<State>({ silences: [] });
  const [search, setSearch] = useState('');
  useEffect(() => {
    if (!source) {
      setState({ silences: [], error: 'No data source of the type alertmanager is configured.' });
      return undefined;
    }
    const controller = new AbortController();
    const look = () =>
      Promise.all([fetchAlerts(source.uid, controller.signal), fetchSilences(source.uid, controller.signal)])
        .then(([found, quiet]) => setState({ alerts: found, silences: quiet }))
        .catch((problem: Error) => isAbort(problem) || setState((old) => ({ ...old, error: problem })));
    void look();
    const timer = window.setInterval(() => document.hidden || void look(), EVERY_MS);
    return () => {
      controller.abort();
      window.clearInterval(timer);
    };
  }, [source]);
  const shown = alerts?.filter((alert) => fits(search, ...shownOf(alert, silences)));
  const firing = shown?.filter((alert) => alert.status.state !== 'suppressed' && !isWatchdog(alert)) ?? [];
  const quiet = shown?.filter((alert) => alert.status.state === 'suppressed') ?? [];
  const watchdogs = shown?.filter(isWatchdog) ?? [];
  return (
    <Page title="Alerts" controls={<FilterInput value={search} onChange={setSearch} placeholder="Filter by any label or text" aria-label="Filter alerts" width={36} escapeRegex={false} />}>
      {error && <Problem title="The alerts could not be read" error={error} />}
      {!error && !alerts && <LoadingPlaceholder text="" />}
      {alerts && alerts.length > 0 && shown?.length === 0 && <Notice title="No alert fits">{`None of ${alerts.length} has “${search.trim()}” in its labels or texts.`}</Notice>}
      {alerts && !alerts.some((alert) => alert.status.state !== 'suppressed' && !isWatchdog(alert)) && (
        <div className={styles.fine}>
          <Notice icon="check-circle" title="Nothing fires">
            {alerts.some(isWatchdog) ? 'The Watchdog arrives, so alerting itself works.' : 'But there is no Watchdog either: either nothing evaluates the rules yet, or alerts do not reach Alertmanager.'}
          </Notice>
        </div>
      )}
      <Group title="Firing" alerts={firing} silences={silences} />
      <Group title="Silenced or inhibited" alerts={quiet} silences={silences} />
      <Group title="Always firing, on purpose" alerts={watchdogs} silences={silences} />
    </Page>
  );
}

const isWatchdog = (alert: Alert): boolean => alert.labels['alertname'] === 'Watchdog';

const silenceOf = (alert: Alert, silences: Silence[]): Silence | undefined => silences.find((one) => alert.status.silencedBy.includes(one.id));

function shownOf(alert: Alert, silences: Silence[]): string[] {
  const silence = silenceOf(alert, silences);
  return [pairs(alert.labels), ...Object.values(alert.annotations), ...(silence ? [silence.createdBy, silence.comment] : [])];
}

function Group({ title, alerts, silences }: { title: string; alerts: Alert[]; silences: Silence[] }) {
  const styles = useStyles2(getStyles);
  if (alerts.length === 0) {
    return null;
  }
  return (
    <section aria-label={title}>
      <h2 className={styles.group}>
        {title} <small>{alerts.length}</small>
      </h2>
      <ul className={styles.list}>
        {alerts.map((alert) => (
          <AlertCard key={alert.fingerprint} alert={alert} silences={silences} />
        ))}
      </ul>
    </section>
  );
}

function AlertCard({ alert, silences }: { alert: Alert; silences: Silence[] }) {
  const styles = useStyles2(getStyles);
  const { runbooks } = useSettings();
  const { mode } = useMode();
  const { alertname = 'Alert', severity, ...labels } = alert.labels;
  const { summary, description, message, runbook_url: runbook, dashboard_url: dashboard, ...annotations } = alert.annotations;
  const trace = labels['trace_id'] ?? annotations['trace_id'];
  const request = labels['correlation_id'] ?? annotations['correlation_id'];
  const runbookHref = runbooks.includes(alertname) ? `/runbooks/${alertname}?theme=${mode}` : runbook && safeHref(runbook);
  const started = Date.parse(alert.startsAt);
  const logs = labels['service'] ? logsPage(`{service_name=${quote(labels['service'])}, level=~"error|critical|fatal|warning"}`, started - 600_000, 'now') : undefined;
  const silence = silenceOf(alert, silences);
  return (
    <li className={styles.card} data-testid="alert" data-alertname={alertname} data-severity={severity} data-state={alert.status.state}>
      <div className={styles.head}>
        <SeverityBadge severity={severity} />
        <strong className={styles.name}>{alertname}</strong>
        <span className={styles.since} title={dateTimeFormat(started)}>
          since {dateTimeFormatTimeAgo(started)}
        </span>
      </div>
      {summary && <div className={styles.summary}>{summary}</div>}
      {(description ?? message) && <div className={styles.description}>{description ?? message}</div>}
      {silence && (
        <div className={styles.description}>
          <Icon name="bell-slash" size="sm" /> Silenced by {silence.createdBy} until {dateTimeFormat(silence.endsAt)}: {silence.comment}
        </div>
      )}
      <ul className={styles.labels} aria-label="Labels">
        {Object.entries(labels).map(([name, value]) => (
          <li key={name}>
            {name}=<b>{value}</b>
          </li>
        ))}
      </ul>
      <div className={styles.links}>
        {runbookHref && (
          <PageLink small icon="book" href={runbookHref}>
            Runbook
          </PageLink>
        )}
        {dashboard && safeHref(dashboard) && (
          <PageLink small icon="apps" href={dashboard}>
            Dashboard
          </PageLink>
        )}
        {logs && (
          <PageLink small icon="file-alt" href={request ? logsPage(linesOfRequest(request)) : trace ? logsPage(linesOfTrace(trace)) : logs}>
            Logs
          </PageLink>
        )}
        {(trace ?? labels['service']) && (
          <PageLink small icon="sitemap" href={trace ? tracePage(trace) : `/traces?${new URLSearchParams({ service: labels['service'] ?? '', from: String(started - 600_000), to: 'now' })}`}>
            {trace ? 'Trace' : 'Traces'}
          </PageLink>
        )}
      </div>
    </li>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  fine: css({ padding: theme.spacing(4), background: theme.colors.background.primary, border: `1px solid ${theme.colors.border.weak}` }),
  group: css({ fontSize: theme.typography.h4.fontSize, margin: theme.spacing(2, 0, 1), small: { color: theme.colors.text.secondary } }),
  list: css({ listStyle: 'none', display: 'grid', gap: theme.spacing(1) }),
  card: css({
    padding: theme.spacing(1.5, 2),
    background: theme.colors.background.primary,
    border: `1px solid ${theme.colors.border.weak}`,
    borderRadius: theme.shape.radius.default,
    borderLeft: `3px solid ${theme.colors.border.strong}`,
    '&[data-severity="critical"]': { borderLeftColor: theme.visualization.getColorByName('purple') },
    '&[data-severity="error"]': { borderLeftColor: theme.colors.error.main },
    '&[data-severity="warning"]': { borderLeftColor: theme.colors.warning.main },
    '&[data-severity="info"]': { borderLeftColor: theme.colors.primary.main },
  }),
  head: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(0, 1) }),
  name: css({ fontSize: theme.typography.h5.fontSize, minWidth: 0, overflowWrap: 'anywhere' }),
  since: css({ color: theme.colors.text.secondary, marginLeft: 'auto', whiteSpace: 'nowrap' }),
  summary: css({ marginTop: theme.spacing(0.5), overflowWrap: 'anywhere' }),
  description: css({ color: theme.colors.text.secondary, marginTop: theme.spacing(0.5), overflowWrap: 'anywhere' }),
  labels: css({
    listStyle: 'none',
    display: 'flex',
    flexWrap: 'wrap',
    gap: theme.spacing(0.5, 1),
    marginTop: theme.spacing(1),
    fontSize: theme.typography.bodySmall.fontSize,
    color: theme.colors.text.secondary,
    li: { overflowWrap: 'anywhere', background: theme.colors.background.secondary, padding: theme.spacing(0.125, 0.75), borderRadius: theme.shape.radius.default },
    b: { fontWeight: 'normal', color: theme.colors.text.primary },
  }),
  links: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), marginTop: theme.spacing(1), '&:empty': { display: 'none' } }),
});
