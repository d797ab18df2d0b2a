// What the ad platform achieves for its customers.
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';
local tally = import 'tally.libsonnet';

function(config)
  local scope = promql.scope(config);
  local sum(expr, by) = promql.fold('sum', by, expr);
  local by_platform = scope.by_service + ['platform'];
  local by_format = by_platform + ['format'];

  local campaigns = 'service_platform:campaigns_created:per_hour';
  local ads = 'service_format:ads_published:per_hour';
  local videos = 'service:video_generation:rate5m';
  local video_buckets = 'service_format:video_processing_duration_seconds_bucket:rate5m';
  local revenue = 'service_platform:revenue_usd:per_hour';
  local roas = 'service_campaign:roas:avg';
  local accuracy = 'service_model:prediction_accuracy:avg';
  local active_users = 'service:active_users:max';
  local of_a_day(level, name, labels) = {
    labels: labels,
    record: 'service_%s:%s:last_24h' % [level, name],
    tally: tally(config, level, name, name + '_total', labels),
  };
  local daily = {
    campaigns: of_a_day('platform', 'campaigns_created', by_platform),
    ads: of_a_day('format', 'ads_published', by_format),
    videos: of_a_day('status', 'video_generation', scope.by_service + ['status']),
    revenue: of_a_day('platform', 'revenue_usd', by_platform),
  };

  local video_time(percent) = signal.quantile(percent / 100, {
    title: 'Processing time P' + percent,
    unit: 's',
    min: 0,
    description: percent + ' % of the videos of the last 5 minutes took no longer than this.',
    source: video_buckets,
    labels: scope.by_service + ['format'],
  });
  local of_the_day(title, what, day, unit='none') = signal.recorded({
    title: title,
    unit: unit,
    min: 0,
    decimals: 0,
    description: what + ' in the last 24 hours.',
    source: day.record,
    records: { [day.record]: day.labels },
  });
  local measured(measure, title, description) = signal.recorded({
    title: title,
    unit: 'short',
    decimals: 2,
    how: 'avg',
    description: description,
    source: accuracy,
    records: { [accuracy]: scope.by_service + ['model', 'measure'] },
    expr(by, matchers=[]):: promql.fold('avg', by, promql.select(accuracy, ['measure="%s"' % measure] + matchers)),
  });

  {
    sources:: [
      { record: campaigns, expr: '3600 * ' + sum(scope.rate('campaigns_created_total'), by_platform) },
      { record: ads, expr: '3600 * ' + sum(scope.rate('ads_published_total'), by_format) },
      { record: videos, expr: sum(scope.rate('video_generation_total'), scope.by_service + ['status']) },
      {
        record: video_buckets,
        expr: sum(scope.rate('video_processing_duration_seconds_bucket'), scope.by_service + ['format', 'le']),
      },
      { record: revenue, expr: '3600 * ' + sum(scope.rate('revenue_usd_total'), by_platform) },
      { record: roas, expr: promql.fold('avg', by_platform + ['campaign'], scope.raw('roas_value')) },
      {
        record: accuracy,
        expr: promql.fold('avg', scope.by_service + ['model', 'measure'], scope.raw('prediction_accuracy')),
      },
      { record: active_users, expr: promql.fold('max', scope.by_service, scope.raw('active_users')) },
    ],

    tally_sources:: std.flattenArrays([
      day.tally.rules + [{ record: day.record, expr: day.tally.in_last('1d') }]
      for day in std.objectValues(daily)
    ]),

    campaigns_day: of_the_day('Campaigns, 24 h', 'Campaigns created', daily.campaigns),
    ads_day: of_the_day('Ads, 24 h', 'Ads published', daily.ads),
    videos_day: of_the_day('Videos, 24 h', 'Videos whose generation ended, well or not,', daily.videos),
    revenue_day: of_the_day('Revenue, 24 h', 'Revenue', daily.revenue, 'currencyUSD'),

    campaigns_created: signal.recorded({
      title: 'Campaigns created per hour',
      unit: 'suffix: /h',
      min: 0,
      description: 'Campaigns created, at the pace of the last 5 minutes.',
      source: campaigns,
      records: { [campaigns]: by_platform },
    }),

    ads_published: signal.recorded({
      title: 'Ads published per hour',
      unit: 'suffix: /h',
      min: 0,
      description: 'Ads published, at the pace of the last 5 minutes.',
      source: ads,
      records: { [ads]: by_format },
    }),

    video_success_share: signal.share({
      title: 'Video success rate',
      unit: 'percentunit',
      max: 1,
      decimals: 1,
      description: 'The share of the videos that ended in the last 5 minutes that were made.',
      source: videos,
      part: 'status="success"',
      labels: scope.by_service,
      records: { 'service:video_successes:ratio_rate5m': scope.by_service },
    }),

    video_time_p50: video_time(50),
    video_time_p95: video_time(95),

    roas: signal.recorded({
      title: 'Return on ad spend',
      unit: 'suffix:×',
      min: 0,
      decimals: 2,
      how: 'avg',
      description: 'Revenue for each dollar spent, the mean over the campaigns that are watched most closely.',
      source: roas,
      records: { [roas]: by_platform + ['campaign'] },
    }),

    prediction_mae: measured('mae', 'MAE', 'Mean absolute error of the predicted return on ad spend: 0 is perfect.'),
    prediction_rmse: measured(
      'rmse',
      'RMSE',
      'Root mean squared error of the predicted return on ad spend: 0 is perfect.'
    ),
    prediction_r2: measured(
      'r2',
      'R²',
      'The share of the variation between campaigns that the prediction explains: 1 is perfect.'
    ),

    revenue_per_hour: signal.recorded({
      title: 'Revenue per hour',
      unit: 'currencyUSD',
      min: 0,
      description: 'Revenue, at the pace of the last 5 minutes.',
      source: revenue,
      records: { [revenue]: by_platform },
    }),

    active_users: signal.recorded({
      title: 'Active users',
      unit: 'short',
      min: 0,
      decimals: 0,
      description: 'Users who are active now.',
      source: active_users,
      records: { [active_users]: scope.by_service },
    }),
  }
