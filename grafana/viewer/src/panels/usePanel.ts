/** A panel's data: asked for when it is in view, once for each refresh, and given up when it leaves. */
import { type DataFrame, dateMath, dateTime, type ScopedVars, type TimeRange } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import { useEffect, useMemo, useRef, useState } from 'react';

import { useScope } from '../app/scope';
import { isAbort, StartingError } from '../data/http';
import { type PanelAnswer, runPanel } from '../data/queries';
import { applyFieldConfig, fieldConfigOf } from '../grafana/fieldConfig';
import { transform, unknownTransformations } from '../grafana/transform';
import type { Panel } from '../model/dashboard';
import { UnsupportedError } from '../model/datasource';
import { durationMs } from '../model/interval';

import { isEmpty } from './empty';

export type PanelState = 'loading' | 'ok' | 'empty' | 'starting' | 'error' | 'unsupported';

export interface PanelData {
  state: PanelState;
  /** A new answer is on its way; what is shown is the one before. */
  busy: boolean;
  /** After transformations and field overrides. */
  series: DataFrame[];
  exemplars: DataFrame[];
  notices: string[];
  queries: PanelAnswer['queries'];
  error?: Error;
  range: TimeRange;
  /** "Last 24 hours", when the panel has a time of its own. */
  timeInfo?: string;
}

interface Loaded {
  answer: PanelAnswer;
  frames: DataFrame[];
  range: TimeRange;
}

/** Panels that show something without asking a server. */
const WITHOUT_DATA = new Set(['text', 'row', 'dashlist', 'alertlist', 'news', 'welcome']);
export const needsData = (panel: Panel): boolean => !WITHOUT_DATA.has(panel.type);

export function usePanel(panel: Panel, scoped: ScopedVars, visible: boolean, width: number, key: string): PanelData {
  const scope = useScope();
  const theme = useTheme2();
  const { run, replace, settings, timeZone, reportLoading } = scope;
  const [loaded, setLoaded] = useState<Loaded>();
  const [problem, setProblem] = useState<{ error: Error } | undefined>();
  const [busy, setBusy] = useState(needsData(panel));
  const asked = useRef<{ run: unknown; panel: unknown; points: number }>(undefined);
  const unseen = width === 0;
  const points = Math.max(Math.ceil(width / 100) * 100, 100);

  useEffect(() => {
    const current = { run, panel, points };
    const same = asked.current?.run === run && asked.current.panel === panel && asked.current.points === points;
    if (!visible || unseen || same || !needsData(panel)) {
      return undefined;
    }
    const controller = new AbortController();
    const { range } = panelTime(panel, run.range);
    const load = async () => {
      const unknown = unknownTransformations(panel.transformations);
      if (unknown.length > 0) {
        throw new UnsupportedError(`The viewer does not know the transformation ${unknown.map((id) => `"${id}"`).join(', ')}, and would show wrong data without it.`);
      }
      const answer = await runPanel(panel, {
        sources: settings.datasources,
        fromMs: range.from.valueOf(),
        toMs: range.to.valueOf(),
        maxDataPoints: points,
        replace: (text, extra, format) => replace(text, { ...scoped, ...asScoped(extra) }, format),
        signal: controller.signal,
      });
      const frames = await transform(answer.frames, panel.transformations, (text) => replace(text, scoped));
      return { answer, frames, range };
    };
    setBusy(true);
    reportLoading(key, true);
    load()
      .then((result) => {
        if (!controller.signal.aborted) {
          asked.current = current;
          setLoaded(result);
          setProblem(undefined);
        }
      })
      .catch((error: unknown) => {
        if (!controller.signal.aborted && !isAbort(error)) {
          asked.current = current;
          setProblem({ error: error instanceof Error ? error : new Error(String(error)) });
        }
      })
      .finally(() => {
        if (!controller.signal.aborted) {
          setBusy(false);
        }
        reportLoading(key, false);
      });
    return () => controller.abort();
  }, [run, panel, scoped, visible, points, unseen, settings, replace, key, reportLoading]);

  const series = useMemo(
    () => (loaded ? applyFieldConfig(loaded.frames, fieldConfigOf(panel), theme, timeZone, (text, vars, format) => replace(text, { ...scoped, ...vars }, format)) : []),
    [loaded, panel, theme, timeZone, replace, scoped]
  );
  const { range, timeInfo } = panelTime(panel, run.range);
  const state = stateOf(panel, problem?.error, loaded, series);
  return {
    state,
    busy,
    series,
    exemplars: loaded?.answer.exemplars ?? NONE,
    notices: loaded?.answer.notices ?? [],
    queries: loaded?.answer.queries ?? [],
    error: problem?.error,
    range: loaded?.range ?? range,
    timeInfo,
  };
}

const NONE: DataFrame[] = [];

function stateOf(panel: Panel, error: Error | undefined, loaded: Loaded | undefined, series: DataFrame[]): PanelState {
  if (!needsData(panel)) {
    return 'ok';
  }
  if (error) {
    return error instanceof UnsupportedError ? 'unsupported' : error instanceof StartingError ? 'starting' : 'error';
  }
  if (!loaded) {
    return 'loading';
  }
  // A panel that says in words of its own that there is nothing has an answer, such as a list of what fires.
  return isEmpty(series) && !panel.fieldConfig?.defaults.noValue ? 'empty' : 'ok';
}

const asScoped = (values: Record<string, string>): ScopedVars => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, text: value }]));

/** The panel's own "relative time" and "time shift", over the dashboard's range. */
export function panelTime(panel: Panel, range: TimeRange): { range: TimeRange; timeInfo?: string } {
  let result = range;
  const info: string[] = [];
  const own = panel.timeFrom?.replace(/^now-/, '');
  if (own) {
    const from = dateMath.toDateTime(`now-${own}`, {}) ?? range.from;
    const to = dateTime();
    result = { from, to, raw: { from: `now-${own}`, to: 'now' } };
    info.push(`Last ${own}`);
  }
  const shift = panel.timeShift ? durationMs(panel.timeShift) : undefined;
  if (shift) {
    const from = dateTime(result.from.valueOf() - shift);
    const to = dateTime(result.to.valueOf() - shift);
    result = { from, to, raw: { from, to } };
    info.push(`timeshift -${panel.timeShift}`);
  }
  return { range: result, timeInfo: info.length > 0 && !panel.hideTimeOverride ? info.join(' ') : undefined };
}
