/** Data links that open Explore inside Grafana open the viewer's page for the same question. */
import type { DataLinkPostProcessor, DataQuery } from '@grafana/data';

import { logsPage, tracePage } from '../model/links';

export const dataLinkPostProcessor: DataLinkPostProcessor = ({ link, linkModel, dataLinkScopedVars, replaceVariables }) => {
  if (!link.internal) {
    return linkModel;
  }
  const { datasourceUid, query } = link.internal;
  const asked = (typeof query === 'function' ? query({ replaceVariables, scopedVars: dataLinkScopedVars }) : query) as
    | (DataQuery & { query?: string; expr?: string })
    | undefined;
  const text = replaceVariables(asked?.query ?? asked?.expr ?? '', dataLinkScopedVars);
  const href = hrefFor(datasourceUid, text, replaceVariables);
  return { ...linkModel, href, title: linkModel.title || link.internal.datasourceName || 'Open' };
};

function hrefFor(uid: string, text: string, replace: (text: string) => string): string {
  if (/jaeger|tempo|trace/i.test(uid)) {
    return tracePage(text.trim());
  }
  if (/loki|log/i.test(uid)) {
    return logsPage(text, replace('$__from'), replace('$__to'));
  }
  const range = { from: replace('$__from'), to: replace('$__to') };
  const panes = JSON.stringify({ a: { datasource: uid, queries: [{ refId: 'A', expr: text }], range } });
  return `/explore?${new URLSearchParams({ panes })}`;
}
