import { type DataFrame, FieldType } from '@grafana/data';
import { parse } from 'papaparse';
import { expect, it } from 'vitest';

import { toCsv } from '../src/panels/csv';

const time = (values: number[]) => ({ name: 'Time', type: FieldType.time, config: {}, values });
const series = (name: string, times: number[], values: unknown[]): DataFrame => ({ name, length: times.length, fields: [time(times), { name: 'Value', type: FieldType.number, config: { displayNameFromDS: name }, values }] });
const read = (text: string): string[][] => parse<string[]>(text).data;

it('series stand beside each other, by time', () => {
  const text = toCsv([series('a', [0, 1000], [1, 2.5]), series('b', [1000, 2000], [Number.NaN, -3])]);
  expect(read(text)).toEqual([
    ['Time', 'a', 'b'],
    ['1970-01-01T00:00:00.000Z', '1', ''],
    ['1970-01-01T00:00:01.000Z', '2.5', ''],
    ['1970-01-01T00:00:02.000Z', '', '-3'],
  ]);
});

it('a table is one row a row, without what is hidden', () => {
  const frame: DataFrame = {
    length: 2,
    fields: [
      { name: 'service', type: FieldType.string, config: {}, values: ['ad,"api', 'x\ny'] },
      { name: 'secret', type: FieldType.string, config: { custom: { hidden: true } }, values: ['1', '2'] },
      { name: 'labels', type: FieldType.other, config: {}, values: [{ a: 1 }, null] },
    ],
  };
  expect(read(toCsv([frame]))).toEqual([['service', 'labels'], ['ad,"api', '{"a":1}'], ['x\ny', '']]);
});

it('no text becomes a formula, and a negative number stays one', () => {
  const frame: DataFrame = { length: 2, fields: [{ name: '=1+1', type: FieldType.string, config: {}, values: ['=HYPERLINK("http://evil.example")', '@x'] }, { name: 'n', type: FieldType.number, config: {}, values: [-1, 2] }] };
  const [head, first, second] = read(toCsv([frame]));
  expect([head?.[0], first?.[0], second?.[0]].every((cell) => cell?.startsWith("'"))).toBe(true);
  expect(first?.[1]).toBe('-1');
});

it('tables of several queries follow each other', () => {
  const frame = (name: string): DataFrame => ({ length: 1, fields: [{ name, type: FieldType.string, config: {}, values: ['x'] }] });
  expect(toCsv([frame('a'), frame('b')]).split('\r\n\r\n')).toHaveLength(2);
});
