/** Steps of a query, as Grafana works them out. */
import { rangeUtil } from '@grafana/data';

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };

/** Prometheus durations ("1h30m") and Grafana's (">15s") in milliseconds; undefined when it is neither. */
export function durationMs(text: string): number | undefined {
  const trimmed = text.trim().replace(/^[<>]/, '');
  const parts = [...trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwy])/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== trimmed) {
    return undefined;
  }
  return parts.reduce((sum, part) => sum + Number(part[1]) * (UNIT_MS[part[2] ?? ''] ?? 0), 0);
}

export function formatDuration(milliseconds: number): string {
  return rangeUtil.secondsToHms(milliseconds / 1000);
}

/** The nearest of Grafana's round intervals to range/points, and not below the least. */
export function queryInterval(rangeMs: number, maxDataPoints: number, leastMs: number): number {
  const rounded = rangeUtil.roundInterval(rangeMs / Math.max(maxDataPoints, 1));
  return Math.max(rounded, leastMs, 1);
}

/** $__rate_interval: at least four scrapes, so that a rate never falls between two samples. */
export function rateInterval(stepMs: number, scrapeMs: number): number {
  return Math.max(stepMs + scrapeMs, 4 * scrapeMs);
}

/** Prometheus refuses more than 11,000 points a series. */
export function safeStep(stepMs: number, rangeMs: number): number {
  return Math.max(stepMs, Math.ceil(rangeMs / 11_000 / 1000) * 1000);
}
