import { css } from '@emotion/css';
import { dateTimeFormatTimeAgo, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { useEffect, useState } from 'react';

import { useScope } from '../app/scope';
import { useSource } from '../app/settings';
import { Notice } from '../components/Notice';
import { Problem } from '../components/Problem';
import { SeverityBadge } from '../components/SeverityBadge';
import { type Alert, fetchAlerts } from '../data/alertmanager';
import { isAbort, StartingError } from '../data/http';

import { optionsOf, type VizProps } from './types';

const DEFAULTS = { maxItems: 20, alertName: '', alertInstanceLabelFilter: '' };

/** What Alertmanager holds now; Grafana's own alerts do not exist here. */
export default function AlertListPanel({ panel, height, scoped, onState }: VizProps) {
  const styles = useStyles2(getStyles);
  const { run, replace } = useScope();
  const source = useSource('alertmanager');
  const options = optionsOf(panel, DEFAULTS);
  const [alerts, setAlerts] = useState<Alert[]>();
  const [error, setError] = useState<Error>();
  useEffect(() => {
    const controller = new AbortController();
    if (source) {
      fetchAlerts(source.uid, controller.signal)
        .then((found) => {
          setAlerts(found);
          setError(undefined);
        })
        .catch((problem: unknown) => isAbort(problem) || setError(problem as Error));
    }
    return () => controller.abort();
  }, [run, source]);
  const failed = error !== undefined || !source;
  useEffect(() => onState(error instanceof StartingError ? 'starting' : failed ? 'error' : alerts ? 'ok' : 'loading'), [onState, error, failed, alerts]);
  if (failed) {
    return (
      <Problem title="The alerts could not be read" error={error ?? 'No data source of the type alertmanager is configured.'} />
    );
  }
  const name = replace(options.alertName, scoped).toLowerCase();
  const shown = alerts?.filter((alert) => (alert.labels['alertname'] ?? '').toLowerCase().includes(name)).slice(0, options.maxItems);
  if (shown?.length === 0) {
    return <Notice icon="check-circle" title="No alert fires" />;
  }
  return (
    <ul className={styles.list} style={{ height }}>
      {shown?.map((alert) => (
        <li key={alert.fingerprint} className={styles.item}>
          <SeverityBadge severity={alert.labels['severity']} />
          <a href="/alerts">{alert.labels['alertname']}</a>
          <span className={styles.text}>{alert.annotations['summary']}</span>
          <span className={styles.since}>{dateTimeFormatTimeAgo(alert.startsAt)}</span>
        </li>
      ))}
    </ul>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({ overflow: 'auto', listStyle: 'none' }),
  item: css({ display: 'flex', gap: theme.spacing(1), alignItems: 'center', padding: theme.spacing(0.75, 0.5), borderBottom: `1px solid ${theme.colors.border.weak}` }),
  text: css({ flex: 1, minWidth: 0, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', color: theme.colors.text.secondary }),
  since: css({ color: theme.colors.text.secondary, whiteSpace: 'nowrap' }),
});
