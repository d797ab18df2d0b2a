/** Requests to the proxy: few at once, cancelled together, and errors a person can act on. */

const AT_ONCE = 6; // what a browser allows to one server anyway; more would only hold places in its queue
const LONGEST_ADDRESS = 4000;

export class ServerError extends Error {
  constructor(
    message: string,
    readonly status: number
  ) {
    super(message);
    this.name = 'ServerError';
  }
}

/** The server behind it is still being built or started: nothing is wrong. */
export class StartingError extends ServerError {}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

let free = AT_ONCE;
const waiting: Array<() => void> = [];

async function acquireSlot(signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  if (free > 0) {
    free--;
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const go = () => {
      signal?.removeEventListener('abort', leave);
      resolve();
    };
    const leave = () => {
      waiting.splice(waiting.indexOf(go), 1);
      reject(new DOMException('cancelled', 'AbortError'));
    };
    signal?.addEventListener('abort', leave, { once: true });
    waiting.push(go);
  });
}

function releaseSlot(): void {
  const next = waiting.shift();
  if (next) {
    next();
  } else {
    free++;
  }
}

export type Parameters = Record<string, string | number | string[] | undefined>;

export function encodeParameters(parameters: Parameters): string {
  const encoded = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) {
        encoded.append(name, String(one));
      }
    }
  }
  return encoded.toString();
}

/** A change, with the token that only our own page has. */
export async function change<T>(method: 'POST' | 'DELETE', url: string, headers: Record<string, string>, body?: unknown): Promise<T> {
  if (body === undefined) {
    return request<T>(url, { method, headers });
  }
  return request<T>(url, { method, headers: { ...headers, 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
}

export async function getJson<T>(url: string, signal?: AbortSignal): Promise<T> {
  return request<T>(url, { signal });
}

/** A path of a data source, by its uid. Long queries of servers that take forms are sent as one. */
export async function getFrom<T>(uid: string, path: string, parameters: Parameters, signal?: AbortSignal, mayPost = false): Promise<T> {
  const url = `/api/datasources/proxy/uid/${encodeURIComponent(uid)}/${path}`;
  const query = encodeParameters(parameters);
  if (mayPost && query.length > LONGEST_ADDRESS) {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    return request<T>(url, { method: 'POST', body: query, headers, signal });
  }
  return request<T>(query ? `${url}?${query}` : url, { signal });
}

async function request<T>(url: string, options: RequestInit): Promise<T> {
  const { signal } = options;
  await acquireSlot(signal ?? undefined);
  try {
    let response: Response;
    try {
      response = await fetch(url, { ...options, credentials: 'same-origin' });
    } catch (error) {
      if (isAbort(error)) {
        throw error;
      }
      throw new ServerError('The viewer itself does not answer: is it still running?', 0);
    }
    const text = await response.text();
    if (!response.ok) {
      const message = messageOf(text) || `${response.status} ${response.statusText}`;
      throw isStarting(response.status, text) ? new StartingError(message, response.status) : new ServerError(message, response.status);
    }
    try {
      return JSON.parse(text || 'null') as T;
    } catch {
      throw new ServerError(`The answer is not JSON: ${text.slice(0, 200)}`, response.status);
    }
  } finally {
    releaseSlot();
  }
}

function isStarting(status: number, body: string): boolean {
  try {
    return status === 503 && (JSON.parse(body) as { reason?: unknown } | null)?.reason === 'starting';
  } catch {
    return false;
  }
}

/** The message in the body of a failed answer: Prometheus and the proxy send JSON, Loki plain text, Jaeger a list. */
export function messageOf(body: string): string {
  try {
    const parsed = JSON.parse(body) as { error?: unknown; message?: unknown; errorType?: string; errors?: Array<{ msg?: string }> };
    if (typeof parsed.error === 'string') {
      return parsed.errorType ? `${parsed.errorType}: ${parsed.error}` : parsed.error;
    }
    if (Array.isArray(parsed.errors) && parsed.errors.length > 0) {
      return parsed.errors.map((error) => error.msg ?? JSON.stringify(error)).join('; ');
    }
    return typeof parsed.message === 'string' ? parsed.message : body.slice(0, 500);
  } catch {
    return body.trim().slice(0, 500);
  }
}
