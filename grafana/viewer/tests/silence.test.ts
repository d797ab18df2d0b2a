import { expect, it } from 'vitest';

import { fitsAll, labelsOf, matchersOf } from '../src/model/silence';

const labels = { severity: 'error', alertname: 'HighErrorRate', service: 'ad-api', cooldown: '15m', condition: 'error_rate', pipeline: 'x', env: 'dev' };

it('a silence is about what tells an alert from others, its name first', () => {
  expect(labelsOf(labels)).toEqual([['alertname', 'HighErrorRate'], ['env', 'dev'], ['service', 'ad-api'], ['severity', 'error']]);
});

it('each chosen label is a condition', () => {
  expect(matchersOf([['service', 'a"b']])).toEqual([{ name: 'service', value: 'a"b', isRegex: false, isEqual: true }]);
});

it('fewer conditions fit more alerts', () => {
  expect(fitsAll(labels, labelsOf(labels))).toBe(true);
  expect(fitsAll({ ...labels, severity: 'critical' }, labelsOf(labels))).toBe(false);
  expect(fitsAll({ ...labels, severity: 'critical' }, [['alertname', 'HighErrorRate']])).toBe(true);
  expect(fitsAll({ alertname: 'Other' }, [['service', '']])).toBe(true);
});
