import { expect, it } from 'vitest';

import { PATIENCE_MS, pressed, SHORTCUTS } from '../src/model/shortcuts';

it('two keys after each other are one shortcut', () => {
  const first = pressed(undefined, 'g', 0);
  expect(first).toEqual({ pending: { key: 'g', at: 0 } });
  expect(pressed(first.pending, 'l', 100)).toEqual({ action: '/logs' });
});

it('one key may be enough, also behind another', () => {
  expect(pressed(undefined, '?', 0).action).toBe('help');
  expect(pressed({ key: 'g', at: 0 }, '?', 10).action).toBe('help');
});

it('a key that comes late begins anew', () => {
  expect(pressed({ key: 'g', at: 0 }, 'l', PATIENCE_MS + 1)).toEqual({});
  expect(pressed({ key: 'g', at: 0 }, 't', PATIENCE_MS + 1)).toEqual({ pending: { key: 't', at: PATIENCE_MS + 1 } });
});

it('other keys do nothing', () => {
  expect(pressed(undefined, 'x', 0)).toEqual({});
  expect(pressed({ key: 'g', at: 0 }, 'x', 1)).toEqual({});
});

it('no shortcut hides another', () => {
  const keys = SHORTCUTS.map((one) => one.keys);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.filter((one) => keys.some((other) => other.startsWith(`${one} `)))).toEqual([]);
});
