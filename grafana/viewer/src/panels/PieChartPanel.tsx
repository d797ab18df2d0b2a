/** Pie and donut, drawn over d3-shape as Grafana's own is. */
import { css } from '@emotion/css';
import { type FieldDisplay, formattedValueToString, getDisplayProcessor, FieldType, type DisplayValue, type GrafanaTheme2 } from '@grafana/data';
import { LegendDisplayMode, type LegendPlacement, SortOrder, TooltipDisplayMode, type VizLegendOptions, type VizTooltipOptions } from '@grafana/schema';
import { useStyles2, useTheme2, VizLayout, VizLegend, type VizLegendItem, VizTooltip, VizTooltipContent, VizTooltipWrapper } from '@grafana/ui';
import { arc, pie, type PieArcDatum } from 'd3-shape';
import { useMemo, useState } from 'react';

import { REDUCE_LAST, type ReduceOptions, useFieldDisplays } from './fieldDisplays';
import { Linked } from './Linked';
import { optionsOf, type VizProps } from './types';

interface Options {
  pieType: 'pie' | 'donut';
  reduceOptions: ReduceOptions;
  displayLabels: Array<'name' | 'value' | 'percent'>;
  legend: VizLegendOptions & { values?: Array<'value' | 'percent'> };
  tooltip: VizTooltipOptions;
  sort: 'asc' | 'desc' | 'none';
}

const DEFAULTS: Options = {
  pieType: 'pie',
  reduceOptions: REDUCE_LAST,
  displayLabels: [],
  legend: { showLegend: true, displayMode: LegendDisplayMode.List, placement: 'right' as LegendPlacement, calcs: [], values: [] },
  tooltip: { mode: TooltipDisplayMode.Single, sort: SortOrder.None },
  sort: 'desc',
};

interface Slice {
  display: FieldDisplay;
  name: string;
  value: number;
  text: string;
  percent: string;
  color: string;
}

export default function PieChartPanel({ panel, data, width, height, scoped }: VizProps) {
  const theme = useTheme2();
  const options = optionsOf(panel, DEFAULTS);
  const displays = useFieldDisplays(panel, data, scoped, { reduceOptions: options.reduceOptions });
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const slices = useMemo(() => toSlices(displays, hidden, options.sort, theme), [displays, hidden, options.sort, theme]);
  const legend = options.legend.showLegend ? (
    <VizLayout.Legend placement={options.legend.placement} maxHeight="45%" maxWidth="60%" width={options.legend.width}>
      <VizLegend
        items={legendItems(displays, slices, hidden, options, theme)}
        placement={options.legend.placement}
        displayMode={options.legend.displayMode}
        seriesVisibilityChangeBehavior={1}
        onLabelClick={(item) => setHidden((old) => flip(old, item.label))}
      />
    </VizLayout.Legend>
  ) : undefined;
  return (
    <VizLayout width={width} height={height} legend={legend}>
      {(w, h) => <Pie slices={slices} width={w} height={h} options={options} />}
    </VizLayout>
  );
}

function flip(old: ReadonlySet<string>, name: string): Set<string> {
  const next = new Set(old);
  if (!next.delete(name)) {
    next.add(name);
  }
  return next;
}

function toSlices(displays: FieldDisplay[], hidden: ReadonlySet<string>, sort: Options['sort'], theme: GrafanaTheme2): Slice[] {
  const shown = displays.filter(({ display }) => !hidden.has(display.title ?? '') && Number.isFinite(display.numeric) && display.numeric > 0);
  const total = shown.reduce((sum, { display }) => sum + display.numeric, 0);
  const percent = percentProcessor(theme);
  const slices = shown.map((display) => ({
    display,
    name: display.display.title ?? '',
    value: display.display.numeric,
    text: formattedValueToString(display.display),
    percent: formattedValueToString(percent(total > 0 ? display.display.numeric / total : 0)),
    color: display.display.color ?? theme.visualization.getColorByName('gray'),
  }));
  if (sort === 'none') {
    return slices;
  }
  return slices.sort((a, b) => (sort === 'asc' ? a.value - b.value : b.value - a.value));
}

const percentProcessor = (theme: GrafanaTheme2) => getDisplayProcessor({ theme, field: { type: FieldType.number, config: { unit: 'percentunit', decimals: 0 } } });

function legendItems(displays: FieldDisplay[], slices: Slice[], hidden: ReadonlySet<string>, options: Options, theme: GrafanaTheme2): VizLegendItem[] {
  const values = options.legend.values ?? [];
  const total = slices.reduce((sum, slice) => sum + slice.value, 0);
  const percent = percentProcessor(theme);
  const order = new Map(slices.map((slice, index) => [slice.name, index]));
  return displays
    .map(({ display }) => ({
      label: display.title ?? '',
      color: display.color,
      disabled: hidden.has(display.title ?? ''),
      yAxis: 1,
      getItemKey: () => display.title ?? '',
      getDisplayValues: (): DisplayValue[] =>
        hidden.has(display.title ?? '')
          ? values.map((title) => ({ numeric: NaN, text: '-', title }))
          : values.map((kind) => (kind === 'percent' ? { ...percent(total > 0 ? display.numeric / total : 0), title: 'Percent' } : { ...display, title: 'Value', percent: undefined })),
    }))
    .sort((a, b) => (order.get(a.label) ?? 1e9) - (order.get(b.label) ?? 1e9));
}

interface PieProps {
  slices: Slice[];
  width: number;
  height: number;
  options: Options;
}

function Pie({ slices, width, height, options }: PieProps) {
  const styles = useStyles2(getStyles);
  const [hover, setHover] = useState<{ index: number; x: number; y: number }>();
  const radius = Math.max(Math.min(width, height) / 2 - 8, 5);
  const inner = options.pieType === 'donut' ? radius * 0.62 : 0;
  const arcs = pie<Slice>()
    .value((slice) => slice.value)
    .sort(null)
    .padAngle(slices.length > 1 ? 0.012 : 0)(slices);
  const shape = arc<PieArcDatum<Slice>>().innerRadius(inner).outerRadius(radius).cornerRadius(2);
  const grown = arc<PieArcDatum<Slice>>().innerRadius(inner).outerRadius(radius + 5).cornerRadius(2);
  const middle = arc<PieArcDatum<Slice>>().innerRadius(inner ? (inner + radius) / 2 : radius * 0.65).outerRadius(inner ? (inner + radius) / 2 : radius * 0.65);
  const items = slices.map((slice, index) => ({
    label: slice.name,
    value: `${slice.text} (${slice.percent})`,
    color: slice.color,
    isActive: index === hover?.index,
  }));
  return (
    <>
      <svg width={width} height={height} role="list" aria-label="Parts of the whole">
        <g transform={`translate(${width / 2} ${height / 2})`}>
          {arcs.map((datum) => (
            <Linked key={datum.data.name} display={datum.data.display}>
              {(onClick) => (
                <g
                  role="listitem"
                  aria-label={`${datum.data.name}: ${datum.data.text}, ${datum.data.percent}`}
                  className={styles.slice}
                  onClick={onClick as unknown as React.MouseEventHandler<SVGGElement>}
                  onMouseMove={(event) => setHover({ index: datum.index, x: event.clientX, y: event.clientY })}
                  onMouseLeave={() => setHover(undefined)}
                  opacity={hover && hover.index !== datum.index ? 0.5 : 1}
                >
                  <path d={(hover?.index === datum.index ? grown : shape)(datum) ?? ''} fill={datum.data.color} />
                  {options.displayLabels.length > 0 && datum.endAngle - datum.startAngle > 0.3 && (
                    <text className={styles.label} transform={`translate(${middle.centroid(datum).join(' ')})`} textAnchor="middle" dominantBaseline="middle">
                      {options.displayLabels.map((kind, line) => (
                        <tspan key={kind} x={0} dy={line === 0 ? 0 : '1.15em'}>
                          {kind === 'name' ? datum.data.name : kind === 'value' ? datum.data.text : datum.data.percent}
                        </tspan>
                      ))}
                    </text>
                  )}
                </g>
              )}
            </Linked>
          ))}
        </g>
      </svg>
      {hover && options.tooltip.mode !== TooltipDisplayMode.None && (
        <VizTooltip
          position={{ x: hover.x, y: hover.y }}
          offset={{ x: 12, y: 12 }}
          content={
            <VizTooltipWrapper>
              <VizTooltipContent items={options.tooltip.mode === TooltipDisplayMode.Multi ? items : items.slice(hover.index, hover.index + 1)} isPinned={false} />
            </VizTooltipWrapper>
          }
        />
      )}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  slice: css({ transition: 'opacity 80ms' }),
  label: css({ fontSize: 12, fontWeight: theme.typography.fontWeightMedium, fill: '#fff', paintOrder: 'stroke', stroke: 'rgba(0,0,0,.45)', strokeWidth: 2.5, pointerEvents: 'none' }),
});
