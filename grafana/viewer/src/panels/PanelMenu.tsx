import { Menu } from '@grafana/ui';
import { lazy, Suspense, useState } from 'react';

import { updateQuery } from '../app/router';
import { useScope } from '../app/scope';
import type { PanelAnswer } from '../data/queries';
import { explorePage, panelPage, searchPage, tracePage } from '../model/links';

import type { PanelData } from './usePanel';

// Not needed to draw: loaded when it is opened.
const ShareModal = lazy(() => import('../components/ShareModal'));

interface Props {
  name: string;
  panelKey: string;
  alone?: boolean;
  data: PanelData;
  onInspect: () => void;
}

/** What can be done with a panel: seen alone, its queries taken further, handed on, or taken along as a table. */
export function usePanelMenu({ name, panelKey, alone, data, onInspect }: Props) {
  const { dashboard, clock } = useScope();
  const [isSharing, setSharing] = useState(false);
  const { rawFrom, rawTo } = clock;
  // The pages of ours that are made of one panel have no address as a dashboard.
  const isPage = dashboard.uid === 'explore' || dashboard.uid === 'logs-metric';
  const ways = isPage ? [] : waysOf(data.queries, rawFrom, rawTo);
  const [only] = ways;
  const download = () => void import('./csv').then(({ downloadCsv }) => downloadCsv(data.series, name));
  const overlay = (
    <Menu ariaLabel={`Menu of ${name}`}>
      <Menu.Item label={alone ? 'Back to the dashboard' : 'View'} icon={alone ? 'arrow-left' : 'eye'} onClick={() => updateQuery({ viewPanel: alone ? undefined : panelKey })} />
      {ways.length === 1 && only && <Menu.Item label="Explore" icon="compass" url={only.href} />}
      {ways.length > 1 && <Menu.Item label="Explore" icon="compass" childItems={ways.map(({ label, href }) => <Menu.Item key={label} label={label} url={href} />)} />}
      {!isPage && <Menu.Item label="Share" icon="share-alt" onClick={() => setSharing(true)} />}
      {data.series.length > 0 && <Menu.Item label="CSV" icon="download-alt" onClick={download} />}
      {data.queries.length > 0 && <Menu.Item label="Inspect" icon="info-circle" onClick={onInspect} />}
    </Menu>
  );
  const element = isSharing ? (
    <Suspense fallback={null}>
      <ShareModal title={`Share: ${name}`} address={panelPage(dashboard.uid, panelKey, window.location.search)} range={clock.range} onClose={() => setSharing(false)} />
    </Suspense>
  ) : null;
  return { overlay, element };
}

/** One address for each server that the panel asks: all queries of a server stand on one page. */
function waysOf(queries: PanelAnswer['queries'], from: string, to: string): Array<{ label: string; href: string }> {
  const sources = [...new Set(queries.map(({ source }) => source))];
  return sources.map((source) => {
    const own = queries.filter((one) => one.source === source).map(({ query }) => query);
    return { label: source.name, href: source.type === 'jaeger' ? tracesOf(own[0] ?? '', from, to) : explorePage(source.uid, own, from, to) };
  });
}

/** A panel of traces asks for one by its id, or searches by what its query says as JSON. */
function tracesOf(query: string, from: string, to: string): string {
  return query.startsWith('{') ? searchPage(JSON.parse(query) as Parameters<typeof searchPage>[0], from, to) : tracePage(query);
}
