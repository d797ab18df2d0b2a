import {
  CoreApp,
  compareArrayValues,
  compareDataFrameStructures,
  type DataFrame,
  DashboardCursorSync,
  FieldType,
  getFieldDisplayName,
  type Field,
} from '@grafana/data';
import { LegendDisplayMode, type LegendPlacement, SortOrder, TooltipDisplayMode, type VizLegendOptions, type VizTooltipOptions } from '@grafana/schema';
import { type PanelContext, PanelContextProvider, SeriesVisibilityChangeMode, TimeSeries, TooltipPlugin2 } from '@grafana/ui';
import { useCallback, useMemo, useRef, useState } from 'react';

import { useScope } from '../app/scope';
import { Notice } from '../components/Notice';

import { Exemplars } from './Exemplars';
import { SeriesTooltip } from './SeriesTooltip';
import { optionsOf, type VizProps } from './types';

interface Options {
  legend: VizLegendOptions;
  tooltip: VizTooltipOptions;
}

export const LEGEND: VizLegendOptions = {
  showLegend: true,
  displayMode: LegendDisplayMode.List,
  placement: 'bottom' as LegendPlacement,
  calcs: [],
};
const DEFAULTS: Options = { legend: LEGEND, tooltip: { mode: TooltipDisplayMode.Single, sort: SortOrder.None } };

// Grafana keeps this enumeration to itself.
const HOVER_ONE = 0;
const HOVER_ALL = 1;

export function TimeSeriesPanel({ panel, data, width, height }: VizProps) {
  const { clock, timeZone, dashboard, eventBus } = useScope();
  const options = useMemo(() => optionsOf(panel, DEFAULTS), [panel]);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const graphable = useMemo(() => prepare(data.series), [data.series]);
  const frames = useMemo(() => hide(graphable, hidden), [graphable, hidden]);
  const structureRev = useStructureRev(frames);
  const sync = cursorSync(dashboard.graphTooltip);

  const onToggleSeriesVisibility = useCallback(
    (label: string | string[] | null, mode: SeriesVisibilityChangeMode) => setHidden((old) => toggled(old, namesOf(graphable), label, mode)),
    [graphable]
  );
  const context = useMemo<PanelContext>(
    () => ({ eventsScope: dashboard.uid, eventBus, sync: () => sync, app: CoreApp.Dashboard, onToggleSeriesVisibility }),
    [dashboard.uid, eventBus, sync, onToggleSeriesVisibility]
  );

  if (graphable.length === 0) {
    return <Notice icon="info-circle" title="No number over time">The query’s answer has no time or no number, so there is no line to draw.</Notice>;
  }
  return (
    <PanelContextProvider value={context}>
      <TimeSeries frames={frames} structureRev={structureRev} width={width} height={height} timeRange={data.range} timeZone={timeZone} legend={options.legend} options={options}>
        {(config, aligned) => (
          <>
            {options.tooltip.mode !== TooltipDisplayMode.None && (
              <TooltipPlugin2
                config={config}
                hoverMode={options.tooltip.mode === TooltipDisplayMode.Single ? HOVER_ONE : HOVER_ALL}
                queryZoom={({ from, to }) => clock.setRange({ from: String(Math.round(from)), to: String(Math.round(to)) })}
                syncMode={sync}
                syncScope={dashboard.uid}
                maxWidth={options.tooltip.maxWidth}
                getDataLinks={(seriesIndex, row) => linksOf(aligned.fields[seriesIndex], row)}
                render={(_u, rows, seriesIndex, isPinned, _dismiss, _range, viaSync, links) => (
                  <SeriesTooltip
                    frame={aligned}
                    rows={rows}
                    seriesIndex={seriesIndex}
                    mode={viaSync ? TooltipDisplayMode.Multi : options.tooltip.mode}
                    sort={options.tooltip.sort}
                    hideZeros={options.tooltip.hideZeros}
                    maxHeight={options.tooltip.maxHeight}
                    isPinned={isPinned}
                    links={links}
                  />
                )}
              />
            )}
            {data.exemplars.length > 0 && <Exemplars config={config} frames={data.exemplars} range={data.range} timeZone={timeZone} />}
          </>
        )}
      </TimeSeries>
    </PanelContextProvider>
  );
}

export function cursorSync(graphTooltip: number | undefined): DashboardCursorSync {
  return graphTooltip === 1 ? DashboardCursorSync.Crosshair : graphTooltip === 2 ? DashboardCursorSync.Tooltip : DashboardCursorSync.Off;
}

function linksOf(field: Field | undefined, row: number) {
  return field?.getLinks && (field.config.links?.length ?? 0) > 0 ? field.getLinks({ valueRowIndex: row }) : [];
}

/** Frames with a time and at least one number; what is not finite is a gap. */
function prepare(series: DataFrame[]): DataFrame[] {
  return series.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === FieldType.time);
    const numbers = frame.fields.filter((field) => field.type === FieldType.number || field.type === FieldType.boolean);
    if (!time || numbers.length === 0 || frame.length === 0) {
      return [];
    }
    const fields = numbers.map((field) => ({
      ...field,
      type: FieldType.number,
      values: field.values.map((value: unknown) => (typeof value === 'boolean' ? Number(value) : Number.isFinite(value) ? value : null)),
    }));
    return [{ ...frame, fields: [time, ...fields] }];
  });
}

const namesOf = (frames: DataFrame[]): string[] =>
  frames.flatMap((frame) => frame.fields.filter((field) => field.type === FieldType.number).map((field) => getFieldDisplayName(field, frame, frames)));

/** A click on a legend's name shows that series alone, or all again; with Ctrl it switches just that one. */
export function toggled(hidden: ReadonlySet<string>, all: string[], label: string | string[] | null, mode: SeriesVisibilityChangeMode): Set<string> {
  const chosen = label === null ? [] : [label].flat();
  if (chosen.length === 0) {
    return new Set();
  }
  if (mode === SeriesVisibilityChangeMode.AppendToSelection) {
    const next = new Set(hidden);
    chosen.forEach((name) => (next.has(name) ? next.delete(name) : next.add(name)));
    return next;
  }
  const others = all.filter((name) => !chosen.includes(name));
  const isAlone = others.length > 0 && others.every((name) => hidden.has(name)) && chosen.every((name) => !hidden.has(name));
  return new Set(isAlone ? [] : others);
}

function hide(frames: DataFrame[], hidden: ReadonlySet<string>): DataFrame[] {
  if (hidden.size === 0) {
    return frames;
  }
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) =>
      field.type === FieldType.number && hidden.has(getFieldDisplayName(field, frame, frames))
        ? { ...field, config: { ...field.config, custom: { ...(field.config.custom as object), hideFrom: { viz: true, legend: false, tooltip: true } } } }
        : field
    ),
  }));
}

/** Changes when the plot must be built anew, and not when only its values do. */
export function useStructureRev(frames: DataFrame[]): number {
  const state = useRef<{ frames: DataFrame[]; rev: number }>({ frames, rev: 1 });
  if (state.current.frames !== frames) {
    const same = compareArrayValues(state.current.frames, frames, compareDataFrameStructures);
    state.current = { frames, rev: state.current.rev + (same ? 0 : 1) };
  }
  return state.current.rev;
}
