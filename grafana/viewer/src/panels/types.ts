import type { ScopedVars } from '@grafana/data';

import type { Panel } from '../model/dashboard';

import type { PanelData, PanelState } from './usePanel';

/** What every kind of panel is drawn from. */
export interface VizProps {
  panel: Panel;
  data: PanelData;
  width: number;
  height: number;
  scoped: ScopedVars;
  /** For the few that ask for their data themselves: how that went. */
  onState: (state: PanelState) => void;
}

/** A panel's options, with the defaults of its kind. */
export function optionsOf<T extends object>(panel: Panel, defaults: T): T {
  return { ...defaults, ...(panel.options as Partial<T> | undefined) };
}
