/** A round gauge: Grafana keeps its own in its core, so this one is drawn here, in the theme's colours. */
import { css } from '@emotion/css';
import { type FieldDisplay, formattedValueToString, type GrafanaTheme2, ThresholdsMode, VizOrientation, type FieldConfig } from '@grafana/data';
import type { VizTextDisplayOptions } from '@grafana/schema';
import { calculateFontSize, useStyles2, useTheme2, VizRepeater } from '@grafana/ui';
import { arc } from 'd3-shape';
import { useId } from 'react';

import { REDUCE_LAST, type ReduceOptions, useFieldDisplays } from './fieldDisplays';
import { Linked } from './Linked';
import { optionsOf, type VizProps } from './types';

interface Options {
  reduceOptions: ReduceOptions;
  orientation: VizOrientation;
  showThresholdLabels: boolean;
  showThresholdMarkers: boolean;
  minVizWidth: number;
  minVizHeight: number;
  text?: VizTextDisplayOptions;
}

const DEFAULTS: Options = {
  reduceOptions: REDUCE_LAST,
  orientation: VizOrientation.Auto,
  showThresholdLabels: false,
  showThresholdMarkers: true,
  minVizWidth: 75,
  minVizHeight: 75,
};

/** Half of the opening below, in radians. */
const OPENING = Math.PI / 3.6;
const START = -Math.PI + OPENING;
const SWEEP = 2 * (Math.PI - OPENING);

export function GaugePanel({ panel, data, width, height, scoped }: VizProps) {
  const options = optionsOf(panel, DEFAULTS);
  const displays = useFieldDisplays(panel, data, scoped, { reduceOptions: options.reduceOptions });
  return (
    <VizRepeater<FieldDisplay>
      source={data.series}
      getValues={() => displays}
      renderCounter={0}
      width={width}
      height={height}
      minVizWidth={options.minVizWidth}
      minVizHeight={options.minVizHeight}
      itemSpacing={8}
      autoGrid
      orientation={options.orientation}
      renderValue={({ value, width: w, height: h, count }) => (
        <Linked display={value}>
          {(onClick) => <Gauge display={value} width={w} height={h} options={options} showName={count > 1 || Boolean(panel.fieldConfig?.defaults.displayName)} onClick={onClick} />}
        </Linked>
      )}
    />
  );
}

interface GaugeProps {
  display: FieldDisplay;
  width: number;
  height: number;
  options: Options;
  showName: boolean;
  onClick?: React.MouseEventHandler<HTMLElement>;
}

function Gauge({ display, width, height, options, showName, onClick }: GaugeProps) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const id = useId();
  const { field, display: value } = display;
  const min = field.min ?? 0;
  const max = field.max ?? 100;
  const nameHeight = showName ? 22 : 0;
  // The arc is (1 + cos opening) radii high: fit that, not a full circle.
  const tall = 1 + Math.cos(OPENING);
  const radius = Math.max(Math.min(width / 2, (height - nameHeight) / tall) - 4, 10);
  const ring = options.showThresholdMarkers ? Math.max(radius * 0.035, 2.5) : 0;
  const gap = ring ? Math.max(radius * 0.025, 2) : 0;
  const outer = radius - ring - gap;
  const inner = outer * 0.76;
  const share = Number.isFinite(value.numeric) && max > min ? Math.min(Math.max((value.numeric - min) / (max - min), 0), 1) : 0;
  const angle = (part: number) => START + part * SWEEP;
  const path = (from: number, to: number, r0: number, r1: number, rounded = false) =>
    arc().cornerRadius(rounded ? (r1 - r0) / 2 : 0)({ startAngle: angle(from), endAngle: angle(to), innerRadius: r0, outerRadius: r1 }) ?? '';
  const text = formattedValueToString(value);
  const fontSize = options.text?.valueSize ?? calculateFontSize(text, inner * 1.5, inner * 0.75, 1);
  const color = value.color ?? theme.colors.primary.main;
  const centerX = width / 2;
  const centerY = radius + 4;
  const arcHeight = Math.min(radius * tall + 8, height - nameHeight);
  const drawn = (
    <>
      <svg width={width} height={arcHeight} role="presentation">
        <defs>
          <linearGradient id={id} x1="0" x2="1" y1="1" y2="0">
            <stop offset="0" stopColor={color} stopOpacity={0.55} />
            <stop offset="1" stopColor={color} />
          </linearGradient>
        </defs>
        <g transform={`translate(${centerX} ${centerY})`}>
          <path d={path(0, 1, inner, outer, true) } fill={theme.isDark ? theme.colors.background.secondary : theme.colors.border.weak} />
          {share > 0 && <path d={path(0, Math.max(share, 0.02), inner, outer, true) } fill={`url(#${id})`} />}
          {ring > 0 && bands(field, min, max, theme).map(({ from, to, color: band }) => <path key={from} d={path(from, to, radius - ring, radius) } fill={band} />)}
          {options.showThresholdLabels && labels(field, min, max, display).map(({ at, text: label }) => (
            <text key={at} className={styles.threshold} x={Math.sin(angle(at)) * inner * 0.86} y={-Math.cos(angle(at)) * inner * 0.86} textAnchor="middle" dominantBaseline="middle">
              {label}
            </text>
          ))}
          <text className={styles.value} fontSize={fontSize} fill={color} textAnchor="middle" dominantBaseline="central" y={radius * 0.06}>
            {text}
          </text>
        </g>
      </svg>
      {showName && <span className={styles.name}>{value.title}</span>}
    </>
  );
  return onClick ? (
    <button type="button" className={styles.gauge} style={{ width, height, cursor: 'pointer' }} onClick={onClick}>
      {drawn}
    </button>
  ) : (
    <div className={styles.gauge} style={{ width, height }}>
      {drawn}
    </div>
  );
}

/** The thresholds as parts of the scale, 0 to 1. */
function bands(field: FieldConfig, min: number, max: number, theme: GrafanaTheme2): Array<{ from: number; to: number; color: string }> {
  const steps = field.thresholds?.steps ?? [];
  const isPercent = field.thresholds?.mode === ThresholdsMode.Percentage;
  const share = (value: number) => Math.min(Math.max(isPercent ? value / 100 : (value - min) / (max - min), 0), 1);
  return steps
    .map((step, index) => ({
      from: Number.isFinite(step.value) && step.value !== null ? share(step.value) : 0,
      to: index + 1 < steps.length ? share(steps[index + 1]?.value ?? max) : 1,
      color: theme.visualization.getColorByName(step.color),
    }))
    .filter(({ from, to }) => to > from);
}

function labels(field: FieldConfig, min: number, max: number, display: FieldDisplay): Array<{ at: number; text: string }> {
  const steps = field.thresholds?.steps ?? [];
  const processor = display.view?.getFieldDisplayProcessor(display.colIndex ?? 0);
  return steps
    .filter((step) => Number.isFinite(step.value) && step.value !== null && step.value > min && step.value < max)
    .map((step) => ({ at: (step.value - min) / (max - min), text: processor ? formattedValueToString(processor(step.value)) : String(step.value) }));
}


const getStyles = (theme: GrafanaTheme2) => ({
  gauge: css({ display: 'flex', flexDirection: 'column', alignItems: 'center', justifyContent: 'center', border: 'none', background: 'none', padding: 0, color: 'inherit', '&:focus-visible': { outline: `2px solid ${theme.colors.primary.main}` } }),
  value: css({ fontWeight: theme.typography.fontWeightMedium, fontFamily: theme.typography.fontFamily, fontVariantNumeric: 'tabular-nums', letterSpacing: '-0.02em' }),
  threshold: css({ fontSize: 10, fill: theme.colors.text.secondary }),
  name: css({ color: theme.colors.text.primary, lineHeight: '22px', maxWidth: '100%', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }),
});
