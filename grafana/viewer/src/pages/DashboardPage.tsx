import { useEffect, useState } from 'react';

import { PageMessage } from '../app/Page';
import { useSettings } from '../app/settings';
import { getJson, isAbort, ServerError } from '../data/http';
import type { Dashboard } from '../model/dashboard';
import { preload } from '../panels/registry';

import { DashboardView } from './DashboardView';

export function DashboardRoute({ uid }: { uid: string }) {
  const { dashboards } = useSettings();
  const [dashboard, setDashboard] = useState<Dashboard>();
  const [error, setError] = useState<Error>();
  useEffect(() => {
    const controller = new AbortController();
    getJson<{ dashboard: Dashboard }>(`/api/dashboards/uid/${encodeURIComponent(uid)}`, controller.signal)
      .then((answer) => {
        preload(answer.dashboard.panels.map((panel) => panel.type));
        setDashboard(answer.dashboard);
      })
      .catch((problem: Error) => isAbort(problem) || setError(problem));
    return () => controller.abort();
  }, [uid]);
  if (error) {
    return (
        <PageMessage title={error instanceof ServerError && error.status === 404 ? `There is no dashboard “${uid}”` : 'The dashboard could not be read'}>
          {error instanceof ServerError && error.status === 404 ? 'These exist:' : error.message}
          <ul>
            {dashboards.map((one) => (
              <li key={one.uid}>
                <a href={one.url}>{one.title}</a> ({one.uid})
              </li>
            ))}
          </ul>
        </PageMessage>
    );
  }
  return dashboard ? <DashboardView dashboard={{ ...dashboard, uid }} /> : null;
}
