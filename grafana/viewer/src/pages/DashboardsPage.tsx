import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { FilterInput, Icon, TagList, useStyles2 } from '@grafana/ui';
import { useState } from 'react';

import { Page } from '../app/Page';
import { useSettings } from '../app/settings';
import { fits } from '../model/search';

export function DashboardsPage() {
  const styles = useStyles2(getStyles);
  const { dashboards } = useSettings();
  const [search, setSearch] = useState('');
  const found = dashboards.filter(({ title, tags, uid, description }) => fits(search, title, uid, ...tags, withoutOrigin(description)));
  return (
    <Page title="Dashboards" controls={<FilterInput value={search} onChange={setSearch} placeholder="Search dashboards" aria-label="Search dashboards" width={40} escapeRegex={false} />}>
      {found.length === 0 && <p>{dashboards.length === 0 ? 'No dashboard is there yet.' : 'No dashboard matches.'}</p>}
      <ul className={styles.grid}>
        {found.map((one) => (
          <li key={one.uid}>
            <a className={styles.card} href={one.url}>
              <span className={styles.title}>
                <Icon name="apps" /> {one.title}
              </span>
              <span className={styles.text}>{withoutOrigin(one.description)}</span>
              {one.tags.length > 0 && <TagList tags={one.tags} className={styles.tags} />}
            </a>
          </li>
        ))}
      </ul>
    </Page>
  );
}

/** A generated dashboard's description starts with where it comes from: that is for who opens the file. */
export const withoutOrigin = (description: string): string => description.replace(/^Generated from .*?do not edit\.\s*/s, '');

const getStyles = (theme: GrafanaTheme2) => ({
  grid: css({ listStyle: 'none', display: 'grid', gap: theme.spacing(2), gridTemplateColumns: 'repeat(auto-fill, minmax(300px, 1fr))' }),
  card: css({
    display: 'flex',
    flexDirection: 'column',
    gap: theme.spacing(1),
    height: '100%',
    padding: theme.spacing(2),
    borderRadius: theme.shape.radius.default,
    background: theme.colors.background.primary,
    border: `1px solid ${theme.colors.border.weak}`,
    '&:hover': { borderColor: theme.colors.border.strong, background: theme.colors.emphasize(theme.colors.background.primary, 0.03) },
  }),
  title: css({ fontSize: theme.typography.h5.fontSize, fontWeight: theme.typography.fontWeightMedium, display: 'flex', alignItems: 'center', gap: theme.spacing(1) }),
  text: css({ color: theme.colors.text.secondary, flex: 1 }),
  tags: css({ justifyContent: 'flex-start' }),
});
