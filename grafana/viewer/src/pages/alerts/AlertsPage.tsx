import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { FilterInput, LoadingPlaceholder, useStyles2 } from '@grafana/ui';
import { useCallback, useEffect, useState } from 'react';

import { Page } from '../../app/Page';
import { useSource } from '../../app/settings';
import { Notice } from '../../components/Notice';
import { Problem } from '../../components/Problem';
import { type Alert, fetchAlerts, fetchSilences, type Silence } from '../../data/alertmanager';
import { isAbort } from '../../data/http';
import { fits, pairs } from '../../model/search';

import { AlertCard } from './AlertCard';
import { SilenceForm } from './SilenceForm';

const EVERY_MS = 10_000;

type State = { alerts?: Alert[]; silences: Silence[]; error?: Error | string };

export default function AlertsPage() {
  const styles = useStyles2(getStyles);
  const source = useSource('alertmanager');
  const [{ alerts, silences, error }, setState] = useState<State>({ silences: [] });
  const [search, setSearch] = useState('');
  const [silencing, setSilencing] = useState<Alert>();
  const [changes, setChanges] = useState(0);
  const onChanged = useCallback(() => setChanges((count) => count + 1), []);
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
  }, [source, changes]);
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
      <Group title="Firing" alerts={firing} silences={silences} onSilence={setSilencing} onChanged={onChanged} />
      <Group title="Silenced or inhibited" alerts={quiet} silences={silences} onSilence={setSilencing} onChanged={onChanged} />
      <Group title="Always firing, on purpose" alerts={watchdogs} silences={silences} onSilence={setSilencing} onChanged={onChanged} />
      {silencing && (
        <SilenceForm
          alert={silencing}
          alerts={alerts ?? []}
          onDone={() => {
            setSilencing(undefined);
            onChanged();
          }}
          onClose={() => setSilencing(undefined)}
        />
      )}
    </Page>
  );
}

const isWatchdog = (alert: Alert): boolean => alert.labels['alertname'] === 'Watchdog';

const silenceOf = (alert: Alert, silences: Silence[]): Silence | undefined => silences.find((one) => alert.status.silencedBy.includes(one.id));

function shownOf(alert: Alert, silences: Silence[]): string[] {
  const silence = silenceOf(alert, silences);
  return [pairs(alert.labels), ...Object.values(alert.annotations), ...(silence ? [silence.createdBy, silence.comment] : [])];
}

interface GroupProps {
  title: string;
  alerts: Alert[];
  silences: Silence[];
  onSilence: (alert: Alert) => void;
  onChanged: () => void;
}

function Group({ title, alerts, silences, onSilence, onChanged }: GroupProps) {
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
          <AlertCard key={alert.fingerprint} alert={alert} silence={silenceOf(alert, silences)} onSilence={onSilence} onChanged={onChanged} />
        ))}
      </ul>
    </section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  fine: css({ padding: theme.spacing(4), background: theme.colors.background.primary, border: `1px solid ${theme.colors.border.weak}` }),
  group: css({ fontSize: theme.typography.h4.fontSize, margin: theme.spacing(2, 0, 1), small: { color: theme.colors.text.secondary } }),
  list: css({ listStyle: 'none', display: 'grid', gap: theme.spacing(1) }),
});
