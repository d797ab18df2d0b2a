/** What every panel of an open dashboard shares. */
import type { EventBus, ScopedVars, TimeRange } from '@grafana/data';
import { createContext, useContext } from 'react';

import type { Dashboard, Settings } from '../model/dashboard';
import { type FormatFunction, interpolate, type Lookup, queryParameters, type Resolved } from '../model/interpolate';
import { lookupScoped } from '../model/scoped';
import { isSupported, resolve, type VariableState } from '../model/variables';

import type { Clock } from './useTime';

export type Replace = (text: string, scoped?: ScopedVars, format?: string | FormatFunction | Function) => string;

export interface Scope {
  settings: Settings;
  dashboard: Dashboard;
  variables: VariableState[];
  clock: Clock;
  timeZone: string;
  eventBus: EventBus;
  /** A new object for each refresh: panels ask again when they see another one. */
  run: { range: TimeRange };
  replace: Replace;
  reportLoading: (panel: string, loading: boolean) => void;
}

export const ScopeContext = createContext<Scope | undefined>(undefined);

export function useScope(): Scope {
  const scope = useContext(ScopeContext);
  if (!scope) {
    throw new Error('a panel stands outside a dashboard');
  }
  return scope;
}

const text = (value: string): Resolved => ({ value, text: value, multi: false });

interface Surroundings {
  dashboard: Dashboard;
  variables: VariableState[];
  range: TimeRange;
  rawFrom: string;
  rawTo: string;
  timeZone: string;
}

export function createReplace({ dashboard, variables, range, rawFrom, rawTo, timeZone }: Surroundings): Replace {
  const byName = new Map(variables.filter(({ model }) => isSupported(model)).map((state) => [state.model.name, resolve(state)]));
  const rangeMs = range.to.valueOf() - range.from.valueOf();
  const builtIn: Record<string, () => Resolved> = {
    __from: () => text(String(range.from.valueOf())),
    __to: () => text(String(range.to.valueOf())),
    __range: () => text(`${Math.round(rangeMs / 1000)}s`),
    __range_s: () => text(String(Math.round(rangeMs / 1000))),
    __range_ms: () => text(String(rangeMs)),
    __dashboard: () => text(dashboard.title),
    __timezone: () => text(timeZone),
    __url_time_range: () => ({ ...text(`from=${encodeURIComponent(rawFrom)}&to=${encodeURIComponent(rawTo)}`), literal: true }),
    __all_variables: () => ({ ...text([...byName].map(([name, value]) => queryParameters(name, value)).join('&')), literal: true }),
  };
  return (source, scoped, format) => {
    const lookup: Lookup = (name, field) => {
      const local = lookupScoped(name, field, scoped);
      if (local) {
        return local;
      }
      if (name === '__dashboard' && field === 'uid') {
        return text(dashboard.uid);
      }
      return builtIn[name]?.() ?? byName.get(name);
    };
    return interpolate(source, lookup, format as string | FormatFunction | undefined);
  };
}
