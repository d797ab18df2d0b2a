/** The queries that were run in this browser, newest first: kept by the browser, each once. */

export interface PastQuery {
  datasource: string;
  query: string;
  /** Milliseconds since 1970. */
  at: number;
}

const STORED = 'signalfire.explore.history';
export const MOST = 100;

/** The history with another query; one that is there already moves to the top. */
export function withQuery(history: PastQuery[], entry: PastQuery): PastQuery[] {
  const others = history.filter((one) => one.datasource !== entry.datasource || one.query !== entry.query);
  return [entry, ...others].slice(0, MOST);
}

/** What was kept, and nothing of what is no history: another version, or a person, may have written it. */
export function readHistory(store: Pick<Storage, 'getItem'>): PastQuery[] {
  try {
    const kept: unknown = JSON.parse(store.getItem(STORED) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isPastQuery).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

/** Where the browser keeps nothing, as in a private window, the history ends with the page. */
export function keepHistory(store: Pick<Storage, 'setItem'>, history: PastQuery[]): void {
  try {
    store.setItem(STORED, JSON.stringify(history));
  } catch {
    // full, or forbidden
  }
}

function isPastQuery(value: unknown): value is PastQuery {
  const { datasource, query, at } = (value ?? {}) as Partial<PastQuery>;
  return typeof datasource === 'string' && typeof query === 'string' && query !== '' && typeof at === 'number';
}
