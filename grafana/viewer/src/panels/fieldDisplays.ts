import { type FieldDisplay, getFieldDisplayValues, ReducerID, type ScopedVars } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import { useMemo } from 'react';

import { useScope } from '../app/scope';
import { fieldConfigOf } from '../grafana/fieldConfig';
import type { Panel } from '../model/dashboard';

import type { PanelData } from './usePanel';

export interface ReduceOptions {
  calcs: string[];
  fields?: string;
  values?: boolean;
  limit?: number;
}

export const REDUCE_LAST: ReduceOptions = { calcs: [ReducerID.lastNotNull], fields: '', values: false };

interface How {
  reduceOptions: ReduceOptions;
  sparkline?: boolean;
  percentChange?: boolean;
}

/** One value a series (or a row), as Grafana reduces and formats it. */
export function useFieldDisplays(panel: Panel, data: PanelData, scoped: ScopedVars, { reduceOptions, sparkline, percentChange }: How): FieldDisplay[] {
  const { replace, timeZone } = useScope();
  const theme = useTheme2();
  return useMemo(
    () =>
      getFieldDisplayValues({
        data: data.series,
        fieldConfig: fieldConfigOf(panel),
        reduceOptions: { ...reduceOptions, calcs: reduceOptions.calcs.length > 0 ? reduceOptions.calcs : REDUCE_LAST.calcs },
        replaceVariables: (text, vars, format) => replace(text, { ...scoped, ...vars }, format),
        sparkline,
        percentChange,
        theme,
        timeZone,
      }),
    // eslint-disable-next-line -- reduceOptions is a part of the panel
    [data.series, panel, replace, scoped, sparkline, percentChange, theme, timeZone]
  );
}
