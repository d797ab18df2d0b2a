// For each alert of queues and workers: the series it is tested on and what it then says, written out as a person reads
// it.
local shop = import 'shop.libsonnet';
local orders = shop { queue: 'orders' };

{
  QueueDepth: {
    series: orders,
    says(value, level):: {
      summary: 'The queue orders of shop & sons holds %s' % value,
      description: 'The queue orders of shop & sons (test) holds %s that wait; more than %s is too many. ' % [
                     value,
                     level.limit_text,
                   ] +
                   'Items finished beside it says whether the workers are slow or stand still, ' +
                   'and since when more arrives than they take.',
    },
  },
  QueueNotDraining: {
    series: orders,
    says(value, level):: {
      summary: 'The queue orders of shop & sons holds %s and nothing from it is finished' % value,
      description: (
                     'The queue orders of shop & sons (test) has grown for 10 minutes, to %s, ' +
                     'and nothing from it was finished in the last 5. '
                   ) % value +
                   'Its workers run, else other alerts would say so: see in their logs and traces what they wait for.',
    },
  },
  CeleryFailureRate: {
    series: shop { task: 'orders.send_receipt' },
    says(value, level):: {
      summary: '%s of the tasks orders.send_receipt of shop & sons fail' % value,
      description: (
                     'Of the Celery tasks orders.send_receipt of shop & sons (test) that ended in the last 5 minutes ' +
                     '%s failed for good; more than %s is too much. '
                   ) % [value, level.limit_text] +
                   'Retries are not among them: what failed here is not tried again. The error logs say why.',
    },
  },
  CeleryWorkerDown: {
    series: shop,
    says(value, level):: {
      summary: 'No Celery worker of shop & sons is up',
      description: 'shop & sons (test) ran Celery tasks in the last day, and none of its instances answers now. ' +
                   'Its tasks wait, or are lost if the broker keeps them in memory. ' +
                   'The logs end with the reason if a worker ended by itself.',
    },
  },
}
