import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isMetric, linesWith, toPattern, toQuery } from '../src/data/logQuery';
import { inOrder, levelOf, type LogRow, quote, rowsOf, rowsToFrame, toLokiFrames, toRows, withNewer } from '../src/data/loki';

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

  it('do not show how Loki stores them', () => {
    const old = streams({ stream: { service_name: 'a', __time_shard__: '1700000000_1700021600' }, values: [['1', 'x']] });
    expect(toRows(old)[0]?.labels).toEqual({ service_name: 'a' });
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
    '{a="b"} |= "x"',
    '{ a =~ `b.*`, c!="d" } | json',
    'sum by (level) (count_over_time({a="b"}[1m]))',
    'topk(3, sum(rate({a="b"}[5m])))',
    '(rate({a="b"}[1m]) > 1)',
  ])('%s is LogQL, and stays as it is', (query) => {
    expect(toQuery(` ${query} `)).toBe(query);
  });

  it.each(['sum(rate({a="b"}[5m]))', '( count_over_time({a="b"}[1m]) )'])('%s is drawn', (query) => {
    expect(isMetric(query)).toBe(true);
  });

  it.each(['rate limit exceeded', 'count', '(timeout)', '{"a": 1}', '{id=5, name=Ann}', 'sum {x}', '{}', 'req-1234567', '0123456789abcdef0123456789abcdef'])('%s is text', (typed) => {
    expect(isMetric(typed)).toBe(false);
    expect(toQuery(typed)).toBe(linesWith(typed));
  });

  it('is everything where nothing is typed', () => {
    expect(toQuery(' ')).toBe('{service_name=~".+"}');
  });

  it('is looked for in the line and in every field and label', () => {
    expect(toQuery('BillingGatewayError')).toBe(
      '{service_name=~".+"} | label_format __seen__="{{__line__}}\\n{{range $name, $value := .}}{{$name}}={{$value}}\\n{{end}}" | __seen__=~"(?is).*(?:BillingGatewayError).*" | drop __seen__'
    );
  });

  it('is not looked for in ids where they could fit by chance', () => {
    expect(linesWith('500')).toContain('{{if eq $name \\"observed_timestamp\\" \\"span_id\\" \\"trace_id\\"}}');
    expect(linesWith('0af76519')).not.toContain('trace_id');
  });

  const asRegExp = (typed: string) => new RegExp(`^.*${toPattern(typed).replace(/\\x\{([0-9a-f]+)\}/g, '\\u{$1}')}.*$`, 'isu');

  it.each(['say "hi"', 'back\\slash', '`tick`', 'a.*b', '[x]', '(y', '{z}', '^$', 'a|b?', 'a+b', 'C:\\new', 'http://h/p?q=1&r=%20', 'Élan in Ölmütz', '日本語', '😀', 'two\nlines', 'a\tb', '\u0007', "it's", '#;~!@'])(
    'finds %j as it is and in JSON, with any case, and no regular expression in it',
    (typed) => {
      const pattern = asRegExp(typed);
      const ascii = JSON.stringify(`before ${typed} after`).replace(/[^ -~]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
      expect(`before ${typed} after`).toMatch(pattern);
      expect(`BEFORE ${typed.toUpperCase()} AFTER`).toMatch(pattern);
      expect(JSON.stringify({ message: `before ${typed} after` })).toMatch(pattern);
      expect(ascii).toMatch(pattern);
      expect('another line').not.toMatch(pattern);
    }
  );

  it('finds name=value in JSON, as the page shows it', () => {
    expect('{"status": 500, "kind":"BillingGatewayError"}').toMatch(asRegExp('status=500'));
    expect('{"status": 500, "kind":"BillingGatewayError"}').toMatch(asRegExp('kind=billing'));
  });

  it('finds any text in itself', () => {
    fc.assert(fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (typed) => asRegExp(typed).test(typed.replace(/\r\n?/g, '\n'))));
  });

  it('cannot leave its quotes', () => {
    expect(quote('a"\\\n')).toBe('"a\\"\\\\\\n"');
    expect(quote('\u0000\r`')).toBe('"\\x00\\x0d`"');
  });
});

describe('lines that come later', () => {
  const row = (nanoseconds: string, id = nanoseconds): LogRow => ({ id, time: 0, nanoseconds, line: id, labels: {}, metadata: {}, parsed: {}, level: 'info' });

  it('stand above those that are shown, each once, and the oldest go', () => {
    expect(withNewer([row('3'), row('1')], [row('3'), row('2'), row('4')], 3).map((one) => one.id)).toEqual(['4', '3', '2']);
  });

  it('around a line are in order', () => {
    expect(inOrder([row('3'), row('1'), row('2'), row('1')]).map((one) => one.id)).toEqual(['1', '2', '3']);
  });
});
