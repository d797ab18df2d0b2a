/** What the open page can be told to do, by a key; the page that shows a time listens. */
import { useEffect } from 'react';

const listeners = new Map<string, Set<() => void>>();

export function runAction(action: string): void {
  listeners.get(action)?.forEach((listener) => listener());
}

export function useActions(actions: Record<string, () => void>): void {
  useEffect(() => {
    const added = Object.entries(actions);
    for (const [name, listener] of added) {
      listeners.set(name, (listeners.get(name) ?? new Set()).add(listener));
    }
    return () => added.forEach(([name, listener]) => listeners.get(name)?.delete(listener));
  });
}
