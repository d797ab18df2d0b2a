import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type JaegerTrace, parseTags, toTrace } from '../src/data/jaeger';

interface Given {
  id: string;
  parent?: string;
  start: number;
  duration: number;
  service?: string;
  error?: boolean;
}

const trace = (...spans: Given[]): JaegerTrace => ({
  traceID: 't',
  processes: Object.fromEntries([...new Set(spans.map((span) => span.service ?? 'a'))].map((service) => [service, { serviceName: service }])),
  spans: spans.map((span) => ({
    traceID: 't',
    spanID: span.id,
    operationName: span.id,
    references: span.parent ? [{ refType: 'CHILD_OF', traceID: 't', spanID: span.parent }] : [],
    startTime: span.start * 1000,
    duration: span.duration * 1000,
    processID: span.service ?? 'a',
    tags: span.error ? [{ key: 'error', type: 'bool', value: true }] : [],
  })),
});

describe('a trace', () => {
  it('has parents before children, siblings by start, and depths', () => {
    const { spans } = toTrace(trace({ id: 'c', parent: 'a', start: 5, duration: 1 }, { id: 'a', start: 0, duration: 10 }, { id: 'b', parent: 'a', start: 1, duration: 2 }, { id: 'd', parent: 'b', start: 1, duration: 1 }));
    expect(spans.map((span) => [span.id, span.depth])).toEqual([['a', 0], ['b', 1], ['d', 2], ['c', 1]]);
  });

  it('counts the errors and knows the services', () => {
    const found = toTrace(trace({ id: 'a', start: 0, duration: 10 }, { id: 'b', parent: 'a', start: 1, duration: 2, service: 'z', error: true }));
    expect([found.errors, found.services, found.duration]).toEqual([1, ['a', 'z'], 10]);
  });

  it('shows spans whose parent is missing', () => {
    const { roots, spans } = toTrace(trace({ id: 'a', start: 0, duration: 10 }, { id: 'b', parent: 'gone', start: 3, duration: 1 }));
    expect(roots.map((span) => span.id)).toEqual(['a', 'b']);
    expect(spans).toHaveLength(2);
  });

  it('does not count time of children twice', () => {
    const { spans } = toTrace(trace({ id: 'a', start: 0, duration: 10 }, { id: 'b', parent: 'a', start: 1, duration: 4 }, { id: 'c', parent: 'a', start: 3, duration: 4 }));
    expect(spans[0]?.own).toBe(4);
  });

  it('finds what decided its duration', () => {
    const { spans } = toTrace(trace({ id: 'a', start: 0, duration: 10 }, { id: 'early', parent: 'a', start: 1, duration: 3 }, { id: 'late', parent: 'a', start: 2, duration: 7 }));
    const critical = Object.fromEntries(spans.map((span) => [span.id, span.critical]));
    expect(critical['late']).toEqual([[2, 9]]);
    expect(critical['a']).toEqual([[9, 10], [1, 2]].map((part) => (part[0] === 1 ? [0, 1] : part)));
    expect(critical['early']).toEqual([[1, 2]]);
  });

  it('is critical at every moment exactly once', () => {
    const children = fc.array(fc.record({ start: fc.integer({ min: -30, max: 120 }), duration: fc.integer({ min: 1, max: 100 }) }), { maxLength: 8 });
    fc.assert(
      fc.property(children, (spans) => {
        const found = toTrace(trace({ id: 'root', start: 0, duration: 100 }, ...spans.map((span, index) => ({ ...span, id: `s${index}`, parent: 'root' }))));
        const parts = found.spans.flatMap((span) => span.critical).sort((a, b) => a[0] - b[0]);
        expect(parts.reduce((sum, [from, to]) => sum + to - from, 0)).toBeCloseTo(100);
        parts.slice(1).forEach(([from], index) => expect(from).toBeCloseTo(parts[index]?.[1] ?? NaN));
      })
    );
  });
});

it('attributes are read as Jaeger writes them', () => {
  expect(parseTags('error=true http.route="/ads \\"x\\"" n=5')).toEqual({ error: 'true', 'http.route': '/ads "x"', n: '5' });
});
