import { css } from '@emotion/css';
import type { GrafanaTheme2, ScopedVars } from '@grafana/data';
import { Dropdown, Icon, IconButton, Menu, Tooltip, useStyles2 } from '@grafana/ui';

import { useScope } from '../app/scope';
import type { Panel } from '../model/dashboard';
import { safeHref } from '../model/links';

interface Props {
  panel: Panel;
  scoped: ScopedVars;
  timeInfo?: string;
}

/** What stands behind a panel's title: its links, and a time of its own. */
export function PanelLinks({ panel, scoped, timeInfo }: Props) {
  const styles = useStyles2(getStyles);
  const { replace } = useScope();
  const links = (panel.links ?? []).map((link) => ({
    title: replace(link.title, scoped) || 'Link',
    href: safeHref(replace(link.url ?? '', scoped, 'uriencode')),
    target: link.targetBlank ? ('_blank' as const) : undefined,
  }));
  const [only] = links;
  return (
    <>
      {timeInfo && (
        <span className={styles.time}>
          <Icon name="clock-nine" size="sm" /> {timeInfo}
        </span>
      )}
      {links.length === 1 && only?.href && (
        <Tooltip content={only.title}>
          <a href={only.href} target={only.target} rel="noreferrer" className={styles.link} aria-label={only.title}>
            <Icon name="external-link-alt" size="sm" />
          </a>
        </Tooltip>
      )}
      {links.length > 1 && (
        <Dropdown
          placement="bottom"
          overlay={
            <Menu ariaLabel="Links">
              {links.map((link) => (
                <Menu.Item key={link.title} label={link.title} url={link.href} target={link.target} />
              ))}
            </Menu>
          }
        >
          <IconButton name="external-link-alt" size="sm" tooltip="Links" />
        </Dropdown>
      )}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  time: css({ fontSize: theme.typography.bodySmall.fontSize, color: theme.colors.text.secondary, whiteSpace: 'nowrap', display: 'inline-flex', alignItems: 'center', gap: 4 }),
  link: css({ color: theme.colors.text.secondary, display: 'inline-flex', padding: 4, '&:hover': { color: theme.colors.text.maxContrast } }),
});
