/** How many lines of each level over time, for the query above. */
import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2, type TimeRange } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { useEffect, useState } from 'react';

import { levelColor } from '../../components/levels';
import { isLogs, levelOf, type LogLevelName, queryLogs } from '../../data/loki';
import { formatDuration, queryInterval } from '../../model/interval';

const ORDER: LogLevelName[] = ['unknown', 'trace', 'debug', 'info', 'warning', 'error', 'critical'];
const HEIGHT = 90;

interface Bars {
  times: number[];
  stepMs: number;
  counts: Map<LogLevelName, number[]>;
}

interface Props {
  source: string;
  query: string;
  range: TimeRange;
  onZoom: (from: number, to: number) => void;
}

export function Volume({ source, query, range, onZoom }: Props) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const [bars, setBars] = useState<Bars>();
  useEffect(() => {
    const controller = new AbortController();
    const from = range.from.valueOf();
    const to = range.to.valueOf();
    const stepMs = Math.max(queryInterval(to - from, 80, 1000), 1000);
    const count = `sum by (level, detected_level) (count_over_time(${query} [${formatDuration(stepMs)}]))`;
    const start = Math.floor(from / stepMs) * stepMs + stepMs;
    queryLogs(source, { query: count, fromMs: start, toMs: Math.ceil(to / stepMs) * stepMs, stepMs }, controller.signal)
      .then((answer) => setBars(isLogs(answer) ? undefined : toBars(answer.data.result as Parameters<typeof toBars>[0], start, to, stepMs)))
      .catch(() => setBars(undefined)); // the lines below say what is wrong with the query
    return () => controller.abort();
  }, [source, query, range]);
  if (!bars || bars.times.length === 0) {
    return <div className={styles.box} />;
  }
  const totals = bars.times.map((_, index) => [...bars.counts.values()].reduce((sum, counts) => sum + (counts[index] ?? 0), 0));
  const highest = Math.max(...totals, 1);
  const levels = ORDER.filter((level) => bars.counts.has(level));
  return (
    <div className={styles.box}>
      <div className={styles.bars} role="group" aria-label="Lines over time, by level">
        {bars.times.map((time, index) => (
          <button
            key={time}
            type="button"
            tabIndex={-1}
            className={styles.bar}
            title={`${dateTimeFormat(time - bars.stepMs)}: ${levels.map((level) => `${bars.counts.get(level)?.[index] ?? 0} ${level}`).join(', ')}`}
            onClick={() => onZoom(time - bars.stepMs, time)}
          >
            {[...levels].reverse().map((level) => (
              <span key={level} style={{ height: `${((bars.counts.get(level)?.[index] ?? 0) / highest) * 100}%`, background: levelColor(level, theme) }} />
            ))}
          </button>
        ))}
      </div>
      <ul className={styles.legend}>
        {levels.map((level) => (
          <li key={level}>
            <span style={{ background: levelColor(level, theme) }} />
            {level} {(bars.counts.get(level) ?? []).reduce((sum, value) => sum + value, 0)}
          </li>
        ))}
        <li className={styles.peak}>peak {highest} in {formatDuration(bars.stepMs)}</li>
      </ul>
    </div>
  );
}

export function toBars(series: Array<{ metric: Record<string, string>; values?: Array<[number, string]> }>, start: number, to: number, stepMs: number): Bars {
  const times = Array.from({ length: Math.max(Math.ceil((to - start) / stepMs) + 1, 1) }, (_, index) => start + index * stepMs);
  const counts = new Map<LogLevelName, number[]>();
  for (const { metric, values = [] } of series) {
    const level = levelOf('', metric);
    const own = counts.get(level) ?? times.map(() => 0);
    for (const [seconds, value] of values) {
      const index = Math.round((seconds * 1000 - start) / stepMs);
      if (index >= 0 && index < own.length) {
        own[index] = (own[index] ?? 0) + Number(value);
      }
    }
    counts.set(level, own);
  }
  return { times, stepMs, counts };
}

const getStyles = (theme: GrafanaTheme2) => ({
  box: css({ minHeight: HEIGHT + 24 }),
  bars: css({ display: 'flex', height: HEIGHT, gap: 1, alignItems: 'flex-end', borderBottom: `1px solid ${theme.colors.border.medium}` }),
  bar: css({ flex: 1, height: '100%', display: 'flex', flexDirection: 'column', justifyContent: 'flex-end', padding: 0, border: 'none', background: 'none', '&:hover': { background: theme.colors.action.hover } }),
  legend: css({
    listStyle: 'none',
    display: 'flex',
    flexWrap: 'wrap',
    gap: theme.spacing(0, 2),
    marginTop: 4,
    fontSize: theme.typography.bodySmall.fontSize,
    color: theme.colors.text.secondary,
    'span': { display: 'inline-block', width: 10, height: 10, borderRadius: 2, marginRight: 6 },
  }),
  peak: css({ marginLeft: 'auto' }),
});
