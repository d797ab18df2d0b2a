import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ALL, interpolate, type Lookup, promqlFormat, referencedNames, type Resolved } from '../src/model/interpolate';

const one = (value: string): Resolved => ({ value, text: value, multi: false });
const many = (...value: string[]): Resolved => ({ value, text: value.join(' + '), multi: true });
const from =
  (values: Record<string, Resolved>): Lookup =>
  (name) =>
    Object.hasOwn(values, name) ? values[name] : undefined;

describe('interpolate', () => {
  const lookup = from({ job: many('a', 'b'), single: many('a.b'), host: one('x'), pattern: { ...many('.+'), literal: true, all: true } });

  it.each([
    ['$host', 'x'],
    ['${host}', 'x'],
    ['[[host]]', 'x'],
    ['$host-$host/${host}', 'x-x/x'],
    ['$hostname ${unknown} [[unknown]] $ ${', '$hostname ${unknown} [[unknown]] $ ${'],
    ['${job}', '{a,b}'],
    ['${job:csv}', 'a,b'],
    ['${job:pipe}', 'a|b'],
    ['${job:regex}', '(a|b)'],
    ['${single:regex}', 'a\\.b'],
    ['[[job:regex]]', '(a|b)'],
    ['${job:json}', '["a","b"]'],
    ['${job:singlequote}', "'a','b'"],
    ['${job:doublequote}', '"a","b"'],
    ['${job:text}', 'a + b'],
    ['${job:queryparam}', 'var-job=a&var-job=b'],
    ['${pattern:queryparam}', 'var-pattern=%24__all'],
    ['${job:percentencode}', '%7Ba%2Cb%7D'],
    ['${job:join: or }', 'a or b'],
    ['${job:nonsense}', '{a,b}'],
  ])('%s → %s', (text, result) => {
    expect(interpolate(text, lookup)).toBe(result);
  });

  it('formats a date', () => {
    const time = from({ __from: one('1600000000000') });
    expect(interpolate('${__from:date}', time)).toBe('2020-09-13T12:26:40Z');
    expect(interpolate('${__from:date:seconds}', time)).toBe('1600000000');
    expect(interpolate('${__from:date:YYYY}', time)).toBe('2020');
  });

  it('puts a pattern for "all" into a query as it stands', () => {
    expect(interpolate('{job=~"$pattern"}', lookup, promqlFormat)).toBe('{job=~".+"}');
  });

  it('leaves a text without variables alone', () => {
    fc.assert(fc.property(fc.string(), (text) => interpolate(text, () => undefined) === text));
  });

  it('never looks into a value for further variables', () => {
    fc.assert(fc.property(fc.string(), (value) => interpolate('<$a>', from({ a: one(value), b: one('no') })) === `<${value}>`));
  });

  it('names what it refers to', () => {
    expect(referencedNames('up{a="$job", b="${host:regex}", c="[[x]]"}')).toEqual(['job', 'host', 'x']);
  });
});

describe('a variable in PromQL', () => {
  /** What a PromQL parser makes of the inside of a double-quoted string. */
  // oxlint-disable-next-line no-control-regex -- JSON refuses them, PromQL does not
  const parsed = (inside: string) => JSON.parse(`"${inside.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '')}"`) as string;
  const value = fc.string({ unit: fc.constantFrom(...'ab.*+?()[]{}|^$\\"/- ') });

  it('is that very text in a comparison', () => {
    fc.assert(fc.property(value, (text) => parsed(promqlFormat(text)) === text));
  });

  it('matches itself alone as a regular expression', () => {
    const plain = fc.string({ unit: fc.constantFrom(...'ab.*+?()[]{}|^$\\/- ') });
    fc.assert(
      fc.property(fc.uniqueArray(plain, { minLength: 1, maxLength: 4 }), plain, (values, other) => {
        const pattern = new RegExp(`^(?:${parsed(promqlFormat(values))})$`);
        expect(values.every((text) => pattern.test(text))).toBe(true);
        expect(pattern.test(other)).toBe(values.includes(other));
      })
    );
  });

  it('cannot leave its string', () => {
    fc.assert(fc.property(value, (text) => !/(^|[^\\])(\\\\)*"/.test(promqlFormat(text))));
  });
});

it('knows "all" by the name Grafana gives it', () => {
  expect(ALL).toBe('$__all');
});
