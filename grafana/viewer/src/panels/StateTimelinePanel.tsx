/** One line a series, a bar for as long as its value (as it is shown) stays the same. */
import { css } from '@emotion/css';
import { dateTimeFormat, FieldType, formattedValueToString, getFieldDisplayName, type GrafanaTheme2 } from '@grafana/data';
import { Tooltip, useStyles2, useTheme2 } from '@grafana/ui';
import { useMemo } from 'react';

import { useScope } from '../app/scope';
import { Notice } from '../components/Notice';
import { shortened } from '../model/shortened';

import { optionsOf, type VizProps } from './types';

interface Options {
  rowHeight: number;
  showValue: 'auto' | 'always' | 'never';
  mergeValues: boolean;
}

interface Bar {
  from: number;
  to: number;
  text: string;
  color: string;
}

const AXIS = 22;
const LEAST_ROW = 18;
/** The width of a letter of a name, about. */
const LETTER = 7;

export default function StateTimelinePanel({ panel, data, width, height }: VizProps) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const { timeZone } = useScope();
  const history = panel.type === 'status-history';
  const options = optionsOf<Options>(panel, { rowHeight: 0.9, showValue: 'auto', mergeValues: true });
  const lines = useMemo(() => {
    const end = data.range.to.valueOf();
    return data.series.flatMap((frame) => {
      const time = frame.fields.find((field) => field.type === FieldType.time);
      return frame.fields
        .filter((field) => field.type !== FieldType.time && time)
        .map((field) => {
          const bars: Bar[] = [];
          const times = (time?.values ?? []) as number[];
          const step = time?.config.interval ?? 60_000;
          times.forEach((from, row) => {
            const raw: unknown = field.values[row];
            if (raw === null || raw === undefined) return;
            const shown = field.display?.(raw);
            const text = shown ? formattedValueToString(shown) : String(raw);
            const color = shown?.color ?? theme.visualization.getColorByName('gray');
            const to = Math.min(times[row + 1] ?? from + step, from + step * 1.5, end);
            const last = bars[bars.length - 1];
            if (last && !history && options.mergeValues && last.text === text && last.to >= from - 1) {
              last.to = to;
            } else {
              bars.push({ from, to, text, color });
            }
          });
          return { name: getFieldDisplayName(field, frame, data.series), bars };
        });
    });
  }, [data.series, data.range, history, options.mergeValues, theme]);
  if (lines.length === 0) {
    return <Notice title="No state over time" />;
  }
  const labelWidth = Math.min(Math.max(...lines.map((line) => line.name.length)) * LETTER + 12, width * 0.35);
  const letters = Math.max(Math.floor((labelWidth - 12) / LETTER), 3);
  const from = data.range.from.valueOf();
  const to = data.range.to.valueOf();
  const x = (time: number) => labelWidth + ((Math.max(time, from) - from) / (to - from)) * (width - labelWidth);
  // Where there are more lines than fit, the panel is scrolled.
  const rowHeight = Math.max((height - AXIS) / lines.length, LEAST_ROW);
  const whole = rowHeight * lines.length + AXIS;
  const barHeight = Math.min(rowHeight * options.rowHeight, 60);
  const ticks = Array.from({ length: Math.max(Math.floor((width - labelWidth) / 110), 1) }, (_, index, all = Math.max(Math.floor((width - labelWidth) / 110), 1)) => from + ((index + 0.5) / all) * (to - from));
  return (
    <div className={styles.scroll} style={{ height }}>
      <svg width={width} height={whole} role="img" aria-label={`States of ${lines.map((line) => line.name).join(', ')}`}>
        {lines.map((line, index) => (
          <g key={line.name} transform={`translate(0 ${index * rowHeight + (rowHeight - barHeight) / 2})`}>
            <text className={styles.name} x={labelWidth - 8} y={barHeight / 2} textAnchor="end" dominantBaseline="central">
              <title>{line.name}</title>
              {shortened(line.name, letters)}
            </text>
            {line.bars
              .filter((bar) => bar.to > from)
              .map((bar) => {
                const w = Math.max(x(bar.to) - x(bar.from) - (history ? 1 : 0), 1);
                return (
                  <Tooltip key={bar.from} content={`${line.name}: ${bar.text} · ${dateTimeFormat(bar.from, { timeZone })} – ${dateTimeFormat(bar.to, { timeZone })}`}>
                    <g>
                      <rect x={x(bar.from)} width={w} height={barHeight} fill={bar.color} fillOpacity={0.75} rx={1} />
                      {options.showValue !== 'never' && w > bar.text.length * 7 + 8 && (
                        <text className={styles.value} x={x(bar.from) + w / 2} y={barHeight / 2} textAnchor="middle" dominantBaseline="central">
                          {bar.text}
                        </text>
                      )}
                    </g>
                  </Tooltip>
                );
              })}
          </g>
        ))}
        {ticks.map((time) => (
          <text key={time} className={styles.tick} x={x(time)} y={whole - 6} textAnchor="middle">
            {dateTimeFormat(time, { timeZone, format: to - from > 86_400_000 ? 'MM-DD HH:mm' : 'HH:mm' })}
          </text>
        ))}
      </svg>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  scroll: css({ overflowX: 'hidden', overflowY: 'auto' }),
  name: css({ fontSize: 12, fill: theme.colors.text.primary }),
  value: css({ fontSize: 12, fill: theme.colors.text.maxContrast, pointerEvents: 'none' }),
  tick: css({ fontSize: 12, fill: theme.colors.text.secondary }),
});
