// The signals of prometheus/signals/queues.libsonnet from raw metrics.
local lib = import 'lib.libsonnet';

local worker = { env: 'test', service: 'worker', instance: 'a' };
local videos = worker { queue: 'videos' };
local of_queue = lib.labels({ env: 'test', service: 'worker', queue: 'videos' });
local of_task = lib.labels({ env: 'test', service: 'worker', task: 'send' });
local of_service = lib.labels({ env: 'test', service: 'worker' });
local exactly(record, labels, value, seconds=900) = lib.value(record, seconds, { [record + labels]: value });
local stuck = lib.value('service_queue:queue_undrained:max > bool 70', 1800, { [of_queue]: 1 });
local undrained(value) = exactly('service_queue:queue_undrained:max', of_queue, value, 1800);
local workers(value) = exactly('service:celery_workers:up', of_service, value, 1800);
local finished(values) = lib.series('queue_processing_duration_seconds_count', videos, values);
local tasks =
  lib.series('celery_tasks_total', worker { task: 'send', queue: 'mail', state: 'success' }, '0+15x40 _x80');

function(config) {
  'queues.yaml': lib.file([
    lib.test('several workers tell of one queue, which has one depth', [
      lib.constant('queue_depth', videos, 40),
      lib.constant('queue_depth', videos { instance: 'b' }, 42),
      lib.constant('task_queue_size', worker { service: 'agents', queue: 'agents' }, 7),
    ], values=[
      lib.value('service_queue:queue_depth:max', 600, {
        ['service_queue:queue_depth:max' + of_queue]: 42,
        'service_queue:queue_depth:max{env="test",queue="agents",service="agents"}': 7,
      }),
    ]),
    lib.test('how fast and how long items are worked on', [
      finished('0+15x60'),
      lib.series('queue_processing_duration_seconds_bucket', videos { le: '1.0' }, '0+10x60'),
      lib.series('queue_processing_duration_seconds_bucket', videos { le: '5.0' }, '0+15x60'),
      lib.series('queue_processing_duration_seconds_bucket', videos { le: '+Inf' }, '0+15x60'),
    ], values=[
      exactly('service_queue:queue_finished:rate5m', of_queue, 1),
      exactly('service_queue:queue_processing_duration_seconds:p95_5m', of_queue, 4.4),
    ]),
    lib.test('a queue that grows while nothing is finished is not drained', [
      lib.series('queue_depth', videos, '0x40 0+1x80'),
      finished('0+15x40 600x80'),
    ], values=[stuck]),
    lib.test('also if its worker was restarted and has finished nothing since', [
      lib.series('queue_depth', videos, '0x40 0+1x80'),
      finished('0+15x40 0x80'),
    ], values=[stuck]),
    lib.test(
      'one that grows while it is worked on is drained',
      [lib.series('queue_depth', videos, '0+1x120'), finished('0+1x120')],
      values=[undrained(0)]
    ),
    lib.test(
      'one that waits and does not grow is left alone',
      [lib.constant('queue_depth', videos, 50, 120), finished('0+15x40 600x80')],
      values=[undrained(0)]
    ),
    lib.test(
      'nothing is said of a queue of which nobody tells what is finished',
      [lib.series('queue_depth', videos, '0+1x120')],
      values=[undrained(0)]
    ),
    lib.test('of the Celery tasks that ended, those that failed for good', [
      lib.series('celery_tasks_total', worker { task: 'send', queue: 'mail', state: 'success' }, '0+36x60'),
      lib.series('celery_tasks_total', worker { task: 'send', queue: 'mail', state: 'failure' }, '0+12x60'),
      lib.series(
        'celery_tasks_total',
        worker { task: 'send', queue: 'bulk', state: 'failure', instance: 'b' },
        '0+12x60'
      ),
      lib.series('celery_tasks_total', worker { task: 'send', queue: 'mail', state: 'retry' }, '0+90x60'),
    ], values=[
      exactly('service_task:celery_failures:ratio_rate5m', of_task, 0.4),
      exactly('service_task:celery_tasks:rate5m', of_task, 4),
    ]),
    lib.test('how long Celery tasks wait and run, and how many are tried again', [
      lib.series('celery_task_duration_seconds_bucket', worker { task: 'send', queue: 'mail', le: '1.0' }, '0+10x60'),
      lib.series('celery_task_duration_seconds_bucket', worker { task: 'send', queue: 'mail', le: '5.0' }, '0+20x60'),
      lib.series('celery_task_duration_seconds_bucket', worker { task: 'send', queue: 'mail', le: '+Inf' }, '0+20x60'),
      lib.series('celery_task_wait_seconds_bucket', worker { queue: 'videos', le: '1.0' }, '0+10x60'),
      lib.series('celery_task_wait_seconds_bucket', worker { queue: 'videos', instance: 'b', le: '1.0' }, '0+10x60'),
      lib.series('celery_task_wait_seconds_bucket', worker { queue: 'videos', le: '+Inf' }, '0+10x60'),
      lib.series('celery_task_wait_seconds_bucket', worker { queue: 'videos', instance: 'b', le: '+Inf' }, '0+10x60'),
      lib.series('celery_task_retries_total', worker { task: 'send', queue: 'mail' }, '0+1x60'),
      lib.series('celery_task_retries_total', worker { task: 'send', queue: 'bulk', instance: 'b' }, '0+2x60'),
    ], values=[
      lib.value('histogram_quantile(0.75, service_task:celery_task_duration_seconds_bucket:rate5m)', 900, {
        [of_task]: 3,
      }),
      exactly('service_queue:celery_task_wait_seconds:p95_5m', of_queue, 0.95),
      exactly('service_task:celery_retries:per_minute', of_task, 12),
    ]),
    lib.test('without Celery tasks there is no share', [
      lib.constant('celery_tasks_total', worker { task: 'send', queue: 'mail', state: 'failure' }, 3),
    ], values=[
      lib.value('service_task:celery_failures:ratio_rate5m', 900, {}),
      exactly('service_task:celery_tasks:rate5m', of_task, 0),
    ]),
    lib.test(
      'a worker that answers is up, before its first task too',
      [tasks, lib.constant('up', worker, 1, 130)],
      values=[workers(1)]
    ),
    lib.test(
      'a worker that does not answer is down',
      [tasks, lib.series('up', worker, '1x40 0x90')],
      values=[workers(0)]
    ),
    lib.test('so is one whose target is gone', [tasks, lib.series('up', worker, '1x40 _x90')], values=[workers(0)]),
    lib.test('one that pushes its metrics is up without a target', [
      lib.series('celery_tasks_total', worker { task: 'send', queue: 'mail', state: 'success' }, '0+15x130'),
    ], values=[workers(1)]),
    lib.test(
      'a service without Celery has no workers',
      [lib.constant('up', worker { service: 'web' }, 0, 130)],
      values=[lib.value('service:celery_workers:up', 1800, {})]
    ),
  ]),
}
