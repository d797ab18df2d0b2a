import { afterEach, describe, expect, it, vi } from 'vitest';

import { getJson, ServerError, StartingError } from '../src/data/http';
import { linesOf, type StartingStep } from '../src/data/starting';

const step = (name: string, state: string, detail = '', answers = false): StartingStep => ({ name, state, detail, since: 0, answers });
const answering = (status: number, body: string) => vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, { status })));

afterEach(() => vi.unstubAllGlobals());

describe('what is still starting', () => {
  it('is said line by line, and what waits together', () => {
    const steps = [step('jaeger', 'building', '412 packages compiled'), step('promtool', 'built'), step('loki', 'waiting'), step('collector', 'waiting')];
    expect(linesOf(steps)).toEqual(['jaeger: building, 412 packages compiled', 'promtool: built', 'waiting: loki, collector']);
  });

  it('says of what answers meanwhile that its next version is built', () => {
    expect(linesOf([step('jaeger', 'building', '', true)])).toEqual(['jaeger: building anew']);
    expect(linesOf([])).toEqual([]);
  });
});

describe('an answer that is not there yet', () => {
  it('is told from one that failed', async () => {
    answering(503, '{"error": "Jaeger is still being built", "reason": "starting"}');
    await expect(getJson('/x')).rejects.toThrow(StartingError);
    await expect(getJson('/x')).rejects.toThrow('Jaeger is still being built');
  });

  it.each([
    [502, '{"error": "cannot be reached", "reason": "down"}'],
    [503, '{"error": "overloaded"}'],
    [503, 'null'],
    [503, 'not ready'],
    [500, '{"error": "x", "reason": "starting"}'],
  ])('is a failure for %i %s', async (status, body) => {
    answering(status, body);
    await expect(getJson('/x')).rejects.toThrow(ServerError);
    await expect(getJson('/x')).rejects.not.toThrow(StartingError);
  });
});
