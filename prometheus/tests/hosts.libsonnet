// The signals of prometheus/signals/hosts.libsonnet from raw metrics.
local lib = import 'lib.libsonnet';

local node = { env: 'test', service: 'node_exporter', instance: 'a:9100' };
local otel = { env: 'test', service: 'hosts', instance: 'b' };
local root = { device: '/dev/sda1', fstype: 'ext4', mountpoint: '/' };
local exactly(record, labels, value, seconds=600) =
  lib.value(record, seconds, { [record + lib.labels(labels)]: value });
local disk = node { device: '/dev/sda1' };
local month = 30 * 86400;

local filesystem(labels, size, free, avail) = [
  lib.constant('node_filesystem_size_bytes', labels, size),
  lib.constant('node_filesystem_free_bytes', labels, free),
  lib.constant('node_filesystem_avail_bytes', labels, avail),
  lib.constant('node_filesystem_readonly', labels, 0),
];
// A sample a minute.
local filling(values) = [
  lib.series('node_filesystem_avail_bytes', node + root, values),
  lib.series('node_filesystem_readonly', node + root, '0x500'),
];
local full(seconds, value) = exactly('instance_device:host_disk_full:seconds', disk, value, seconds);

function(config) {
  'hosts.yaml': lib.file([
    lib.test('processors: waiting for a disk is idle, time taken by the hypervisor is not', [
      lib.series('node_cpu_seconds_total', node { cpu: '0', mode: 'idle' }, '0+6x60'),
      lib.series('node_cpu_seconds_total', node { cpu: '0', mode: 'iowait' }, '0+3x60'),
      lib.series('node_cpu_seconds_total', node { cpu: '0', mode: 'steal' }, '0+2x60'),
      lib.series('node_cpu_seconds_total', node { cpu: '0', mode: 'user' }, '0+4x60'),
      lib.series('system_cpu_time_seconds_total', otel { cpu: 'cpu0', state: 'idle' }, '0+12x60'),
      lib.series('system_cpu_time_seconds_total', otel { cpu: 'cpu0', state: 'user' }, '0+3x60'),
    ], values=[
      lib.value('instance:host_cpu_used:ratio_rate5m', 600, {
        ['instance:host_cpu_used:ratio_rate5m' + lib.labels(node)]: 0.4,
        ['instance:host_cpu_used:ratio_rate5m' + lib.labels(otel)]: 0.19999999999999996,
      }),
    ]),
    lib.test('memory', [
      lib.constant('node_memory_MemAvailable_bytes', node, 25),
      lib.constant('node_memory_MemTotal_bytes', node, 100),
      lib.constant('system_memory_usage_bytes', otel { state: 'used' }, 40),
      lib.constant('system_memory_usage_bytes', otel { state: 'cached' }, 20),
      lib.constant('system_memory_usage_bytes', otel { state: 'free' }, 40),
    ], values=[
      lib.value('instance:host_memory_used:ratio', 600, {
        ['instance:host_memory_used:ratio' + lib.labels(node)]: 0.75,
        ['instance:host_memory_used:ratio' + lib.labels(otel)]: 0.4,
      }),
    ]),
    lib.test(
      'disks as df counts them, once however often they are mounted, without those in memory ' +
      'and those that are only read',
      filesystem(node + root, 100, 50, 40) + filesystem(node + root { mountpoint: '/data' }, 100, 50, 40)
      + filesystem(node { device: 'tmpfs', fstype: 'tmpfs', mountpoint: '/run' }, 100, 1, 1)
      + filesystem(node { device: '/dev/sr0', fstype: 'ext4', mountpoint: '/media' }, 100, 0, 0)[:3]
      + [
        lib.constant('node_filesystem_readonly', node { device: '/dev/sr0', fstype: 'ext4', mountpoint: '/media' }, 1),
        lib.constant(
          'system_filesystem_usage_bytes',
          otel { device: '/dev/vda', mountpoint: '/', type: 'xfs', state: 'used' },
          30
        ),
        lib.constant(
          'system_filesystem_usage_bytes',
          otel { device: '/dev/vda', mountpoint: '/', type: 'xfs', state: 'free' },
          70
        ),
      ],
      values=[
        lib.value('instance_device:host_disk_used:ratio', 600, {
          ['instance_device:host_disk_used:ratio' + lib.labels(disk)]: 0.5555555555555556,
          ['instance_device:host_disk_used:ratio' + lib.labels(otel { device: '/dev/vda' })]: 0.3,
        }),
      ]
    ),
    lib.test('what goes to disks and over real interfaces', [
      lib.series('node_disk_read_bytes_total', node { device: 'sda' }, '0+150x60'),
      lib.series('node_disk_written_bytes_total', node { device: 'sda' }, '0+300x60'),
      lib.series('node_network_receive_bytes_total', node { device: 'eth0' }, '0+15x60'),
      lib.series('node_network_receive_bytes_total', node { device: 'lo' }, '0+1500x60'),
      lib.series('node_network_receive_bytes_total', node { device: 'docker0' }, '0+1500x60'),
      lib.series('node_network_transmit_bytes_total', node { device: 'eth0' }, '0+45x60'),
    ], values=[
      lib.value('sum by (direction) (instance_direction:host_disk_bytes:rate5m)', 600, {
        '{direction="read"}': 10,
        '{direction="write"}': 20,
      }),
      lib.value('sum by (direction) (instance_direction:host_network_bytes:rate5m)', 600, {
        '{direction="receive"}': 1,
        '{direction="transmit"}': 3,
      }),
    ]),
    lib.test('processes: ours, and those that OpenTelemetry tells of', [
      lib.constant('process_resident_memory_bytes', node, 1e9),
      lib.constant('process_memory_usage_bytes', otel, 2e9),
      lib.series('process_cpu_seconds_total', node, '0+30x60'),
      lib.constant('process_open_fds', node, 12),
      lib.constant('process_start_time_seconds', node, lib.start.seconds - 400),
    ], values=[
      lib.value('instance:process_memory_bytes:sum', 600, {
        ['instance:process_memory_bytes:sum' + lib.labels(node)]: 1e9,
        ['instance:process_memory_bytes:sum' + lib.labels(otel)]: 2e9,
      }),
      exactly('instance:process_cpu_seconds:rate5m', node, 2),
      exactly('instance:process_open_files:sum', node, 12),
      exactly('instance:process_uptime:seconds', node, 1000),
    ]),
  ]) + {
    tests+: lib.file([
      lib.test('a disk that fills steadily is full when the line says so', filling('1000000-1000x500'), values=[
        lib.value('abs(instance_device:host_disk_full:seconds - 38400) < bool 600', 21600, { [lib.labels(disk)]: 1 }),
      ], interval='1m'),
      lib.test(
        'of what is young nothing is foretold that is far ahead',
        filling('1000000-1000x500'),
        values=[
          // After a quarter of an hour it is known for the first time.
          full(600, month + 1),
          // In 16 hours, of which 50 minutes say nothing.
          full(3000, month),
        ],
        interval='1m'
      ),
      lib.test(
        'of what is young it is foretold what is near',
        filling('1000000-5000x190'),
        values=[
          // In 2 hours and 50 minutes, after half an hour.
          lib.value('abs(instance_device:host_disk_full:seconds - 10200) < bool 300', 1800, { [lib.labels(disk)]: 1 }),
        ],
        interval='1m'
      ),
      lib.test(
        'nor of a disk that has stopped filling, or is emptied',
        filling('1000000-1000x200 800000x300'),
        values=[full(18000, month)],
        interval='1m'
      ),
      lib.test('nor later than a month', filling('1000000000-1x500'), values=[full(21600, month)], interval='1m'),
    ]).tests,
  },
}
