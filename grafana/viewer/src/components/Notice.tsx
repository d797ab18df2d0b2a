import { css } from '@emotion/css';
import type { GrafanaTheme2, IconName } from '@grafana/data';
import { Icon, useStyles2 } from '@grafana/ui';

interface Props {
  icon?: IconName;
  title: string;
  children?: React.ReactNode;
  alert?: boolean;
}

/** What stands in a panel that has nothing to draw: never a blank. */
export function Notice({ icon, title, children, alert }: Props) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.box} role={alert ? 'alert' : 'note'} data-alert={alert}>
      {icon && <Icon name={icon} size="xl" className={styles.icon} />}
      <div className={styles.title}>{title}</div>
      {children && <div className={styles.text}>{children}</div>}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  box: css({
    height: '100%',
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    justifyContent: 'safe center',
    gap: theme.spacing(0.5),
    padding: theme.spacing(1),
    textAlign: 'center',
    color: theme.colors.text.secondary,
    overflow: 'auto',
  }),
  icon: css({ color: theme.colors.text.disabled, '[data-alert="true"] > &': { color: theme.colors.error.text } }),
  title: css({ fontSize: theme.typography.h5.fontSize, overflowWrap: 'anywhere' }),
  text: css({ fontSize: theme.typography.bodySmall.fontSize, overflowWrap: 'anywhere', maxWidth: '80ch' }),
});
