/** Texts of several lines, and the order of calls in those of Python, which tell the last call last. */

const HEADER = 'Traceback (most recent call last):';
const REVERSED_HEADER = 'Traceback (most recent call first):';
const FRAME = /^ {2}File "/;
const CHAINED = /\n\n((?:The above exception was|During handling of the above exception)[^\n]*:)\n\n/;

export const hasLines = (text: string): boolean => text.trimEnd().includes('\n');

/** Whether the frame that raised stands at the end. */
export const isLastCallLast = (text: string): boolean => text.includes(HEADER) || text.split('\n').some((line) => FRAME.test(line));

/** Python's stack trace with the error and the frame that raised it first; undefined where it is no such text. */
export function lastCallFirst(text: string): string | undefined {
  const parts = text.trimEnd().split(CHAINED); // trace, how it led to the next, trace, …
  const reversed = parts.map((part, index) => (index % 2 === 0 ? reverseFrames(part) : part));
  return reversed.includes(undefined) ? undefined : reversed.reverse().join('\n\n');
}

function reverseFrames(trace: string): string | undefined {
  const lines = trace.split('\n');
  const header = lines.indexOf(HEADER);
  const first = lines.findIndex((line) => FRAME.test(line));
  if (header < 0 || first !== header + 1) {
    return undefined;
  }
  const after = lines.findIndex((line, index) => index > first && !line.startsWith('  '));
  const end = after < 0 ? lines.length : after;
  const frames: string[][] = [];
  for (const line of lines.slice(first, end)) {
    if (FRAME.test(line)) {
      frames.push([line]);
    } else {
      frames.at(-1)?.push(line);
    }
  }
  return [...lines.slice(0, header), ...lines.slice(end), REVERSED_HEADER, ...frames.reverse().flat()].join('\n');
}

/** The texts of several lines in what was logged, by their names; those inside an object by its name too. */
export function textsOf(values: Record<string, unknown>, prefix = ''): Array<[string, string]> {
  return Object.entries(values).flatMap(([name, value]): Array<[string, string]> => {
    if (typeof value === 'string') {
      return hasLines(value) ? [[prefix + name, value]] : [];
    }
    return typeof value === 'object' && value !== null ? textsOf(value as Record<string, unknown>, `${prefix}${name}.`) : [];
  });
}
