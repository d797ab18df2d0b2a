/** Histogram buckets over time. The plot, its axes and its tooltip are Grafana's uPlot; the cells are painted here. */
import { css } from '@emotion/css';
import { type DataFrame, dateTimeFormat, type Field, FieldType, formattedValueToString, getFieldDisplayName, getValueFormat, type GrafanaTheme2 } from '@grafana/data';
import { AxisPlacement, DashboardCursorSync, GraphDrawStyle, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import { TooltipPlugin2, UPlotChart, UPlotConfigBuilder, useStyles2, useTheme2, VizTooltipContent, VizTooltipHeader, VizTooltipWrapper } from '@grafana/ui';
import * as chromatic from 'd3-scale-chromatic';
import { useMemo, useRef } from 'react';
import type uPlot from 'uplot';

import { useScope } from '../app/scope';
import { Notice } from '../components/Notice';
import { parseValue, toBuckets } from '../data/prometheus';

import { cursorSync } from './TimeSeriesPanel';
import { optionsOf, type VizProps } from './types';

interface Options {
  color: { mode?: 'scheme' | 'opacity'; scheme: string; fill: string; scale: 'linear' | 'exponential'; exponent: number; steps: number; reverse: boolean; min?: number; max?: number };
  cellGap: number;
  filterValues?: { le?: number; ge?: number };
  yAxis: { unit?: string; decimals?: number; axisPlacement?: string; reverse?: boolean };
  legend: { show: boolean };
  tooltip: { mode?: string; yHistogram?: boolean };
  cellValues: { unit?: string; decimals?: number };
}

const DEFAULTS: Options = {
  color: { mode: 'scheme', scheme: 'Oranges', fill: 'dark-orange', scale: 'exponential', exponent: 0.5, steps: 64, reverse: false },
  cellGap: 1,
  filterValues: { le: 1e-9 },
  yAxis: {},
  legend: { show: true },
  tooltip: {},
  cellValues: {},
};

interface Buckets {
  times: number[];
  stepMs: number;
  /** Lowest first; each with its label and its counts over time. */
  rows: Array<{ label: string; below: string; values: number[]; field: Field }>;
  min: number;
  max: number;
}

const LEGEND_HEIGHT = 34;
const HOVER_ALL = 1;

export default function HeatmapPanel({ panel, data, width, height }: VizProps) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const { clock, timeZone, dashboard } = useScope();
  const options = useMemo(() => {
    const merged = optionsOf(panel, DEFAULTS);
    return { ...merged, color: { ...DEFAULTS.color, ...merged.color } };
  }, [panel]);
  const buckets = useMemo(() => toRows(data.series, options, panel.fieldConfig?.defaults.unit), [data.series, options, panel]);
  const palette = useMemo(() => paletteOf(options, theme), [options, theme]);

  // The plot is built once for each set of buckets; what changes with every answer is read through this.
  const now = useRef({ buckets, palette, options, range: data.range });
  now.current = { buckets, palette, options, range: data.range };
  const structure = buckets ? buckets.rows.map((row) => row.label).join('|') : '';
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- it is built anew for what it reads through now
  const config = useMemo(() => buildConfig(now, theme, timeZone), [structure, theme, timeZone, options]);
  const plotData = useMemo(() => (buckets ? ([buckets.times, buckets.times.map(() => 0)] as uPlot.AlignedData) : undefined), [buckets]);

  if (!buckets || !plotData) {
    return <Notice icon="info-circle" title="No buckets to draw">A heatmap needs a query of format “Heatmap” whose series carry the label le.</Notice>;
  }
  const format = getValueFormat(options.cellValues.unit ?? 'short');
  const show = (value: number) => formattedValueToString(format(value, options.cellValues.decimals));
  const plotHeight = height - (options.legend.show ? LEGEND_HEIGHT : 0);
  return (
    <div>
      <UPlotChart config={config} data={plotData} width={width} height={plotHeight}>
        <TooltipPlugin2
          config={config}
          hoverMode={HOVER_ALL}
          syncMode={cursorSync(dashboard.graphTooltip) === DashboardCursorSync.Off ? DashboardCursorSync.Off : DashboardCursorSync.Crosshair}
          syncScope={dashboard.uid}
          queryZoom={({ from, to }) => clock.setRange({ from: String(Math.round(from)), to: String(Math.round(to)) })}
          render={(u, rows, _series, isPinned, _dismiss, _range, viaSync) => {
            const column = rows[0] ?? rows[1];
            const row = Math.floor(u.posToVal(u.cursor.top ?? 0, 'y'));
            const bucket = buckets.rows[row];
            if (viaSync || column === null || column === undefined || !bucket) {
              return null;
            }
            const items = [
              { label: 'Bucket', value: bucket.below ? `${bucket.below} – ${bucket.label}` : `≤ ${bucket.label}` },
              { label: 'Value', value: show(bucket.values[column] ?? 0), color: palette(share(bucket.values[column] ?? 0, buckets, options)) },
            ];
            return (
              <VizTooltipWrapper>
                <VizTooltipHeader item={{ label: '', value: dateTimeFormat(buckets.times[column] ?? 0, { timeZone }) }} isPinned={isPinned} />
                <VizTooltipContent items={items} isPinned={isPinned} />
              </VizTooltipWrapper>
            );
          }}
        />
      </UPlotChart>
      {options.legend.show && (
        <div className={styles.legend}>
          <span>{show(buckets.min)}</span>
          <span className={styles.scale} style={{ background: `linear-gradient(to right, ${Array.from({ length: 12 }, (_, index) => palette(index / 11)).join(', ')})` }} />
          <span>{show(buckets.max)}</span>
        </div>
      )}
    </div>
  );
}

/** Columns named by their upper bound: from the format "Heatmap", or from plain series that carry `le`. */
function toRows(series: DataFrame[], options: Options, unit: string | undefined): Buckets | undefined {
  const plain = series.length > 1 && series.every((frame) => frame.fields[1]?.labels?.['le'] !== undefined);
  const [frame] = plain ? toBuckets(series) : series;
  const time = frame?.fields.find((field) => field.type === FieldType.time);
  const numbers = frame?.fields.filter((field) => field.type === FieldType.number) ?? [];
  if (!frame || !time || numbers.length === 0) {
    return undefined;
  }
  const format = getValueFormat(options.yAxis.unit ?? unit ?? 'short');
  const label = (field: Field) => {
    const name = field.labels?.['le'] ?? getFieldDisplayName(field, frame, series);
    const bound = parseValue(name);
    return Number.isFinite(bound) ? formattedValueToString(format(bound, options.yAxis.decimals)) : name;
  };
  const rows = numbers.map((field, index) => ({ label: label(field), below: index > 0 ? label(numbers[index - 1] as Field) : '', values: field.values as number[], field }));
  const all = rows.flatMap((row) => row.values).filter((value) => isShown(value, options));
  const times = time.values as number[];
  const steps = times.slice(1).map((value, index) => value - (times[index] ?? 0));
  return {
    times,
    stepMs: time.config.interval ?? (steps.length > 0 ? Math.min(...steps) : 60_000),
    rows,
    min: options.color.min ?? all.reduce((low, value) => Math.min(low, value), all.length > 0 ? Infinity : 0),
    max: options.color.max ?? all.reduce((high, value) => Math.max(high, value), 0),
  };
}

function isShown(value: number | null | undefined, { filterValues }: Options): boolean {
  return value !== null && value !== undefined && Number.isFinite(value) && value > (filterValues?.le ?? -Infinity) && value < (filterValues?.ge ?? Infinity);
}

function share(value: number, { min, max }: Buckets, { color }: Options): number {
  const linear = max > min ? Math.min(Math.max((value - min) / (max - min), 0), 1) : 1;
  return color.scale === 'exponential' ? linear ** color.exponent : linear;
}

type Palette = (share: number) => string;

function paletteOf({ color }: Options, theme: GrafanaTheme2): Palette {
  const steps = Math.max(color.steps, 2);
  const stepped = (part: number) => Math.round(part * (steps - 1)) / (steps - 1);
  if (color.mode === 'opacity') {
    const base = theme.visualization.getColorByName(color.fill);
    return (part) => `color-mix(in srgb, ${base} ${Math.round(8 + 92 * stepped(part))}%, transparent)`;
  }
  const interpolate = (chromatic as unknown as Record<string, ((part: number) => string) | undefined>)[`interpolate${color.scheme}`] ?? chromatic.interpolateOranges;
  // One-colour schemes run from light to dark: on a dark page the many must be the light ones.
  const inverted = theme.isDark && !/^(Turbo|Viridis|Magma|Inferno|Plasma|Cividis|Warm|Cool|Cubehelix|Rainbow|Sinebow|Spectral|Rd|Br|PR|PiYG)/.test(color.scheme);
  const colors = Array.from({ length: steps }, (_, index) => {
    const part = index / (steps - 1);
    return interpolate(inverted !== color.reverse ? 1 - part : part);
  });
  return (part) => colors[Math.round(part * (steps - 1))] ?? colors[0] ?? 'gray';
}

type Now = { current: { buckets: Buckets | undefined; palette: Palette; options: Options; range: VizProps['data']['range'] } };

function buildConfig(now: Now, theme: GrafanaTheme2, timeZone: string): UPlotConfigBuilder {
  const builder = new UPlotConfigBuilder(timeZone);
  const count = () => now.current.buckets?.rows.length ?? 1;
  builder.addScale({
    scaleKey: 'x',
    isTime: true,
    orientation: ScaleOrientation.Horizontal,
    direction: ScaleDirection.Right,
    range: () => [now.current.range.from.valueOf(), now.current.range.to.valueOf()],
  });
  builder.addScale({ scaleKey: 'y', orientation: ScaleOrientation.Vertical, direction: ScaleDirection.Up, range: () => [0, count()] });
  builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone, theme, grid: { show: false } });
  builder.addAxis({
    scaleKey: 'y',
    placement: AxisPlacement.Left,
    theme,
    grid: { show: false },
    splits: (u) => {
      // A label for each bucket's upper bound, leaving some out when they would touch.
      const every = Math.max(1, Math.ceil((count() * 18) / (u.bbox.height / devicePixelRatio || 1)));
      return Array.from({ length: Math.floor(count() / every) }, (_, index) => (index + 1) * every);
    },
    values: (_u, splits) => splits.map((split) => now.current.buckets?.rows[split - 1]?.label ?? ''),
  });
  builder.addSeries({ scaleKey: 'y', theme, drawStyle: GraphDrawStyle.Points, pathBuilder: () => null, pointsBuilder: () => false, lineWidth: 0, show: true });
  builder.setCursor({ y: true, points: { show: false }, drag: { x: true, y: false, setScale: false } });
  builder.addHook('drawClear', (u: uPlot) => paint(u, now));
  builder.setPrepData((frames) => frames as unknown as uPlot.AlignedData);
  return builder;
}

function paint(u: uPlot, now: Now): void {
  const { buckets, palette, options } = now.current;
  if (!buckets) {
    return;
  }
  const { ctx } = u;
  const gap = options.cellGap * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  ctx.clip();
  buckets.rows.forEach((row, index) => {
    const bottom = u.valToPos(index, 'y', true);
    const top = u.valToPos(index + 1, 'y', true);
    buckets.times.forEach((time, column) => {
      const value = row.values[column];
      if (!isShown(value, options)) {
        return;
      }
      const left = u.valToPos(time - buckets.stepMs, 'x', true);
      const right = u.valToPos(time, 'x', true);
      ctx.fillStyle = palette(share(value ?? 0, buckets, options));
      // Between thin cells gaps would be all one sees.
      const between = right - left > 6 * gap ? gap : 0;
      ctx.fillRect(left, top + gap / 2, Math.max(right - left - between, 1), Math.max(bottom - top - gap, 1));
    });
  });
  ctx.restore();
}

const getStyles = (theme: GrafanaTheme2) => ({
  legend: css({
    height: LEGEND_HEIGHT,
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(1),
    paddingLeft: theme.spacing(1),
    fontSize: theme.typography.bodySmall.fontSize,
    color: theme.colors.text.secondary,
  }),
  scale: css({ width: 160, height: 10, borderRadius: 2 }),
});
