import { expect, it } from 'vitest';

import { shortened } from '../src/model/shortened';

it.each([
  ['HighErrorRate', 20, 'HighErrorRate'],
  ['HighErrorRate', 13, 'HighErrorRate'],
  ['HighErrorRate', 12, 'HighErrorRa…'],
  ['HighErrorRate', 1, '…'],
])('%s in %i letters is %s', (name, letters, shown) => {
  expect(shortened(name, letters)).toBe(shown);
});
