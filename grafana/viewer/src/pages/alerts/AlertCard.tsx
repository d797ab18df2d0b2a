import { css } from '@emotion/css';
import { dateTimeFormat, dateTimeFormatTimeAgo, type GrafanaTheme2 } from '@grafana/data';
import { Alert as Message, Button, Icon, type IconName, useStyles2 } from '@grafana/ui';
import { useState } from 'react';

import { PageLink } from '../../app/PageLink';
import { useSettings } from '../../app/settings';
import { useMode } from '../../app/theme';
import { SeverityBadge } from '../../components/SeverityBadge';
import { type AlertLinks, alertLinks } from '../../data/alertLinks';
import { type Alert, expireSilence, type Silence } from '../../data/alertmanager';
import { NOT_IN_A_SILENCE } from '../../model/silence';

const WAYS: Array<[keyof AlertLinks, string, IconName]> = [
  ['runbook', 'Runbook', 'book'],
  ['dashboard', 'Dashboard', 'apps'],
  ['logs', 'Logs', 'file-alt'],
  ['trace', 'Trace', 'sitemap'],
  ['traces', 'Traces', 'sitemap'],
  ['query', 'Query', 'compass'],
];

interface Props {
  alert: Alert;
  /** What keeps it quiet, where something does. */
  silence?: Silence;
  onSilence: (alert: Alert) => void;
  onChanged: () => void;
}

/** All that is known of an alert, and where it leads. */
export function AlertCard({ alert, silence, onSilence, onChanged }: Props) {
  const styles = useStyles2(getStyles);
  const { runbooks, silenceToken, datasources } = useSettings();
  const [error, setError] = useState<Error>();
  const { mode } = useMode();
  const { alertname = 'Alert', severity, ...labels } = alert.labels;
  const { summary, description, message } = alert.annotations;
  const links = alertLinks(alert, datasources, runbooks);
  const runbook = links.runbook?.startsWith('/') ? withTheme(links.runbook, mode) : links.runbook;
  const started = Date.parse(alert.startsAt);
  const shown = Object.entries(labels).filter(([name]) => !NOT_IN_A_SILENCE.includes(name));
  const end = (id: string) => {
    expireSilence(silenceToken ?? '', id)
      .then(onChanged)
      .catch((problem: Error) => setError(problem));
  };
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
          <Icon name="bell-slash" size="sm" /> Silenced by {silence.createdBy} until {dateTimeFormat(silence.endsAt)}: {silence.comment}{' '}
          {silenceToken && (
            <Button size="sm" variant="secondary" fill="outline" onClick={() => end(silence.id)}>
              End the silence
            </Button>
          )}
        </div>
      )}
      <ul className={styles.labels} aria-label="Labels">
        {shown.map(([name, value]) => (
          <li key={name}>
            {name}=<b>{value}</b>
          </li>
        ))}
      </ul>
      <div className={styles.links}>
        {WAYS.map(([name, text, icon]) => {
          const href = name === 'runbook' ? runbook : links[name];
          return (
            href && (
              <PageLink key={name} small icon={icon} href={href}>
                {text}
              </PageLink>
            )
          );
        })}
        {silenceToken && !silence && (
          <Button size="sm" variant="secondary" icon="bell-slash" onClick={() => onSilence(alert)}>
            Silence
          </Button>
        )}
      </div>
      {error && <Message severity="error" title={error.message} />}
    </li>
  );
}

const withTheme = (address: string, mode: string): string => `${address}${address.includes('?') ? '&' : '?'}theme=${mode}`;

const getStyles = (theme: GrafanaTheme2) => ({
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
