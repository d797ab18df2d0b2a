import { cache } from '@emotion/css';
import { CacheProvider } from '@emotion/react';
import { createTheme, type GrafanaTheme2, ThemeContext } from '@grafana/data';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { createContext, type ReactNode, useContext, useLayoutEffect, useMemo, useState } from 'react';

import { useLocation } from './router';

export type Mode = 'dark' | 'light';

const THEMES: Record<Mode, GrafanaTheme2> = {
  dark: createTheme({ name: 'Dark', colors: { mode: 'dark' } }),
  light: createTheme({ name: 'Light', colors: { mode: 'light' } }),
};
const STORED = 'signalfire.theme';

const ModeContext = createContext<{ mode: Mode; toggle: () => void }>({ mode: 'dark', toggle: () => undefined });
export const useMode = () => useContext(ModeContext);

const isMode = (value: string | null): value is Mode => value === 'dark' || value === 'light';

/** `?theme=` as in Grafana, else what was chosen last, else dark. */
export function ThemeProvider({ children }: { children: ReactNode }) {
  const asked = useLocation().query.get('theme');
  const [chosen, setChosen] = useState<Mode>(() => {
    const stored = window.localStorage.getItem(STORED);
    return isMode(asked) ? asked : isMode(stored) ? stored : 'dark';
  });
  const theme = THEMES[chosen];
  useLayoutEffect(() => {
    document.documentElement.style.colorScheme = chosen;
    document.documentElement.dataset['theme'] = chosen;
  }, [chosen]);
  const value = useMemo(
    () => ({
      mode: chosen,
      toggle: () => {
        const next = chosen === 'dark' ? 'light' : 'dark';
        window.localStorage.setItem(STORED, next);
        setChosen(next);
      },
    }),
    [chosen]
  );
  return (
    <CacheProvider value={cache}>
      <ThemeContext.Provider value={theme}>
        <ModeContext.Provider value={value}>
          <GlobalStyles />
          {children}
          <PortalContainer />
        </ModeContext.Provider>
      </ThemeContext.Provider>
    </CacheProvider>
  );
}
