// The signals of prometheus/signals/business.libsonnet from raw metrics.
local lib = import 'lib.libsonnet';

local api = { env: 'test', service: 'api', instance: 'a' };
local other = api { instance: 'b' };
local search = { env: 'test', service: 'api', platform: 'search' };
local exactly(record, labels, value, seconds=600) =
  lib.value(record, seconds, { [record + lib.labels(labels)]: value });

function(config) {
  'business.yaml': lib.file([
    lib.test('what is created and earned, by platform, from all instances', [
      lib.series('campaigns_created_total', api { platform: 'search' }, '0+1x60'),
      lib.series('campaigns_created_total', other { platform: 'search' }, '0+2x60'),
      lib.series('ads_published_total', api { platform: 'search', format: 'text' }, '0+4x60'),
      lib.series('revenue_usd_total', api { platform: 'search' }, '0+10x60'),
    ], values=[
      exactly('service_platform:campaigns_created:per_hour', search, 720),
      exactly('service_format:ads_published:per_hour', search { format: 'text' }, 960),
      exactly('service_platform:revenue_usd:per_hour', search, 2400),
    ]),
    lib.test('videos: those that were made, and none in a time without any', [
      lib.series('video_generation_total', api { status: 'success' }, '0+9x60 540x60'),
      lib.series('video_generation_total', api { status: 'error' }, '0+1x60 60x60'),
    ], values=[
      exactly('service:video_successes:ratio_rate5m', { env: 'test', service: 'api' }, 0.9),
      lib.value('service:video_successes:ratio_rate5m', 1500, {}),
    ]),
    lib.test('gauges: the mean of the instances where each knows a part, the highest where each counts the same', [
      lib.constant('roas_value', api { campaign: 'shoes', platform: 'search' }, 3),
      lib.constant('roas_value', other { campaign: 'shoes', platform: 'search' }, 2),
      lib.constant('prediction_accuracy', api { model: 'simple', measure: 'mae' }, 0.5),
      lib.constant('active_users', api, 10),
      lib.constant('active_users', other, 12),
    ], values=[
      exactly('service_campaign:roas:avg', search { campaign: 'shoes' }, 2.5),
      exactly(
        'service_model:prediction_accuracy:avg',
        { env: 'test', service: 'api', model: 'simple', measure: 'mae' },
        0.5
      ),
      exactly('service:active_users:max', { env: 'test', service: 'api' }, 12),
    ]),
  ]) + {
    tests+: lib.file([
      lib.test('a day, with a restart in it and what was before left out', [
        lib.series('campaigns_created_total', api { platform: 'search' }, '0+1x1440 0+1x720 0+1x720'),
      ], values=[
        exactly('service_platform:campaigns_created:last_24h', search, 1440 - 2, 2880 * 60),
      ], interval='1m'),
    ]).tests,
  },
}
