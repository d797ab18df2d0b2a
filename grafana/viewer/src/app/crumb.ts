/** The name of what is open, for the navigation: set by a page, shown above it. */
import { useEffect, useSyncExternalStore } from 'react';

let current = '';
const listeners = new Set<() => void>();

function set(crumb: string): void {
  current = crumb;
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useShownCrumb = (): string => useSyncExternalStore(subscribe, () => current);

export function useCrumb(crumb: string): void {
  useEffect(() => {
    set(crumb);
    return () => set('');
  }, [crumb]);
}
