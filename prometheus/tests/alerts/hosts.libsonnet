// For each alert of machines and processes: the series it is tested on and what it then says, written out as a person
// reads it.
local shop = import 'shop.libsonnet';
local machine = { env: 'test', service: 'node_exporter', instance: 'db-1:9100' };
local disk = machine { device: '/dev/sda1' };

local memory = {
  series: shop { instance: '10.0.0.7:8080' },
  says(value, level):: {
    summary: 'shop & sons holds %s of memory' % value,
    description: 'The instance 10.0.0.7:8080 of shop & sons (test) holds %s of memory; more than %s is too much. ' % [
                   value,
                   level.limit_text,
                 ] +
                 'A line that only climbs is a leak and ends with the system killing the process; ' +
                 'a step belongs to a release or to one kind of request: ' +
                 'Process memory, on the dashboard, shows which.',
  },
};

{
  HighMemoryUsage: memory,
  CriticalMemoryUsage: memory,
  HostCpuHigh: {
    series: machine,
    says(value, level):: {
      summary: '%s of the processors of db-1:9100 are busy' % value,
      description: (
                     'The machine db-1:9100 (test) has used %s of its processor time for a quarter of an hour; ' +
                     'more than %s leaves nothing for a burst. '
                   ) % [value, level.limit_text] +
                   'Processor time by service, on the dashboard, names who uses it.',
    },
  },
  HostMemoryHigh: {
    series: machine,
    says(value, level):: {
      summary: '%s of the memory of db-1:9100 is in use' % value,
      description: 'The machine db-1:9100 (test) has %s of its memory in use; more than %s is too much. ' % [
                     value,
                     level.limit_text,
                   ] +
                   'When nothing is left the system kills a process, often the largest. ' +
                   'Process memory, on the dashboard, names who holds it.',
    },
  },
  DiskFull: {
    series: disk,
    says(value, level):: {
      summary: '/dev/sda1 of db-1:9100 is %s full' % value,
      description: 'The disk /dev/sda1 of the machine db-1:9100 (test) is %s full; more than %s is too full. ' % [
                     value,
                     level.limit_text,
                   ] +
                   'Databases and queues stop when they cannot write, and this stack loses what it should keep. ' +
                   'Free space first, then look for what writes so much.',
    },
  },
  DiskFullSoon: {
    series: disk,
    says(value, level):: {
      summary: '/dev/sda1 of db-1:9100 is full in %s' % value,
      description: (
                     'If the disk /dev/sda1 of the machine db-1:9100 (test) goes on filling as in the last 6 hours, ' +
                     'it is full in %s; less than %s is soon. '
                   ) % [value, level.limit_text] +
                   'There is still time to find what writes so much: ' +
                   'look for the largest files, and at the services on it.',
    },
  },
}
