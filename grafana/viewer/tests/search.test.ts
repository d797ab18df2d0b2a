import { describe, expect, it } from 'vitest';

import { fits, pairs } from '../src/model/search';

describe('what is typed to narrow a page', () => {
  it.each([
    ['', true],
    ['  ad-api ', true],
    ['SERVICE=AD', true],
    ['say "hi"', true],
    ['a\\b', true],
    ['.*', false],
    ['nothing', false],
  ])('%j: %s', (typed, expected) => {
    expect(fits(typed, pairs({ service: 'ad-api' }), undefined, 'say "hi" to a\\b')).toBe(expected);
  });
});
