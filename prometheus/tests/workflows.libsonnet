// The signals of prometheus/signals/workflows.libsonnet from raw metrics. A sample every 15 seconds.
local lib = import 'lib.libsonnet';

local bot = { env: 'test', service: 'bot', instance: 'a' };
local runs(status, values) = lib.series('workflows_total', bot { workflow_type: 'launch', status: status }, values);
local durations(values, le) = [
  lib.series('workflow_duration_seconds_' + part, bot { workflow_type: 'launch', status: 'success' } + bucket, values)
  for part in ['bucket', 'count']
  for bucket in if part == 'count' then [{}] else [{ le: le }, { le: '+Inf' }]
];
local of_launch(record, value) = { [record + '{env="test",service="bot",workflow_type="launch"}']: value };
local exactly(record, seconds, value) = lib.value(record, seconds, of_launch(record, value));
local share = 'service_workflow:workflow_failures:ratio_15m';
local standstill = 'service_workflow:workflow:standstill_ratio';
local watched = lib.constant('up', bot, 1, 400);

function(config) {
  'workflows.yaml': lib.file([
    lib.test(
      'the share that fails, and how long they take',
      [runs('success', '0+3x120'), runs('error', '0+1x120')] + durations('0+4x120', '10.0'),
      values=[
        exactly(share, 1800, 0.25),
        exactly('service_workflow:workflow_duration_seconds:p50_15m', 1800, 5),
        exactly('service_workflow:workflow_duration_seconds:p95_15m', 1800, 9.5),
      ]
    ),
    lib.test(
      'no failure is a share of zero; without runs there is no share',
      [runs('success', '0+3x60 180x100')],
      values=[
        exactly(share, 900, 0),
        lib.value(share, 2400, {}),
      ]
    ),
    // A series of its own, which begins at 1: rate() and increase() see nothing in it.
    lib.test('the first run of all counts, if it fails', [watched, runs('error', '_x100 1x200')], values=[
      exactly(share, 1600, 1),
      lib.value(share, 2700, {}),
    ]),
    lib.test(
      'what happened before anybody watched does not count',
      [lib.constant('up', bot, 1, 40), runs('error', '7x40')],
      values=[lib.value(share, 300, {})]
    ),
    lib.test('nor does a scrape that failed', [
      lib.series('up', bot, '1x99 0 1x200'),
      runs('error', '10x99 stale 10x200'),
    ], values=[lib.value(share, 2400, {})]),
    lib.test(
      'a restart is not a failure',
      [watched, runs('success', '0+1x99 0+1x100'), runs('error', '5x400')],
      values=[exactly(share, 1800, 0)]
    ),

    // Seen to end until 630 s.
    lib.test('a workflow under way of which no run ends stands still', durations('0+1x40 40x400', '1.0') + [
      runs('success', '0+1x40 40x400'),
      lib.constant('workflows_active', bot { workflow_type: 'launch' }, 2, 400),
    ], values=[exactly(standstill, 600, 0), exactly(standstill, 930, 5)]),
    lib.test('one that takes long by its nature stands still later', durations('0+1x40 40x400', '1800.0') + [
      runs('success', '0+1x40 40x400'),
      lib.constant('workflows_active', bot { workflow_type: 'launch' }, 2, 400),
    ], values=[
      lib.value('round(%s, 0.01)' % standstill, 1530, { '{env="test",service="bot",workflow_type="launch"}': 0.51 }),
    ]),
    lib.test('none under way, none stands still', durations('0+1x40 40x400', '1.0') + [
      runs('success', '0+1x40 40x400'),
      lib.series('workflows_active', bot { workflow_type: 'launch' }, '2x40 0x400'),
    ], values=[exactly(standstill, 1800, 0)]),
  ]),
}
