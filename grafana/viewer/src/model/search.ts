/** What is typed to narrow what is shown: case and the space around it do not matter, every other character is meant. */
export function fits(typed: string, ...shown: Array<string | undefined>): boolean {
  const wanted = typed.trim().toLowerCase();
  return shown.join('\n').toLowerCase().includes(wanted);
}

/** Names and their values as pages show them. */
export const pairs = (values: Record<string, unknown>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join('\n');
