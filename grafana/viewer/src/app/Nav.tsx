import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { Dropdown, Icon, Menu, useStyles2 } from '@grafana/ui';
import { useEffect, useState } from 'react';

import { fetchAlerts } from '../data/alertmanager';

import { useShownCrumb } from './crumb';
import { useLocation } from './router';
import { useSettings, useSource } from './settings';
import { useMode } from './theme';

const PAGES = [
  { path: '/logs', text: 'Logs', icon: 'file-alt', type: 'loki' },
  { path: '/traces', text: 'Traces', icon: 'sitemap', type: 'jaeger' },
  { path: '/explore', text: 'Explore', icon: 'compass', type: 'prometheus' },
  { path: '/alerts', text: 'Alerts', icon: 'bell', type: 'alertmanager' },
] as const;

/** The bar on top: where we are, and the way to everywhere else. */
export function Nav() {
  const styles = useStyles2(getStyles);
  const settings = useSettings();
  const { path, query } = useLocation();
  const crumb = useShownCrumb();
  const { mode, toggle } = useMode();
  const firing = useFiring();
  const dashboards = (
    <Menu ariaLabel="Dashboards">
      {settings.dashboards.map((dashboard) => (
        <Menu.Item key={dashboard.uid} label={dashboard.title} url={dashboard.url} icon="apps" />
      ))}
      <Menu.Divider />
      <Menu.Item label="All dashboards" url="/dashboards" />
    </Menu>
  );
  if (query.has('kiosk')) {
    return null;
  }
  return (
    <header className={styles.bar}>
      <button type="button" className={styles.skip} onClick={focusContent}>
        To the content
      </button>
      <a href="/" className={styles.brand} aria-label={`${settings.title}: home`}>
        <img src="/favicon.svg" alt="" width={22} height={22} />
        <span className={styles.title}>{settings.title}</span>
      </a>
      <nav aria-label="Pages" className={styles.pages}>
        <Dropdown overlay={dashboards} placement="bottom-start">
          <button type="button" className={styles.link} data-active={path === '/' || path.startsWith('/d')} aria-haspopup="menu">
            <Icon name="apps" />
            <span className={styles.crumb}>{crumb || 'Dashboards'}</span>
            <Icon name="angle-down" className={styles.arrow} />
          </button>
        </Dropdown>
        {PAGES.filter((page) => settings.datasources.some((source) => source.type === page.type)).map((page) => (
          <a key={page.path} href={page.path} className={styles.link} data-active={path.startsWith(page.path)} aria-current={path.startsWith(page.path) ? 'page' : undefined}>
            <Icon name={page.icon} />
            <span>{page.text}</span>
            {page.path === '/alerts' && firing > 0 && (
              <span className={styles.count} aria-label={`${firing} firing`}>
                {firing}
              </span>
            )}
          </a>
        ))}
      </nav>
      <button type="button" className={styles.theme} onClick={toggle} title={mode === 'dark' ? 'Light theme' : 'Dark theme'} aria-label={mode === 'dark' ? 'Light theme' : 'Dark theme'}>
        <svg viewBox="0 0 20 20" width={18} height={18} aria-hidden="true">
          <circle cx="10" cy="10" r="7.5" fill="none" stroke="currentColor" strokeWidth="1.5" />
          <path d="M10 2.500a7.500 7.500 0 0 1 0 15z" fill="currentColor" />
        </svg>
      </button>
    </header>
  );
}

/** The first panel of a dashboard, or what else a page is about: past the bar, the variables and the links. */
function focusContent(): void {
  const content = document.querySelector<HTMLElement>('main');
  content?.setAttribute('tabindex', '-1');
  content?.focus();
}

/** How many alerts fire now, but for the one that always does. */
function useFiring(): number {
  const source = useSource('alertmanager');
  const [count, setCount] = useState(0);
  useEffect(() => {
    if (!source) {
      return undefined;
    }
    const controller = new AbortController();
    const look = () => {
      if (!document.hidden) {
        fetchAlerts(source.uid, controller.signal)
          .then((alerts) => setCount(alerts.filter(({ status, labels }) => status.state === 'active' && labels['alertname'] !== 'Watchdog').length))
          .catch(() => undefined); // the alerts page tells why
      }
    };
    look();
    const timer = window.setInterval(look, 30_000);
    return () => {
      controller.abort();
      window.clearInterval(timer);
    };
  }, [source]);
  return count;
}

const getStyles = (theme: GrafanaTheme2) => ({
  bar: css({
    position: 'sticky',
    top: 0,
    zIndex: theme.zIndex.navbarFixed,
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(2),
    height: 44,
    padding: theme.spacing(0, 2),
    [theme.breakpoints.down('sm')]: { gap: theme.spacing(0.5), padding: theme.spacing(0, 1) },
    background: theme.colors.background.primary,
    borderBottom: `1px solid ${theme.colors.border.weak}`,
  }),
  skip: css({
    position: 'absolute',
    left: theme.spacing(1),
    top: -60,
    zIndex: 1,
    padding: theme.spacing(0.5, 1.5),
    border: 'none',
    borderRadius: theme.shape.radius.default,
    background: theme.colors.primary.main,
    color: theme.colors.primary.contrastText,
    '&:focus': { top: 6 },
  }),
  brand: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(1), color: theme.colors.text.maxContrast, fontWeight: theme.typography.fontWeightMedium }),
  title: css({ [theme.breakpoints.down('sm')]: { display: 'none' } }),
  pages: css({ display: 'flex', alignItems: 'stretch', alignSelf: 'stretch', flex: 1, minWidth: 0 }),
  crumb: css({ overflow: 'hidden', textOverflow: 'ellipsis', maxWidth: '100%' }),
  arrow: css({ [theme.breakpoints.down('sm')]: { display: 'none' } }),
  link: css({
    position: 'relative',
    minWidth: 'fit-content',
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(0.75),
    padding: theme.spacing(0, 1.5),
    border: 'none',
    borderBottom: '2px solid transparent',
    borderTop: '2px solid transparent',
    background: 'none',
    whiteSpace: 'nowrap',
    color: theme.colors.text.secondary,
    '&:hover': { color: theme.colors.text.maxContrast, background: theme.colors.action.hover },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.main}`, outlineOffset: -2 },
    '&[data-active="true"]': { color: theme.colors.text.maxContrast, borderBottomColor: theme.colors.warning.main },
    // On a phone each name stands under its picture; the name of the open dashboard gives way.
    [theme.breakpoints.down('sm')]: { flexDirection: 'column', justifyContent: 'center', gap: 0, flex: '0 0 auto', padding: theme.spacing(0, 0.75), fontSize: 11, lineHeight: '14px', '&[aria-haspopup]': { flex: '0 1 auto', minWidth: 56 } },
  }),
  count: css({
    [theme.breakpoints.down('sm')]: { position: 'absolute', top: 1, left: '54%' },
    minWidth: 18,
    padding: '0 5px',
    borderRadius: 9,
    background: theme.colors.error.main,
    color: theme.colors.error.contrastText,
    fontSize: 11,
    lineHeight: '18px',
    textAlign: 'center',
    fontWeight: theme.typography.fontWeightMedium,
  }),
  theme: css({
    display: 'flex',
    padding: theme.spacing(0.75),
    border: 'none',
    borderRadius: theme.shape.radius.default,
    background: 'none',
    color: theme.colors.text.secondary,
    '&:hover': { color: theme.colors.text.maxContrast, background: theme.colors.action.hover },
  }),
});
