import { describe, expect, it } from 'vitest';

import { hasLines, isLastCallLast, lastCallFirst, textsOf } from '../src/model/stackTrace';

const OUTER = '  File "/a.py", line 1, in outer\n    inner()\n    ~~~~~^^';
const INNER = '  File "/b.py", line 2, in inner\n    raise ValueError("no")';
const TRACE = `Traceback (most recent call last):\n${OUTER}\n${INNER}\nValueError: no\n`;
const JAVA = 'java.lang.Error: no\n\tat a.B.c(B.java:1)\n\tat a.D.e(D.java:2)';

describe('stack traces', () => {
  it('of Python are turned, frames whole', () => {
    expect(lastCallFirst(TRACE)).toBe(`ValueError: no\nTraceback (most recent call first):\n${INNER}\n${OUTER}`);
    expect(isLastCallLast(TRACE)).toBe(true);
  });

  it('of an error that led to another are turned, the last error first', () => {
    const led = 'During handling of the above exception, another exception occurred:';
    const second = TRACE.replace('ValueError: no', 'KeyError: 1');
    expect(lastCallFirst(`${TRACE}\n${led}\n\n${second}`)?.split('\n')[0]).toBe('KeyError: 1');
    expect(lastCallFirst(`${TRACE}\n${led}\n\n${second}`)).toContain(`${OUTER}\n\n${led}\n\nValueError: no`);
  });

  it.each([JAVA, 'two\nlines', 'one', 'Traceback (most recent call last):', '  + Exception Group Traceback (most recent call last):\n  | File'])('of others stay as they are: %j', (text) => {
    expect(lastCallFirst(text)).toBeUndefined();
  });

  it('of Java have what raised at their beginning', () => {
    expect(isLastCallLast(JAVA)).toBe(false);
  });
});

it('texts of several lines are found by their names, inside objects too', () => {
  expect(textsOf({ a: 'one', b: 'two\nlines', c: { d: 'x\ny', e: 1 }, f: null, g: ['p\nq'], h: 'end\n' })).toEqual([
    ['b', 'two\nlines'],
    ['c.d', 'x\ny'],
    ['g.0', 'p\nq'],
  ]);
  expect(hasLines('end\n')).toBe(false);
});
