/** Runs before anything is drawn: what Grafana's components expect to find around them. */
import { locationUtil } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { cacheStore } from 'react-inlinesvg';

import { registerTransformers } from './grafana/transform';

declare global {
  interface Window {
    __grafana_public_path__?: string;
  }
}

window.__grafana_public_path__ = '/';
void initPluginTranslations('signalfire-viewer');
registerTransformers();

// Links inside Grafana's code may need the address prefix; the variables are put in by our own interpolation.
locationUtil.initialize({
  config: { appSubUrl: '' } as Parameters<typeof locationUtil.initialize>[0]['config'],
  getVariablesUrlParams: () => ({}),
  getTimeRangeForUrl: () => ({ from: 'now-1h', to: 'now' }),
});

// The icons of the first screen come with the code; the others are fetched when they are first drawn.
const first = import.meta.glob<string>(
  '/node_modules/@grafana/ui/dist/public/img/icons/unicons/{angle-double-left,angle-double-right,angle-down,angle-left,angle-right,angle-up,apps,bars,bell,calendar-alt,clock-nine,compass,dashboard,ellipsis-v,exclamation-triangle,external-link-alt,file-alt,gf-logs,info-circle,search,search-minus,sitemap,sync,times}.svg',
  { query: '?raw', import: 'default', eager: true }
);
for (const [path, content] of Object.entries(first)) {
  cacheStore.set(`/build/img/icons/unicons/${path.split('/').pop() ?? ''}`, { content, status: 'loaded' });
}
