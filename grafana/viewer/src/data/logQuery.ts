import { linesOfRequest, linesOfTrace, quote } from './loki';

/** An id alone is what one pastes from a message: it becomes the query that finds its lines. */
export function toQuery(text: string): string {
  const trimmed = text.trim();
  if (/^[0-9a-f]{32}$/i.test(trimmed)) {
    return linesOfTrace(trimmed.toLowerCase());
  }
  if (trimmed === '' || trimmed.includes('{')) {
    return trimmed;
  }
  const isId = /^[\w.:-]{6,}$/.test(trimmed) && /\d/.test(trimmed);
  return isId ? linesOfRequest(trimmed) : `{service_name=~".+"} |= ${quote(trimmed)}`;
}
