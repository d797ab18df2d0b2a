import { describe, expect, it } from 'vitest';

import { toQuery } from '../src/data/logQuery';
import { levelOf, linesOfTrace, quote, rowsOf, rowsToFrame, toLokiFrames, toRows } from '../src/data/loki';

const streams = (...result: Array<{ stream: Record<string, string>; values: unknown[] }>) => ({ status: 'success', data: { resultType: 'streams' as const, result: result as never } });

describe('log lines', () => {
  const answer = streams(
    { stream: { service_name: 'a' }, values: [['1700000000000000001', 'first', { structuredMetadata: { trace_id: 't' } }], ['1700000000000000003', 'third']] },
    { stream: { service_name: 'b', level: 'warn' }, values: [['1700000000000000002', 'second'], ['1700000000000000002', 'second']] }
  );

  it('stand newest first, by the nanosecond, whatever stream they come from', () => {
    expect(toRows(answer).map((row) => row.line)).toEqual(['third', 'second', 'second', 'first']);
  });

  it('have ids of their own even when they are the same', () => {
    const ids = toRows(answer).map((row) => row.id);
    expect(new Set(ids).size).toBe(4);
    expect(toRows(answer).map((row) => row.id)).toEqual(ids);
  });

  it('keep what was stored beside them', () => {
    const rows = toRows(answer);
    expect(rows.at(-1)?.metadata).toEqual({ trace_id: 't' });
    expect(rowsOf([rowsToFrame(rows, 'A')])).toEqual(rows);
  });

  it.each([
    [{ level: 'ERROR' }, '', 'error'],
    [{ detected_level: 'warn' }, '', 'warning'],
    [{ severity_text: 'Fatal' }, '', 'critical'],
    [{}, 'ts=1 level=debug msg="no error"', 'debug'],
    [{}, 'nothing said', 'unknown'],
  ])('%j %s is %s', (labels, line, level) => {
    expect(levelOf(line, labels)).toBe(level);
  });
});

it('counts of log lines are series like any other', () => {
  const frames = toLokiFrames({ status: 'success', data: { resultType: 'matrix', result: [{ metric: { level: 'info' }, values: [[1, '2']] }] } }, { refId: 'A', legendFormat: '{{level}}' }, 'x', 1000);
  expect(frames[0]?.name).toBe('info');
});

describe('what is typed into the search', () => {
  it.each([
    ['{a="b"} |= "x"', '{a="b"} |= "x"'],
    ['0123456789abcdef0123456789ABCDEF', linesOfTrace('0123456789abcdef0123456789abcdef')],
    ['req-1234567', '{service_name=~".+"} | correlation_id="req-1234567"'],
    ['timeout', '{service_name=~".+"} |= "timeout"'],
    ['say "hi"', '{service_name=~".+"} |= "say \\"hi\\""'],
  ])('%s → %s', (typed, query) => {
    expect(toQuery(typed)).toBe(query);
  });

  it('cannot leave its quotes', () => {
    expect(quote('a"\\\n')).toBe('"a\\"\\\\\\n"');
  });
});
