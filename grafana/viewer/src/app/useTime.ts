/** The time range and the refresh interval: written in the address as Grafana writes them. */
import { dateMath, dateTime, type RawTimeRange, rangeUtil, type TimeRange } from '@grafana/data';
import { useCallback, useEffect, useMemo, useState } from 'react';

import { durationMs } from '../model/interval';

import { updateQuery, useLocation } from './router';

/** "now-1h", milliseconds, or a date. */
function parseOne(text: string, roundUp: boolean): ReturnType<typeof dateTime> | undefined {
  if (/^\d{10,16}$/.test(text)) {
    return dateTime(Number(text));
  }
  const parsed = text.includes('now') ? dateMath.toDateTime(text, { roundUp }) : dateTime(text);
  return parsed?.isValid() ? parsed : undefined;
}

export function toTimeRange(from: string, to: string): TimeRange {
  const start = parseOne(from, false);
  const end = parseOne(to, true);
  if (!start || !end || start.valueOf() >= end.valueOf()) {
    return toTimeRange('now-1h', 'now');
  }
  const raw = (text: string, parsed: typeof start) => (text.includes('now') ? text : parsed);
  return { from: start, to: end, raw: { from: raw(from, start), to: raw(to, end) } };
}

const written = (value: RawTimeRange['from']): string => (typeof value === 'string' ? value : String(value.valueOf()));

export interface Clock {
  range: TimeRange;
  rawFrom: string;
  rawTo: string;
  refresh: string;
  /** Counts the refreshes: everything that shows data asks again when it changes. */
  tick: number;
  setRange: (raw: RawTimeRange) => void;
  setRefresh: (interval: string) => void;
  refreshNow: () => void;
  move: (direction: -1 | 1) => void;
  zoomOut: () => void;
}

interface Defaults {
  from: string;
  to: string;
  refresh?: string;
  /** While this says so, the next refresh waits: a slow server is not asked again before it has answered. */
  isBusy?: () => boolean;
}

export function useClock(defaults: Defaults): Clock {
  const { query } = useLocation();
  const rawFrom = query.get('from') ?? defaults.from;
  const rawTo = query.get('to') ?? defaults.to;
  const refresh = query.get('refresh') ?? defaults.refresh ?? '';
  const { isBusy } = defaults;
  const [tick, setTick] = useState(0);
  const refreshNow = useCallback(() => setTick((count) => count + 1), []);

  useEffect(() => {
    const every = durationMs(refresh);
    if (!every) {
      return undefined;
    }
    let missed = false;
    const timer = window.setInterval(() => {
      missed = document.hidden;
      if (!missed && !isBusy?.()) {
        refreshNow();
      }
    }, Math.max(every, 1000));
    const onShown = () => {
      if (missed && !document.hidden) {
        missed = false;
        refreshNow();
      }
    };
    document.addEventListener('visibilitychange', onShown);
    return () => {
      window.clearInterval(timer);
      document.removeEventListener('visibilitychange', onShown);
    };
  }, [refresh, refreshNow, isBusy]);

  // eslint-disable-next-line -- a tick moves "now"
  const range = useMemo(() => toTimeRange(rawFrom, rawTo), [rawFrom, rawTo, tick]);
  const setRange = useCallback((raw: RawTimeRange) => updateQuery({ from: written(raw.from), to: written(raw.to) }), []);
  const setRefresh = useCallback((interval: string) => updateQuery({ refresh: interval }), []);
  const shift = (from: number, to: number) => setRange({ from: dateTime(from), to: dateTime(to) });
  return {
    range,
    rawFrom,
    rawTo,
    refresh,
    tick,
    setRange,
    setRefresh,
    refreshNow,
    move: (direction) => {
      const half = (range.to.valueOf() - range.from.valueOf()) / 2;
      shift(range.from.valueOf() + direction * half, range.to.valueOf() + direction * half);
    },
    zoomOut: () => {
      const span = range.to.valueOf() - range.from.valueOf();
      shift(range.from.valueOf() - span / 2, range.to.valueOf() + span / 2);
    },
  };
}

export const describe = (range: TimeRange): string => rangeUtil.describeTimeRange(range.raw);
