/** What the same stream wrote just before and after a line, whatever the search. */
import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { Button, useStyles2 } from '@grafana/ui';
import { useState } from 'react';

import { isAbort } from '../data/http';
import { linesAround, type LogRow } from '../data/loki';

import { levelTextColor } from './levels';
import { Problem } from './Problem';

const AT_ONCE = 10;

export function LinesAround({ row, source }: { row: LogRow; source: string }) {
  const styles = useStyles2(getStyles);
  const [count, setCount] = useState(0);
  const [rows, setRows] = useState<LogRow[]>();
  const [error, setError] = useState<Error>();
  if (Object.keys(row.labels).length === 0) {
    return null;
  }
  const load = (wanted: number) => {
    setCount(wanted);
    linesAround(source, row, wanted)
      .then((found) => {
        setRows(found);
        setError(undefined);
      })
      .catch((problem: Error) => isAbort(problem) || setError(problem));
  };
  return (
    <section className={styles.section} aria-label="Lines before and after" data-testid="lines-around">
      <Button size="sm" variant="secondary" fill="outline" icon="bars" onClick={() => load(count + AT_ONCE)}>
        {count === 0 ? 'Lines before and after' : `${AT_ONCE} more before and after`}
      </Button>
      {error && <Problem title="They could not be read" error={error} />}
      {rows && !error && (
        <ol className={styles.lines}>
          {rows.map((one) => (
            <li key={one.id} data-this={one.nanoseconds === row.nanoseconds && one.line === row.line} aria-current={one.nanoseconds === row.nanoseconds && one.line === row.line ? 'true' : undefined}>
              <time>{dateTimeFormat(one.time, { format: 'HH:mm:ss.SSS' })}</time> <Level row={one} /> {one.line}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Level({ row }: { row: LogRow }) {
  const styles = useStyles2((theme) => css({ color: levelTextColor(row.level, theme) }));
  return <span className={styles}>{row.level === 'unknown' ? '' : row.level}</span>;
}

const getStyles = (theme: GrafanaTheme2) => ({
  section: css({ padding: theme.spacing(0.5, 0), fontFamily: theme.typography.fontFamily }),
  lines: css({
    listStyle: 'none',
    marginTop: theme.spacing(1),
    maxHeight: 400,
    overflow: 'auto',
    fontFamily: theme.typography.fontFamilyMonospace,
    li: { padding: '1px 6px', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', borderLeft: '3px solid transparent' },
    'li[data-this="true"]': { background: theme.colors.action.selected, borderLeftColor: theme.colors.primary.main },
    time: { color: theme.colors.text.secondary },
  }),
});
