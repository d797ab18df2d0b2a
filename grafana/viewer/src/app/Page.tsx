import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type ReactNode, useEffect } from 'react';

import { useSettings } from './settings';

interface Props {
  title: string;
  /** The bar under the navigation: fields, time, buttons. */
  controls?: ReactNode;
  children: ReactNode;
}

/** The frame of every page but the dashboards. */
export function Page({ title, controls, children }: Props) {
  const styles = useStyles2(getStyles);
  useTitle(title);
  return (
    <main className={styles.main}>
      <div className={styles.head}>
        <h1 className={styles.title}>{title}</h1>
        {controls && <div className={styles.controls}>{controls}</div>}
      </div>
      {children}
    </main>
  );
}

export function useTitle(title: string): void {
  const settings = useSettings();
  useEffect(() => {
    document.title = `${title} · ${settings.title}`;
  }, [title, settings.title]);
}

export function PageMessage({ title, children }: { title: string; children?: ReactNode }) {
  const styles = useStyles2(getStyles);
  return (
    <main className={styles.message} role="alert" data-testid="page-message">
      <h1>{title}</h1>
      <div>{children}</div>
    </main>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  main: css({ padding: theme.spacing(2), maxWidth: 1800, margin: '0 auto', [theme.breakpoints.down('sm')]: { padding: theme.spacing(1) } }),
  head: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1, 2), marginBottom: theme.spacing(2) }),
  title: css({ fontSize: theme.typography.h3.fontSize, margin: 0, flex: 1, overflowWrap: 'anywhere' }),
  controls: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), maxWidth: '100%' }),
  message: css({ maxWidth: '46rem', margin: '12vh auto', padding: theme.spacing(3), h1: { fontSize: theme.typography.h3.fontSize }, a: { color: theme.colors.text.link } }),
});
