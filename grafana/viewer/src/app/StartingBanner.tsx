import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, useStyles2 } from '@grafana/ui';
import { useEffect, useState } from 'react';

import { fetchStarting, linesOf, type StartingStep } from '../data/starting';

import { useLocation } from './router';

const WHILE_STARTING_MS = 3_000;
const OTHERWISE_MS = 30_000;

/** Says on every page what of the stack is still being built or started, and how far it is; nothing once all is there. */
export function StartingBanner() {
  const styles = useStyles2(getStyles);
  const { query } = useLocation();
  const steps = useStarting();
  if (steps.length === 0 || query.has('kiosk')) {
    return null;
  }
  return (
    <section className={styles.banner} aria-label="Still starting" data-testid="starting">
      <Icon name="clock-nine" className={styles.icon} />
      <div>
        <div role="status">Parts of the stack are still being built or started. Nothing is wrong: what they show comes when they are ready.</div>
        <ul className={styles.list}>
          {linesOf(steps).map((line) => (
            <li key={line.split(':')[0]}>{line}</li>
          ))}
        </ul>
      </div>
    </section>
  );
}

function useStarting(): StartingStep[] {
  const [steps, setSteps] = useState<StartingStep[]>([]);
  const isStarting = steps.length > 0;
  useEffect(() => {
    const controller = new AbortController();
    const look = () => {
      if (!document.hidden) {
        fetchStarting(controller.signal)
          .then(setSteps)
          .catch(() => undefined); // the page itself tells when the viewer does not answer
      }
    };
    look();
    const timer = window.setInterval(look, isStarting ? WHILE_STARTING_MS : OTHERWISE_MS);
    return () => {
      controller.abort();
      window.clearInterval(timer);
    };
  }, [isStarting]);
  return steps;
}

const getStyles = (theme: GrafanaTheme2) => ({
  banner: css({
    display: 'flex',
    gap: theme.spacing(1),
    maxHeight: '40vh',
    overflowY: 'auto',
    padding: theme.spacing(1, 2),
    background: theme.colors.background.secondary,
    borderLeft: `3px solid ${theme.colors.info.main}`,
    borderBottom: `1px solid ${theme.colors.border.weak}`,
    fontSize: theme.typography.bodySmall.fontSize,
  }),
  icon: css({ flexShrink: 0, marginTop: 2, color: theme.colors.info.text }),
  list: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: theme.spacing(0, 2),
    margin: 0,
    padding: 0,
    listStyle: 'none',
    color: theme.colors.text.secondary,
    li: { overflowWrap: 'anywhere' },
  }),
});
