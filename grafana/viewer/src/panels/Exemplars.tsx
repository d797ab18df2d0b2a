/** Single requests drawn over a panel's lines, each the way to its trace. */
import { css } from '@emotion/css';
import { type DataFrame, dateTimeFormat, type GrafanaTheme2, type TimeRange } from '@grafana/data';
import { EventsCanvas, Tooltip, type UPlotConfigBuilder, useStyles2 } from '@grafana/ui';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type uPlot from 'uplot';

import { tracePage } from '../model/links';

interface Props {
  config: UPlotConfigBuilder;
  frames: DataFrame[];
  range: TimeRange;
  timeZone: string;
}

const TRACE_LABELS = ['trace_id', 'traceID', 'traceId', 'TraceID'];

export function Exemplars({ config, frames, timeZone }: Props) {
  const plot = useRef<uPlot>(undefined);
  useLayoutEffect(() => {
    config.addHook('init', (u: uPlot) => {
      plot.current = u;
    });
  }, [config]);

  const place = useCallback((frame: DataFrame, row: number) => {
    const u = plot.current;
    const time = frame.fields[0]?.values[row] as number | undefined;
    const value = frame.fields[1]?.values[row] as number | undefined;
    // The first axis that a line is drawn on: uPlot keeps one more than there are.
    const [scale, bounds] = Object.entries(u?.scales ?? {}).find(([key, one]) => key !== 'x' && one.min != null) ?? [];
    if (!u || !scale || time === undefined || value === undefined || bounds?.min == null || bounds.max == null) {
      return undefined;
    }
    const x = u.scales['x'];
    if (x?.min == null || x.max == null || time < x.min || time > x.max) {
      return undefined;
    }
    // One that lies outside the axis stands at its edge rather than nowhere.
    return { x: u.valToPos(time, 'x'), y: u.valToPos(Math.min(Math.max(value, bounds.min), bounds.max), scale) };
  }, []);
  // The plot draws itself before EventsCanvas listens: another function makes that look again, once it does.
  const [drawn, setDrawn] = useState(false);
  useEffect(() => {
    const frame = requestAnimationFrame(() => setDrawn(true));
    return () => cancelAnimationFrame(frame);
  }, [config]);
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- drawn makes it another function
  const mark = useCallback((frame: DataFrame, row: number) => <ExemplarMarker frame={frame} row={row} timeZone={timeZone} />, [timeZone, drawn]);

  return <EventsCanvas config={config} id="exemplars" events={frames} renderEventMarker={mark} mapEventToXYCoords={place} />;
}

function ExemplarMarker({ frame, row, timeZone }: { frame: DataFrame; row: number; timeZone: string }) {
  const styles = useStyles2(getStyles);
  const entries = frame.fields.map((field) => [field.name, field.values[row] as unknown] as const).filter(([name, value]) => value !== null && value !== undefined && value !== '' && name !== '__name__' && name !== 'le');
  const traceId = entries.find(([name]) => TRACE_LABELS.includes(name))?.[1];
  const content = (
    <div>
      <strong>Exemplar</strong> {traceId ? '· click to open its trace' : ''}
      <table className={styles.table}>
        <tbody>
          {entries.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{name === 'Time' ? dateTimeFormat(Number(value), { timeZone }) : String(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
  const diamond = (
    <svg viewBox="0 0 10 10" width={9} height={9} aria-hidden="true">
      <path d="M5 .5 9.500 5 5 9.500.5 5z" />
    </svg>
  );
  const label = `Exemplar ${String(entries[1]?.[1] ?? '')} at ${dateTimeFormat(Number(entries[0]?.[1]), { timeZone })}`;
  return (
    <Tooltip content={content} placement="top">
      {typeof traceId === 'string' ? (
        <a className={styles.marker} href={tracePage(traceId)} aria-label={`${label}: open trace`} data-testid="exemplar">
          {diamond}
        </a>
      ) : (
        <span className={styles.marker} aria-label={label} data-testid="exemplar">
          {diamond}
        </span>
      )}
    </Tooltip>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  marker: css({
    position: 'absolute',
    transform: 'translate(-50%, -50%)',
    display: 'flex',
    padding: 3,
    fill: theme.visualization.getColorByName('blue'),
    stroke: theme.colors.background.primary,
    strokeWidth: 0.6,
    cursor: 'pointer',
    '&:hover, &:focus-visible': { fill: theme.visualization.getColorByName('yellow'), transform: 'translate(-50%, -50%) scale(1.4)' },
  }),
  table: css({
    marginTop: theme.spacing(0.5),
    fontSize: theme.typography.bodySmall.fontSize,
    th: { textAlign: 'left', fontWeight: 'normal', color: theme.colors.text.secondary, paddingRight: theme.spacing(1.5), verticalAlign: 'top' },
    td: { overflowWrap: 'anywhere' },
  }),
});
