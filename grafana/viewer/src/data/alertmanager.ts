/** Alertmanager: what is firing. */
import type { Settings } from '../model/dashboard';
import type { Matcher } from '../model/silence';

import { change, getFrom, getJson, ServerError } from './http';

export interface Alert {
  fingerprint: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  updatedAt: string;
  generatorURL?: string;
  receivers: Array<{ name: string }>;
  status: { state: 'active' | 'suppressed' | 'unprocessed'; silencedBy: string[]; inhibitedBy: string[] };
}

export interface Silence {
  id: string;
  comment: string;
  createdBy: string;
  endsAt: string;
}

const SEVERITIES = ['critical', 'page', 'error', 'high', 'warning', 'medium', 'info', 'low', 'none'];

/** Lower is worse; what we don't know stands between warning and info. */
export function severityRank(severity: string | undefined): number {
  const rank = SEVERITIES.indexOf((severity ?? '').toLowerCase());
  return rank < 0 ? 5.5 : rank;
}

export async function fetchAlerts(uid: string, signal?: AbortSignal): Promise<Alert[]> {
  const alerts = await getFrom<Alert[]>(uid, 'api/v2/alerts', {}, signal);
  return alerts.sort(
    (a, b) => severityRank(a.labels['severity']) - severityRank(b.labels['severity']) || b.startsAt.localeCompare(a.startsAt)
  );
}

export async function fetchSilences(uid: string, signal?: AbortSignal): Promise<Silence[]> {
  const silences = await getFrom<Array<Silence & { status: { state: string } }>>(uid, 'api/v2/silences', {}, signal);
  return silences.filter((silence) => silence.status.state === 'active');
}

export interface WantedSilence {
  matchers: Matcher[];
  seconds: number;
  comment: string;
  created_by: string;
}

export const createSilence = (token: string, wanted: WantedSilence): Promise<{ silenceID: string }> => withToken(token, (headers) => change('POST', '/api/silences', headers, wanted));

export const expireSilence = (token: string, id: string): Promise<void> => withToken(token, (headers) => change('DELETE', `/api/silences/${encodeURIComponent(id)}`, headers));

/** A page that was opened before the viewer was started again has an old token: it gets the new one, once. */
async function withToken<T>(token: string, ask: (headers: Record<string, string>) => Promise<T>): Promise<T> {
  try {
    return await ask({ [TOKEN_HEADER]: token });
  } catch (error) {
    if (!(error instanceof ServerError) || error.status !== 403) {
      throw error;
    }
    const { silenceToken } = await getJson<Settings>('/api/settings');
    if (!silenceToken || silenceToken === token) {
      throw error;
    }
    return ask({ [TOKEN_HEADER]: silenceToken });
  }
}

const TOKEN_HEADER = 'X-Silence-Token';
