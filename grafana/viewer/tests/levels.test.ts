import { colorManipulator, createTheme } from '@grafana/data';
import { describe, expect, it } from 'vitest';

import { LEVEL_NAMES, levelTextColor } from '../src/components/levels';

const LEGIBLE = 4.5;

describe.each(['dark', 'light'] as const)('%s', (mode) => {
  const theme = createTheme({ colors: { mode } });
  const { primary, secondary } = theme.colors.background;
  it.each(LEVEL_NAMES)('the word %s can be read', (level) => {
    // Where a line lies, opened or not.
    for (const ground of [primary, secondary]) {
      expect(colorManipulator.getContrastRatio(levelTextColor(level, theme), ground)).toBeGreaterThanOrEqual(LEGIBLE);
    }
  });
});
