import { expect, it } from 'vitest';

import { keepHistory, MOST, type PastQuery, readHistory, withQuery } from '../src/model/history';

const entry = (query: string, at = 0, datasource = 'prometheus'): PastQuery => ({ datasource, query, at });

function storage(text: string | null = null) {
  let kept = text;
  return { getItem: () => kept, setItem: (_: string, value: string) => void (kept = value) };
}

it('a query that is run again moves to the top', () => {
  const history = withQuery(withQuery(withQuery([], entry('up', 1)), entry('down', 2)), entry('up', 3));
  expect(history).toEqual([entry('up', 3), entry('down', 2)]);
});

it('the same text is another query for another server', () => {
  expect(withQuery([entry('up', 1)], entry('up', 2, 'loki'))).toHaveLength(2);
});

it('the oldest are forgotten', () => {
  const history = Array.from({ length: MOST + 20 }, (_, index) => entry(`q${index}`)).reduce<PastQuery[]>(withQuery, []);
  expect(history).toHaveLength(MOST);
  expect(history[0]?.query).toBe(`q${MOST + 19}`);
});

it('what is kept is read again', () => {
  const store = storage();
  keepHistory(store, [entry('up', 5)]);
  expect(readHistory(store)).toEqual([entry('up', 5)]);
});

it.each(['{', 'null', '7', '{"a":1}', '[{"query":"up"},null,7,{"datasource":"x","query":"","at":1}]'])('%s is no history', (text) => {
  expect(readHistory(storage(text))).toEqual([]);
});

it('a browser that keeps nothing is no failure', () => {
  const full = { setItem: () => { throw new DOMException('full', 'QuotaExceededError'); } };
  expect(() => keepHistory(full, [entry('up')])).not.toThrow();
});
