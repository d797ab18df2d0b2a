/** The colours of log levels: of an edge or a bar, and of a word, which has to be read. */
import type { GrafanaTheme2 } from '@grafana/data';

import type { LogLevelName } from '../data/loki';

export const LEVEL_NAMES: LogLevelName[] = ['critical', 'error', 'warning', 'info', 'debug', 'trace', 'unknown'];

const COLORS: Record<LogLevelName, string> = {
  critical: 'purple',
  error: 'red',
  warning: 'yellow',
  info: 'green',
  debug: 'blue',
  trace: 'light-blue',
  unknown: 'gray',
};

export function levelColor(level: LogLevelName, theme: GrafanaTheme2): string {
  return level === 'unknown' ? theme.colors.text.disabled : theme.visualization.getColorByName(COLORS[level]);
}

/** Yellow and its like cannot be read on white: there the colours of the theme's texts stand for them. */
export function levelTextColor(level: LogLevelName, theme: GrafanaTheme2): string {
  const { colors, isDark, visualization } = theme;
  if (level === 'unknown') {
    return colors.text.secondary;
  }
  if (isDark) {
    return visualization.getColorByName(level === 'critical' || level === 'error' ? `light-${COLORS[level]}` : COLORS[level]);
  }
  const light: Record<Exclude<LogLevelName, 'unknown'>, string> = {
    critical: visualization.getColorByName('dark-purple'),
    error: colors.error.text,
    warning: colors.warning.text,
    info: colors.success.text,
    debug: colors.primary.text,
    trace: colors.text.secondary,
  };
  return light[level];
}
