/** What `make up` is still building or starting, as the viewer's server says it. */
import { getJson } from './http';

export interface StartingStep {
  name: string;
  /** waiting, pulling, building, built, starting, reloading or stopping */
  state: string;
  /** How far it is: `412 packages compiled`. */
  detail: string;
  /** Seconds since 1970. */
  since: number;
  /** The version before it still answers. */
  answers: boolean;
}

export async function fetchStarting(signal?: AbortSignal): Promise<StartingStep[]> {
  return (await getJson<{ starting: StartingStep[] }>('/api/starting', signal)).starting;
}

/** A line for each that something is done about now, and one for all that wait for their turn. */
export function linesOf(steps: StartingStep[]): string[] {
  const waiting = steps.filter(({ state }) => state === 'waiting').map(({ name }) => name);
  const lines = steps
    .filter(({ state }) => state !== 'waiting')
    .map(({ name, state, detail, answers }) => `${name}: ${state}${answers ? ' anew' : ''}${detail ? `, ${detail}` : ''}`);
  return waiting.length > 0 ? [...lines, `waiting: ${waiting.join(', ')}`] : lines;
}
