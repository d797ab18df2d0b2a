// For each alert in prometheus/alerts/tasks.libsonnet: the series it is tested on and what it then says.
local shop = import 'shop.libsonnet';
local standing = import 'standing.libsonnet';

{
  TaskThroughputLow: {
    series: shop,
    says(value, level):: {
      summary: 'The agents of shop & sons do %s each while tasks wait' % value,
      description: (
                     'Each agent of shop & sons (test) does %s, at the pace of the last 15 minutes; ' +
                     'less than %s is too few while others wait, and 10 is the target. '
                   ) % [value, level.limit_text] +
                   'Either tasks fail, or they take long, or too few are worked on at once: the dashboard shows which.',
    },
  },
  TaskQualityDrop: {
    series: shop { task_type: 'ad copy' },
    says(value, level):: {
      summary: 'Tasks of type ad copy of shop & sons score %s on average' % value,
      description: (
                     'The tasks of type ad copy (shop & sons, test) that were judged in the last 15 minutes score %s ' +
                     'on average; less than %s is too low. '
                   ) % [value, level.limit_text] +
                   'The dashboard has the score of each type and, once there is a week of data, ' +
                   'how it compares with last week.',
    },
  },
  ConflictResolutionRateLow: {
    series: shop,
    says(value, level):: {
      summary: 'The agents of shop & sons resolve only %s of their conflicts' % value,
      description: (
                     'Of the conflicts between the agents of shop & sons (test) in the last half hour %s were ' +
                     'resolved; less than %s is too few, and 90%% is the target. '
                   ) % [value, level.limit_text] +
                   'The dashboard shows which type of conflict is given up and how long they take.',
    },
  },
  WorkflowFailed: {
    series: shop { workflow_type: 'campaign launch' },
    says(value, level):: {
      summary: 'The workflow campaign launch of shop & sons fails in %s of its runs' % value,
      description: (
                     '%s of the runs of campaign launch (shop & sons, test) that ended in the last 15 minutes ended ' +
                     'with an error; more than %s is too many. '
                   ) % [value, level.limit_text] +
                   'A workflow that runs rarely is told of by its first failure. ' +
                   'The dashboard leads to the traces of its runs: the first failed span says where it broke.',
    },
  },
  WorkflowStuck: standing {
    series: shop { workflow_type: 'campaign launch' },
    record:: 'service_workflow:workflow:progress_timestamp_seconds',
    told(value, level, since):: {
      summary: 'The workflow campaign launch of shop & sons is under way and no run of it ' +
               'has ended for ' + since,
      description: (
                     'Runs of campaign launch (shop & sons, test) are under way, ' +
                     'and none has ended for %s as long as 99 %% of them take '
                   ) % value +
                   (
                     '(counted as a minute where it is less); more than %s means that it hangs. Look for an ' +
                     'agent that is stuck first.'
                   ) % level.limit_text,
    },
  },
}
