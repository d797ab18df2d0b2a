import { createContext, useContext } from 'react';

import type { DataSource, Settings } from '../model/dashboard';

export const SettingsContext = createContext<Settings | undefined>(undefined);

export function useSettings(): Settings {
  const settings = useContext(SettingsContext);
  if (!settings) {
    throw new Error('settings are used before they are loaded');
  }
  return settings;
}

/** The first data source of a kind; the pages for logs, traces and alerts each need one. */
export function useSource(type: string): DataSource | undefined {
  return useSettings().datasources.find((source) => source.type === type);
}
