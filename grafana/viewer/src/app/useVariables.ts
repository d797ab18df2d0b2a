import { useEffect, useMemo, useRef, useState } from 'react';

import { isAbort, StartingError } from '../data/http';
import { loadOptions } from '../data/variables';
import type { Dashboard, Settings, VariableOption } from '../model/dashboard';
import { chooseValue, dependencies, inDependencyOrder, isSupported, queryText, type VariableState } from '../model/variables';

import { createReplace } from './scope';
import { toTimeRange } from './useTime';

/** Options and values of all variables, each after those it depends on; undefined until the first time. */
export function useVariables(dashboard: Dashboard, settings: Settings, search: string, rawFrom: string, rawTo: string, timeZone: string): VariableState[] | undefined {
  const models = useMemo(() => inDependencyOrder(dashboard.templating?.list ?? []), [dashboard]);
  const asked = useMemo(() => [...new URLSearchParams(search)].filter(([name]) => name.startsWith('var-')).map(String).join(' '), [search]);
  const known = useRef(new Map<string, VariableOption[]>());
  const [states, setStates] = useState<VariableState[]>();

  useEffect(() => {
    const controller = new AbortController();
    const query = new URLSearchParams(window.location.search);
    const range = toTimeRange(rawFrom, rawTo);
    const load = async () => {
      const done: VariableState[] = [];
      for (const model of models) {
        const replace = createReplace({ dashboard, variables: done, range, rawFrom, rawTo, timeZone });
        const context = {
          sources: settings.datasources,
          fromMs: range.from.valueOf(),
          toMs: range.to.valueOf(),
          replace: (text: string, format?: Parameters<typeof replace>[2]) => replace(text, undefined, format),
          signal: controller.signal,
        };
        const key = [model.name, replace(`${queryText(model)}|${model.regex ?? ''}`), dependencies(model).length, model.refresh === 2 ? `${rawFrom} ${rawTo}` : ''].join('\n');
        let options = known.current.get(key);
        let error: string | undefined;
        if (!options) {
          try {
            options = await loadOptions(model, context);
            known.current.set(key, options);
          } catch (problem) {
            if (isAbort(problem)) {
              return;
            }
            error = problem instanceof StartingError ? undefined : (problem as Error).message; // the panels say what is starting
            options = [];
          }
        }
        if (!isSupported(model)) {
          error = `Variables of the type "${model.type}" are not drawn by the viewer.`;
        }
        done.push({ model, options, value: chooseValue(model, options, query.getAll(`var-${model.name}`)), error });
      }
      if (!controller.signal.aborted) {
        setStates(done);
      }
    };
    void load();
    return () => controller.abort();
  }, [models, dashboard, settings, asked, rawFrom, rawTo, timeZone]);

  return states;
}
