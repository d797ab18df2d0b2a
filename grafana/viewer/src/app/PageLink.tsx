/** A link that looks like a secondary button and whose address stays as it was written. */
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, type IconName, useStyles2 } from '@grafana/ui';
import type { ReactNode } from 'react';

interface Props {
  href: string;
  icon: IconName;
  children: ReactNode;
  small?: boolean;
  testId?: string;
}

/** `LinkButton` of @grafana/ui decodes its address, which turns the `+` of a LogQL query into a space. */
export function PageLink({ href, icon, children, small = false, testId }: Props) {
  const styles = useStyles2(getStyles, small);
  return (
    <a className={styles} href={href} data-testid={testId}>
      <Icon name={icon} size={small ? 'sm' : 'md'} />
      {children}
    </a>
  );
}

const getStyles = (theme: GrafanaTheme2, small: boolean) =>
  css({
    display: 'inline-flex',
    alignItems: 'center',
    gap: theme.spacing(1),
    height: theme.spacing(small ? theme.components.height.sm : theme.components.height.md),
    padding: theme.spacing(0, small ? 1 : 2),
    borderRadius: theme.shape.radius.default,
    background: theme.colors.secondary.main,
    border: `1px solid ${theme.colors.secondary.border}`,
    color: theme.colors.secondary.text,
    fontSize: small ? theme.typography.size.sm : theme.typography.size.md,
    fontWeight: theme.typography.fontWeightMedium,
    whiteSpace: 'nowrap',
    '&:hover, &:focus-visible': { background: theme.colors.secondary.shade, color: theme.colors.secondary.text },
  });
