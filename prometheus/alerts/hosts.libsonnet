// Machines and processes.
local starting = import '../lib/starting.libsonnet';

local memory = {
  compare: '>',
  'for': '5m',
  by: ['env', 'service', 'instance'],
  condition: 'process_memory',
  dashboard: 'system-health',
  summary: '{{ $labels.service }} holds %s of memory' % self.value,
  description: (
                 'The instance {{ $labels.instance }} of {{ $labels.service }} ({{ $labels.env }}) holds %s of ' +
                 'memory; more than %s is too much. '
               ) % [self.value, self.limit] +
               'A line that only climbs is a leak and ends with the system killing the process; ' +
               'a step belongs to a release or to one kind of request: Process memory, on the dashboard, shows which.',
};
local host = {
  compare: '>',
  by: ['env', 'service', 'instance'],
  // The dashboard shows all machines, whatever service is chosen.
  variables: ['env'],
  dashboard: 'system-health',
};
local disk = host { by: ['env', 'service', 'instance', 'device'] };

function(signals, config) [
  memory {
    name: 'HighMemoryUsage',
    signal: signals.process_memory,
    threshold: 1500e6,
    severity: 'warning',
    cooldown: '15m',
  },
  memory {
    name: 'CriticalMemoryUsage',
    signal: signals.process_memory,
    threshold: 2000e6,
    severity: 'critical',
    cooldown: '10m',
  },
  host {
    name: 'HostCpuHigh',
    // Compiling takes all processors, and is over once.
    quiet_while:: [starting.anything()],
    signal: signals.host_cpu,
    threshold: 0.9,
    'for': '15m',
    severity: 'warning',
    cooldown: '1h',
    summary: '%s of the processors of {{ $labels.instance }} are busy' % self.value,
    description: (
                   'The machine {{ $labels.instance }} ({{ $labels.env }}) has used %s of its processor time for a ' +
                   'quarter of an hour; more than %s leaves nothing for a burst. '
                 ) % [self.value, self.limit] +
                 'Processor time by service, on the dashboard, names who uses it.',
  },
  host {
    name: 'HostMemoryHigh',
    signal: signals.host_memory,
    'for': '5m',
    levels: [
      { severity: 'warning', threshold: 0.9, cooldown: '1h' },
      { severity: 'critical', threshold: 0.97, cooldown: '15m' },
    ],
    summary: '%s of the memory of {{ $labels.instance }} is in use' % self.value,
    description: (
                   'The machine {{ $labels.instance }} ({{ $labels.env }}) has %s of its memory in use; ' +
                   'more than %s is too much. '
                 ) % [self.value, self.limit] +
                 'When nothing is left the system kills a process, often the largest. ' +
                 'Process memory, on the dashboard, names who holds it.',
  },
  disk {
    name: 'DiskFull',
    signal: signals.host_disk_used,
    'for': '5m',
    levels: [
      { severity: 'warning', threshold: 0.9, cooldown: '4h' },
      { severity: 'critical', threshold: 0.95, cooldown: '30m' },
    ],
    summary: '{{ $labels.device }} of {{ $labels.instance }} is %s full' % self.value,
    description: (
                   'The disk {{ $labels.device }} of the machine {{ $labels.instance }} ({{ $labels.env }}) is %s ' +
                   'full; more than %s is too full. '
                 ) % [self.value, self.limit] +
                 'Databases and queues stop when they cannot write, and this stack loses what it should keep. ' +
                 'Free space first, then look for what writes so much.',
  },
  disk {
    name: 'DiskFullSoon',
    signal: signals.host_disk_full,
    compare: '<',
    'for': '30m',
    levels: [
      { severity: 'warning', threshold: 86400, cooldown: '4h' },
      { severity: 'critical', threshold: 4 * 3600, cooldown: '30m' },
    ],
    // A disk with this much room is in no danger yet, however fast a copy to it runs.
    guards: [
      { signal: signals.host_disk_used, compare: '>', threshold: 0.6, by: ['env', 'service', 'instance', 'device'] },
    ],
    summary: '{{ $labels.device }} of {{ $labels.instance }} is full in %s' % self.value,
    description: (
                   'If the disk {{ $labels.device }} of the machine {{ $labels.instance }} ({{ $labels.env }}) goes ' +
                   'on filling as in the last 6 hours, it is full in %s; less than %s is soon. '
                 ) % [self.value, self.limit] +
                 'There is still time to find what writes so much: ' +
                 'look for the largest files, and at the services on it.',
  },
]
