/** Keys as in Grafana: one, or two after each other. */

export interface Shortcut {
  keys: string;
  text: string;
}

export type Action = 'help' | 'refresh' | 'zoom-out' | 'back' | 'forward' | `/${string}`;

export const SHORTCUTS: Array<Shortcut & { action: Action }> = [
  { keys: '?', text: 'This list', action: 'help' },
  { keys: 'g h', text: 'Home', action: '/' },
  { keys: 'g d', text: 'All dashboards', action: '/dashboards' },
  { keys: 'g l', text: 'Logs', action: '/logs' },
  { keys: 'g t', text: 'Traces', action: '/traces' },
  { keys: 'g e', text: 'Explore', action: '/explore' },
  { keys: 'g a', text: 'Alerts', action: '/alerts' },
  { keys: 'd r', text: 'Refresh', action: 'refresh' },
  { keys: 't z', text: 'Zoom the time out', action: 'zoom-out' },
  { keys: 't ArrowLeft', text: 'Move the time back', action: 'back' },
  { keys: 't ArrowRight', text: 'Move the time forward', action: 'forward' },
];

/** Keys that come later than this begin anew. */
export const PATIENCE_MS = 1500;

interface Pressed {
  key: string;
  at: number;
}

/** What the last keys ask for; what they began is in `pending`. */
export function pressed(before: Pressed | undefined, key: string, at: number): { action?: Action; pending?: Pressed } {
  const both = before && at - before.at <= PATIENCE_MS ? `${before.key} ${key}` : undefined;
  const found = SHORTCUTS.find(({ keys }) => keys === both) ?? SHORTCUTS.find(({ keys }) => keys === key);
  if (found) {
    return { action: found.action };
  }
  return SHORTCUTS.some(({ keys }) => keys.startsWith(`${key} `)) ? { pending: { key, at } } : {};
}
