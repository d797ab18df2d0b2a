import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { alignedRange, parseValue, type QueryAnswer, toBuckets, toExemplarFrame, toFrames } from '../src/data/prometheus';
import { isEmpty } from '../src/panels/empty';
import { durationMs, queryInterval, rateInterval, safeStep } from '../src/model/interval';
import type { Target } from '../src/model/dashboard';

const target = (fields: Partial<Target> = {}): Target => ({ refId: 'A', ...fields });
const matrix = (...result: object[]): QueryAnswer => ({ status: 'success', data: { resultType: 'matrix', result: result as never } });
const vector = (...result: object[]): QueryAnswer => ({ status: 'success', data: { resultType: 'vector', result: result as never } });

describe('answers of Prometheus', () => {
  it('become one frame a series, in milliseconds', () => {
    const [frame] = toFrames(matrix({ metric: { __name__: 'up', job: 'a' }, values: [[10, '1'], [15.5, 'NaN'], [20, '+Inf']] }), target({ legendFormat: '{{job}}' }), 'up', 5000);
    expect(frame?.fields[0]?.values).toEqual([10_000, 15_500, 20_000]);
    expect(frame?.fields[1]?.values).toEqual([1, NaN, Infinity]);
    expect(frame?.fields[1]?.labels).toEqual({ job: 'a' });
    expect(frame?.name).toBe('a');
    expect(frame?.fields[0]?.config.interval).toBe(5000);
  });

  it.each([
    [{ legendFormat: '{{job}} on {{ instance }}' }, 'a on h:1'],
    [{ legendFormat: '' }, 'up{instance="h:1", job="a"}'],
    [{}, 'up{instance="h:1", job="a"}'],
    [{ legendFormat: '__auto' }, undefined],
  ])('are named as %j asks', (fields, name) => {
    const [frame] = toFrames(vector({ metric: { __name__: 'up', instance: 'h:1', job: 'a' }, value: [1, '1'] }), target(fields), 'up', 1);
    expect(frame?.name).toBe(name);
  });

  it('are named by the query when nothing else is left', () => {
    const [frame] = toFrames(vector({ metric: {}, value: [1, '1'] }), target({ legendFormat: '__auto' }), 'sum(up)', 1);
    expect(frame?.name).toBe('sum(up)');
  });

  it('are a table of labels when asked', () => {
    const [frame] = toFrames(vector({ metric: { b: '1' }, value: [1, '2'] }, { metric: { a: '3' }, value: [1, '4'] }), target({ format: 'table' }), 'x', 1);
    expect(frame?.fields.map((field) => field.name)).toEqual(['Time', 'a', 'b', 'Value']);
    expect(frame?.fields.map((field) => field.values)).toEqual([[1000, 1000], [null, '3'], ['1', null], [2, 4]]);
  });

  it('may be a single number', () => {
    const [frame] = toFrames({ status: 'success', data: { resultType: 'scalar', result: [1, '42'] } }, target(), '42', 1);
    expect(frame?.fields[1]?.values).toEqual([42]);
  });

  it('know the names of what is not a number', () => {
    expect(['+Inf', '-Inf', 'NaN', '1e3'].map(parseValue)).toEqual([Infinity, -Infinity, NaN, 1000]);
  });
});

describe('histogram buckets', () => {
  it('count only what is theirs, lowest bound first', () => {
    const series = [['+Inf', 10], ['0.5', 4], ['1', 9]].map(([le, value]) => ({ metric: { le }, values: [[1, String(value)]] }));
    const frames = toFrames(matrix(...series), target({ format: 'heatmap' }), 'x', 1000);
    expect(frames).toHaveLength(1);
    expect(frames[0]?.fields.slice(1).map((field) => [field.name, field.values])).toEqual([['0.5', [4]], ['1', [5]], ['+Inf', [1]]]);
  });

  it('add up to the whole, and none is negative', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(100), { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 6 }), (counts) => {
        let sums = [0, 0, 0];
        const series = counts.map((row, index) => {
          sums = sums.map((sum, column) => sum + (row[column] ?? 0));
          return { metric: { le: String(index) }, values: sums.map((sum, column) => [column, String(sum)]) };
        });
        const [frame] = toBuckets(toFrames(matrix(...series), target(), 'x', 1000));
        expect(frame?.fields.slice(1).map((field) => field.values)).toEqual(counts);
      })
    );
  });
});

describe('exemplars', () => {
  const answer = { data: [{ seriesLabels: { job: 'a' }, exemplars: [1, 2, 3, 4].map((second) => ({ labels: { trace_id: `t${second}` }, value: String(second), timestamp: second })) }] };

  it('keep their trace, the two highest of each slot', () => {
    const frame = toExemplarFrame(answer, target(), 10_000);
    expect(frame?.fields.find((field) => field.name === 'trace_id')?.values).toEqual(['t3', 't4']);
    expect(toExemplarFrame(answer, target(), 1000)?.length).toBe(4);
  });

  it('are nothing when there are none', () => {
    expect(toExemplarFrame({ data: [] }, target(), 1)).toBeUndefined();
  });
});

describe('steps', () => {
  it('start and end on a multiple of the step, within one step of what was asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2e12 }), fc.integer({ min: 1, max: 1e9 }), fc.constantFrom(1000, 5000, 15_000, 60_000, 250), (from, length, step) => {
        const range = alignedRange('up', from, from + length, step);
        expect((range.start * 1000) % step).toBeCloseTo(0);
        expect(range.start * 1000).toBeLessThanOrEqual(from + 1e-3);
        expect(range.start * 1000).toBeGreaterThan(from - step - 1e-3);
        expect(range.end).toBeGreaterThanOrEqual(range.start);
      })
    );
  });

  it('never ask for more points than Prometheus gives', () => {
    fc.assert(fc.property(fc.integer({ min: 1000, max: 1e11 }), (range) => range / safeStep(queryInterval(range, 5000, 1), range) <= 11_000));
  });

  it('make $__rate_interval four scrapes at least', () => {
    expect(rateInterval(5000, 5000)).toBe(20_000);
    expect(rateInterval(60_000, 5000)).toBe(65_000);
  });

  it.each([['15s', 15_000], ['1m30s', 90_000], ['>10s', 10_000], ['250ms', 250], ['1d', 86_400_000], ['', undefined], ['soon', undefined], ['5', undefined]])('%s is %s', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });
});

describe('no data', () => {
  const frame = (...values: unknown[]) => [{ length: values.length, fields: [{ name: 'Time', type: 'time' as never, config: {}, values: values.map((_, row) => row) }, { name: 'Value', type: 'number' as never, config: {}, values }] }];
  it.each([[[], true], [frame(), true], [frame(null, NaN, undefined), true], [frame(null, 0), false], [frame('text'), false]])('%#', (series, empty) => {
    expect(isEmpty(series)).toBe(empty);
  });
});
