// Machines, as node_exporter or an OpenTelemetry collector's hostmetrics receiver sees them, and the processes of each
// service.
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';

function(config)
  local scope = promql.scope(config);
  local label(expr, name, value) = 'label_replace(%s, "%s", "%s", "", "")' % [expr, name, value];

  local by_device = scope.by_instance + ['device'];
  local by_direction = scope.by_instance + ['direction'];
  local sum = function(expr, by=scope.by_instance) promql.fold('sum', by, expr);
  local max = function(expr, by=scope.by_instance) promql.fold('max', by, expr);

  // File systems that hold files of their own: one in memory or made of others is never what fills up. A device that is
  // mounted twice is one disk.
  local on_disk = 'fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|erofs"';
  local on_disk_otel = 'type!~"tmpfs|ramfs|overlay|squashfs|iso9660|erofs"';
  local writable(expr) = '(%s unless on (env, service, instance, device, mountpoint) %s == 1)' % [
    expr,
    scope.raw('node_filesystem_readonly'),
  ];
  // What passes through a bridge or into a container has passed through a real interface already.
  local real_interface = 'device!~"lo|veth.*|br-.*|docker.*|virbr.*|cni.*|flannel.*|cali.*|tunl.*|ifb.*|dummy.*"';

  local cpu = 'instance:host_cpu_used:ratio_rate5m';
  local memory = 'instance:host_memory_used:ratio';
  local disk_free = 'instance_device:host_disk_free_bytes:min';
  local disk_used = 'instance_device:host_disk_used:ratio';
  local disk_full = 'instance_device:host_disk_full:seconds';
  local disk_io = 'instance_direction:host_disk_bytes:rate5m';
  local network = 'instance_direction:host_network_bytes:rate5m';
  local host_uptime = 'instance:host_uptime:seconds';
  local process_memory = 'instance:process_memory_bytes:sum';
  local process_cpu = 'instance:process_cpu_seconds:rate5m';
  local open_files = 'instance:process_open_files:sum';
  local uptime = 'instance:process_uptime:seconds';
  local farthest = 30 * 86400;
  local not_known_yet = farthest + 1;

  {
    // What stands for later than any forecast, and for none.
    farthest:: farthest,
    not_known_yet:: not_known_yet,

    sources:: [
      {
        // A processor that waits for a disk could still compute; one that the hypervisor took away could not.
        record: cpu,
        expr: promql.first_of([
          '1 - %s / (%s > 0)' % [
            sum(scope.rate('node_cpu_seconds_total', ['mode=~"idle|iowait"'])),
            sum(scope.rate('node_cpu_seconds_total')),
          ],
          '1 - %s / (%s > 0)' % [
            sum(scope.rate('system_cpu_time_seconds_total', ['state=~"idle|wait"'])),
            sum(scope.rate('system_cpu_time_seconds_total')),
          ],
        ], scope.by_instance),
      },
      {
        record: memory,
        expr: promql.first_of([
          '1 - %s / (%s > 0)' % [
            max(scope.raw('node_memory_MemAvailable_bytes')),
            max(scope.raw('node_memory_MemTotal_bytes')),
          ],
          '%s / (%s > 0)' % [
            sum(scope.raw('system_memory_usage_bytes', ['state="used"'])),
            sum(scope.raw('system_memory_usage_bytes')),
          ],
        ], scope.by_instance),
      },
      {
        record: disk_free,
        expr: promql.first_of([
          promql.fold('min', by_device, writable(scope.raw('node_filesystem_avail_bytes', [on_disk]))),
          promql.fold('min', by_device, scope.raw('system_filesystem_usage_bytes', ['state="free"', on_disk_otel])),
        ], scope.by_instance),
      },
      {
        // As df counts it: what is kept back for root is neither used nor free.
        record: disk_used,
        expr: '1 - %s / (%s + on (%s) (\n%s\n) > 0)' % [
          disk_free,
          disk_free,
          std.join(', ', by_device),
          promql.first_of([
            max(
              writable(
                scope.raw('node_filesystem_size_bytes', [on_disk]) + ' - '
                + scope.raw('node_filesystem_free_bytes', [on_disk])
              ),
              by_device
            ),
            max(scope.raw('system_filesystem_usage_bytes', ['state="used"', on_disk_otel]), by_device),
          ], scope.by_instance),
        ],
      },
      {
        record: disk_io,
        expr: promql.first_of([
          label(sum(scope.rate('node_disk_read_bytes_total')), 'direction', 'read') + '\nor '
          + label(sum(scope.rate('node_disk_written_bytes_total')), 'direction', 'write'),
          sum(scope.rate('system_disk_io_bytes_total'), by_direction),
        ], scope.by_instance),
      },
      {
        record: network,
        expr: promql.first_of([
          label(sum(scope.rate('node_network_receive_bytes_total', [real_interface])), 'direction', 'receive')
          + '\nor ' + label(
            sum(scope.rate('node_network_transmit_bytes_total', [real_interface])),
            'direction',
            'transmit'
          ),
          sum(scope.rate('system_network_io_bytes_total', [real_interface]), by_direction),
        ], scope.by_instance),
      },
      { record: host_uptime, expr: max(scope.raw('node_time_seconds') + ' - ' + scope.raw('node_boot_time_seconds')) },
      {
        record: process_memory,
        expr: promql.first_of(
          [sum(scope.raw('process_resident_memory_bytes')), sum(scope.raw('process_memory_usage_bytes'))],
          scope.by_instance
        ),
      },
      {
        record: process_cpu,
        expr: promql.first_of(
          [sum(scope.rate('process_cpu_seconds_total')), sum(scope.rate('process_cpu_time_seconds_total'))],
          scope.by_instance
        ),
      },
      {
        record: open_files,
        expr: promql.first_of(
          [sum(scope.raw('process_open_fds')), sum(scope.raw('process_unix_file_descriptor_count'))],
          scope.by_instance
        ),
      },
      {
        record: uptime,
        expr: promql.first_of(
          ['time() - ' + max(scope.raw('process_start_time_seconds')), max(scope.raw('process_uptime_seconds'))],
          scope.by_instance
        ),
      },
    ],

    // What fills over six hours, and still does in the last half hour, is foretold to go on. While less than an hour is
    // known a forecast reaches six times as far ahead as that. A month stands for all that is later, so that a
    // disk that is fine has a value too, and a second more for what is not known yet; both are told as that.
    slow_sources:: [
      {
        record: disk_full,
        expr: (
          'clamp_max(\n  (%(full)s < 6 * 60 * %(minutes)s or %(full)s and %(minutes)s >= 60) ' +
          'and deriv(%(free)s[30m]) < 0 and %(minutes)s >= %(least)d,\n  %(most)d\n)\n' +
          'or %(most)d * (%(free)s >= bool 0) and %(minutes)s >= %(least)d\n' +
          'or %(unknown)d * (%(free)s >= bool 0)'
        ) % {
          free: disk_free,
          full: '%s / (-1 * deriv(%s[6h]) > 0)' % [disk_free, disk_free],
          least: 15,
          minutes: 'count_over_time(%s[6h:1m])' % disk_free,
          most: farthest,
          unknown: not_known_yet,
        },
      },
    ],

    host_cpu: signal.recorded({
      title: 'Processors in use',
      unit: 'percentunit',
      min: 0,
      max: 1,
      decimals: 0,
      how: 'max',
      description: "The share of the machine's processor time that was in use over the last 5 minutes.",
      source: cpu,
      records: { [cpu]: scope.by_instance },
    }),

    host_memory: signal.recorded({
      title: 'Memory in use',
      unit: 'percentunit',
      min: 0,
      max: 1,
      decimals: 0,
      how: 'max',
      description: "The share of the machine's memory that cannot be given to anyone any more.",
      source: memory,
      records: { [memory]: scope.by_instance },
    }),

    host_disk_used: signal.recorded({
      title: 'Disk in use',
      unit: 'percentunit',
      min: 0,
      max: 1,
      decimals: 0,
      how: 'max',
      description: 'The share of each disk that is in use, as df counts it.',
      source: disk_used,
      records: { [disk_used]: by_device },
    }),

    host_disk_free: signal.recorded({
      title: 'Disk free',
      unit: 'bytes',
      min: 0,
      how: 'min',
      description: 'Bytes that an ordinary user can still write to each disk.',
      source: disk_free,
      records: { [disk_free]: by_device },
    }),

    host_disk_full: signal.recorded({
      title: 'Time until the disk is full',
      unit: 'dtdurations',
      decimals: 1,
      min: 0,
      how: 'min',
      description: 'When each disk is full if it goes on filling as in the last 6 hours; ' +
                   'not within 30 days where it does not fill, or later than that. Known after a quarter of an hour.',
      source: disk_full,
      records: { [disk_full]: by_device },
    }),

    host_disk_io: signal.recorded({
      title: 'Disk traffic',
      unit: 'Bps',
      min: 0,
      description: "Bytes per second read from and written to the machine's disks, over the last 5 minutes.",
      source: disk_io,
      records: { [disk_io]: by_direction },
    }),

    host_network: signal.recorded({
      title: 'Network traffic',
      unit: 'Bps',
      min: 0,
      description: 'Bytes per second that the machine received and sent over real interfaces, over the last 5 minutes.',
      source: network,
      records: { [network]: by_direction },
    }),

    host_uptime: signal.recorded({
      title: 'Host uptime',
      unit: 'dtdurations',
      decimals: 1,
      min: 0,
      how: 'min',
      description: 'Time since the machine was started.',
      source: host_uptime,
      records: { [host_uptime]: scope.by_instance },
    }),

    process_memory: signal.recorded({
      title: 'Process memory',
      unit: 'decbytes',
      min: 0,
      how: 'max',
      description: 'Memory that each instance of a service holds (resident set size); ' +
                   'the largest instance where several are drawn as one.',
      source: process_memory,
      records: { [process_memory]: scope.by_instance },
    }),

    process_cpu: signal.recorded({
      title: 'Processor time',
      unit: 'short',
      min: 0,
      decimals: 2,
      description: 'Processors that each service keeps busy, over the last 5 minutes: 1 is one whole processor.',
      source: process_cpu,
      records: { [process_cpu]: scope.by_instance },
    }),

    process_open_files: signal.recorded({
      title: 'Open files',
      unit: 'short',
      min: 0,
      decimals: 0,
      description: 'Files and sockets that each service has open.',
      source: open_files,
      records: { [open_files]: scope.by_instance },
    }),

    process_uptime: signal.recorded({
      title: 'Uptime',
      unit: 'dtdurations',
      decimals: 1,
      min: 0,
      how: 'min',
      description: 'Time since each instance was started: a short bar has just restarted.',
      source: uptime,
      records: { [uptime]: scope.by_instance },
    }),
  }
