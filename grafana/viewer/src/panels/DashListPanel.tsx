import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';

import { useSettings } from '../app/settings';
import { Notice } from '../components/Notice';

import { optionsOf, type VizProps } from './types';

const DEFAULTS = { showSearch: false, query: '', tags: [] as string[], maxItems: 10, keepTime: false };

export default function DashListPanel({ panel, height }: VizProps) {
  const styles = useStyles2(getStyles);
  const { dashboards } = useSettings();
  const { query, tags, maxItems } = optionsOf(panel, DEFAULTS);
  const wanted = dashboards.filter((one) => tags.every((tag) => one.tags.includes(tag)) && one.title.toLowerCase().includes(query.toLowerCase())).slice(0, maxItems);
  if (wanted.length === 0) {
    return <Notice title="No dashboard matches" />;
  }
  return (
    <ul className={styles.list} style={{ height }}>
      {wanted.map((one) => (
        <li key={one.uid}>
          <a href={one.url}>{one.title}</a>
        </li>
      ))}
    </ul>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({ overflow: 'auto', listStyle: 'none', a: { display: 'block', padding: theme.spacing(0.75, 1), borderRadius: theme.shape.radius.default, '&:hover': { background: theme.colors.action.hover } } }),
});
