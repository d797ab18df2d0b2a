/** A silence as it is asked for, and what it would keep quiet. */

export interface Matcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

type Labels = Record<string, string>;

/** They say how an alert is notified, not which one it is. */
export const NOT_IN_A_SILENCE = ['cooldown', 'condition', 'pipeline'];

/** How long a silence lasts, in seconds: what the form offers. */
export const LENGTHS: Array<[string, number]> = [
  ['30 min', 1800],
  ['1 h', 3600],
  ['2 h', 7200],
  ['4 h', 14_400],
  ['8 h', 28_800],
  ['1 day', 86_400],
  ['3 days', 259_200],
];

/** The labels of an alert that a silence may be about: its name first, then the others in order. */
export function labelsOf(labels: Labels): Array<[string, string]> {
  const others = Object.entries(labels).filter(([name]) => name !== 'alertname' && !NOT_IN_A_SILENCE.includes(name));
  const name = labels['alertname'];
  return [...(name === undefined ? [] : [['alertname', name] as [string, string]]), ...others.sort(([a], [b]) => a.localeCompare(b))];
}

export const matchersOf = (chosen: Array<[string, string]>): Matcher[] => chosen.map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));

/** Whether an alert has all of these values; a label that it lacks is as good as empty, as Alertmanager has it. */
export const fitsAll = (labels: Labels, chosen: Array<[string, string]>): boolean => chosen.every(([name, value]) => (labels[name] ?? '') === value);
