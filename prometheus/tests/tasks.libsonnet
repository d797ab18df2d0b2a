// The signals of prometheus/signals/tasks.libsonnet from raw metrics. A sample every 15 seconds.
local lib = import 'lib.libsonnet';

local bot = { env: 'test', service: 'bot', instance: 'a' };
local tasks(agent, status, values) =
  lib.series('tasks_total', bot { task_type: 'ad_copy', agent: agent, status: status }, values);
local scores(sum, count) = [
  lib.series('task_quality_score_sum', bot { task_type: 'ad_copy', agent: 'writer' }, sum),
  lib.series('task_quality_score_count', bot { task_type: 'ad_copy', agent: 'writer' }, count),
];
local conflicts(status, values) =
  lib.series('conflicts_total', bot { conflict_type: 'copy', resolution_method: 'vote', status: status }, values);
local of_bot(record, value) = { [record + '{env="test",service="bot"}']: value };
local exactly(record, seconds, value) = lib.value(record, seconds, of_bot(record, value));
local of_type(record, value) = { [record + '{env="test",service="bot",task_type="ad_copy"}']: value };
local throughput = 'service:tasks_done_per_agent:per_hour';

function(config) {
  'tasks.yaml': lib.file([
    // 240 done and 60 failed an hour, by two agents of whom one only fails.
    lib.test('throughput is what was done well, by each agent on average', [
      tasks('writer', 'success', '0+1x120'),
      tasks('editor', 'error', '0+0.25x120'),
    ], values=[
      exactly(throughput, 1800, 120),
      exactly('service:tasks:per_hour', 1800, 300),
      lib.value('service_agent:tasks:per_hour{status="error"}', 1800, {
        'service_agent:tasks:per_hour{agent="editor",env="test",service="bot",status="error"}': 60,
      }),
    ]),
    lib.test(
      'where every task fails, none is done',
      [tasks('writer', 'error', '0+1x120')],
      values=[exactly(throughput, 1800, 0)]
    ),
    lib.test(
      'agents at work that finished no task yet have done none',
      [lib.constant('agents_active', bot { agent: 'writer' }, 1, 120)],
      values=[exactly(throughput, 1800, 0)]
    ),
    lib.test(
      'without agents there is no throughput',
      [lib.constant('task_queue_size', bot { queue: 'q' }, 1, 120)],
      values=[lib.value(throughput, 1800, {})]
    ),
    lib.test('instances that share a queue do not count it twice', [
      lib.constant('task_queue_size', bot { queue: 'ads' }, 7),
      lib.constant('task_queue_size', bot { queue: 'ads', instance: 'b' }, 6),
      lib.constant('task_queue_size', bot { queue: 'bids' }, 2),
    ], values=[exactly('service:task_queue_size:sum', 600, 9)]),
    lib.test('quality is the mean score', scores('0+1.5x120', '0+2x120'), values=[
      lib.value(
        'service_task:task_quality_score:mean_15m',
        1800,
        of_type('service_task:task_quality_score:mean_15m', 0.75)
      ),
    ]),
    lib.test(
      'where nothing is judged there is no quality',
      scores('3x120', '4x120'),
      values=[lib.value('service_task:task_quality_score:mean_15m', 1800, {})]
    ),
    lib.test('conflicts: those that broke or were given up are not resolved', [
      conflicts('resolved', '0+2x240'),
      conflicts('unresolved', '0+1x240'),
      conflicts('error', '0+1x240'),
    ], values=[
      exactly('service:conflicts_resolved:ratio_rate30m', 3600, 0.5),
      exactly('service:conflicts:per_hour', 3600, 960),
    ]),
    lib.test('where none was resolved the rate is zero, not a gap; without conflicts there is none', [
      conflicts('unresolved', '0+1x240'),
      conflicts('resolved', '5x240') + { series: std.strReplace(super.series, '"bot"', '"calm"') },
    ], values=[exactly('service:conflicts_resolved:ratio_rate30m', 3600, 0)]),
    lib.test('collaboration: the mean of all instances', [
      lib.constant('collaboration_efficiency_ratio', bot { agent: 'writer' }, 0.5),
      lib.constant('collaboration_efficiency_ratio', bot { agent: 'writer', instance: 'b' }, 0.9),
    ], values=[
      lib.value('service_agent:collaboration_efficiency:mean', 600, {
        'service_agent:collaboration_efficiency:mean{agent="writer",env="test",service="bot"}': 0.7,
      }),
    ]),
  ]),

  // A week of samples, five minutes apart. The score was 0.9, and is 0.6 in the last hour.
  'tasks-last-week.yaml': lib.file([
    lib.test(
      'quality is compared with the same hours of last week',
      scores('0+9x2004 18042+6x20', '0+10x2024'),
      interval='5m',
      values=[
        lib.value('round(service_task:task_quality_score:mean_last_week, 0.001)', 7 * 86400, {
          '{env="test",service="bot",task_type="ad_copy"}': 0.9,
        }),
        lib.value('round(service_task:task_quality_score:ratio_last_week, 0.001)', 7 * 86400, {
          '{env="test",service="bot",task_type="ad_copy"}': 0.667,
        }),
      ]
    ),
    lib.test(
      'before there is a week there is nothing to compare with',
      scores('0+9x288', '0+10x288'),
      interval='5m',
      values=[
        lib.value('service_task:task_quality_score:ratio_last_week', 86400, {}),
      ]
    ),
  ], interval='5m'),
}
