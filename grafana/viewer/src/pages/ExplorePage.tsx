/** Where links to Grafana's Explore arrive: logs, traces and alerts have pages of their own; a metric is drawn here. */
import { useEffect, useMemo } from 'react';

import { PageMessage } from '../app/Page';
import { navigate, useLocation } from '../app/router';
import { useSettings } from '../app/settings';
import type { Dashboard, Panel } from '../model/dashboard';
import { type ExploreQuestion, readExplore } from '../model/links';

import { DashboardView } from './DashboardView';

export default function ExplorePage() {
  const { search } = useLocation();
  const { datasources } = useSettings();
  const answer = useMemo(() => readExplore(search, datasources), [search, datasources]);
  const page = answer && 'page' in answer ? answer.page : undefined;
  useEffect(() => {
    if (page) {
      navigate(page, { replace: true });
    }
  }, [page]);
  if (page) {
    return null;
  }
  if (!answer || !('question' in answer)) {
    return (
      <PageMessage title="This link asks for nothing the viewer knows">
        It has no query, or its data source is not one of {datasources.map((source) => source.uid).join(', ')}.
      </PageMessage>
    );
  }
  return <DashboardView embedded key={search} dashboard={dashboardFor(answer.question)} />;
}

function dashboardFor({ source, expr, from, to }: ExploreQuestion): Dashboard {
  const datasource = { uid: source.uid, type: source.type };
  const panel = (id: number, type: string, y: number, target: object, options: Record<string, unknown> = {}): Panel => ({
    id,
    type,
    title: id === 1 ? expr : 'Now',
    gridPos: { x: 0, y, w: 24, h: id === 1 ? 12 : 10 },
    datasource,
    targets: [{ refId: 'A', datasource, expr, ...target }],
    fieldConfig: { defaults: { custom: { fillOpacity: 8 } }, overrides: [] },
    options,
  });
  return {
    uid: 'explore',
    title: 'Explore',
    time: { from, to },
    refresh: '',
    panels: [panel(1, 'timeseries', 0, { range: true, legendFormat: '__auto', exemplar: true }, { tooltip: { mode: 'multi', sort: 'desc' } }), panel(2, 'table', 12, { instant: true, format: 'table' })],
  };
}
