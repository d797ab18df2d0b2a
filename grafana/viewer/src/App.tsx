import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { ErrorBoundaryAlert, LoadingPlaceholder, useStyles2 } from '@grafana/ui';
import { lazy, Suspense, useEffect, useState } from 'react';

import { Nav } from './app/Nav';
import { PageMessage } from './app/Page';
import { useLocation } from './app/router';
import { SettingsContext } from './app/settings';
import { Shortcuts } from './app/Shortcuts';
import { StartingBanner } from './app/StartingBanner';
import { ThemeProvider } from './app/theme';
import { getJson } from './data/http';
import type { Settings } from './model/dashboard';
import { DashboardRoute } from './pages/DashboardPage';
import { DashboardsPage } from './pages/DashboardsPage';

const TracePage = lazy(() => import('./pages/trace/TracePage'));
const TracesPage = lazy(() => import('./pages/trace/TracesPage'));
const LogsPage = lazy(() => import('./pages/logs/LogsPage'));
const AlertsPage = lazy(() => import('./pages/alerts/AlertsPage'));
const ExplorePage = lazy(() => import('./pages/explore/ExplorePage'));

export function App() {
  return (
    <ThemeProvider>
      <ErrorBoundaryAlert style="page">
        <Main />
      </ErrorBoundaryAlert>
    </ThemeProvider>
  );
}

function Main() {
  const styles = useStyles2(getStyles);
  const { path } = useLocation();
  const [settings, setSettings] = useState<Settings>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    getJson<Settings>('/api/settings')
      .then(setSettings)
      .catch((problem: Error) => setError(problem.message));
  }, []);
  if (error) {
    return <PageMessage title="The viewer cannot start">{error}</PageMessage>;
  }
  if (!settings) {
    return <div className={styles.loading} />;
  }
  return (
    <SettingsContext.Provider value={settings}>
      <Nav />
      <StartingBanner />
      <Shortcuts />
      <Suspense fallback={<LoadingPlaceholder text="" className={styles.loading} />}>
        <Route path={path} settings={settings} />
      </Suspense>
    </SettingsContext.Provider>
  );
}

function Route({ path, settings }: { path: string; settings: Settings }) {
  const [, first = '', second = ''] = path.split('/').map(decodeURIComponent);
  switch (first) {
    case '':
      return settings.dashboards.some((one) => one.uid === settings.home) ? <DashboardRoute key={settings.home} uid={settings.home} /> : <DashboardsPage />;
    case 'dashboards':
      return <DashboardsPage />;
    case 'd':
      return <DashboardRoute key={second} uid={second} />;
    case 'trace':
      return <TracePage key={second} id={second} />;
    case 'traces':
      return <TracesPage />;
    case 'logs':
      return <LogsPage />;
    case 'alerts':
    case 'alerting':
      return <AlertsPage />;
    case 'explore':
      return <ExplorePage />;
    default:
      return (
        <PageMessage title={`There is no page ${path}`}>
          There are <a href="/dashboards">the dashboards</a>, <a href="/logs">logs</a>, <a href="/traces">traces</a>, <a href="/alerts">alerts</a> and <a href="/runbooks/">runbooks</a>.
        </PageMessage>
      );
  }
}

const getStyles = (theme: GrafanaTheme2) => ({
  loading: css({ minHeight: '60vh', background: theme.colors.background.canvas }),
});
