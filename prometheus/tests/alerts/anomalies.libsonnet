// For each alert in prometheus/alerts/anomalies.libsonnet: the series it is tested on and what it then says.
local shop = import 'shop.libsonnet';

// known: what is said of the value and the band, where they are there.
local unusual(known='', signal='traffic') = function(value, level) {
  summary: signal + ' of shop & sons is unusual' + known,
  description: 'For 5 minutes %s of shop & sons (test) has been outside the band of the last hour ' % signal +
               'and of the same hours of yesterday and last week: ' + (
                 'its anomaly score is %s, and more than %s is unusual (1 is as far out again as the band reaches). '
               ) % [value, level.limit_text] +
               'It need not be a fault. The dashboard shows since when, and what else is unusual.',
};
local watched = 'service_signal:watched:value';
local upper = 'service_signal:band:upper';
local lower = 'service_signal:band:lower';
// Each signal in its own unit.
local in_unit(signal, values, known) = {
  title: 'says %s in its unit' % signal,
  in_place: { signal: signal },
  series: values,
  says:: unusual(known, signal),
};

{
  AnomalyDetected: {
    series: shop { signal: 'traffic' },
    says:: unusual(),
    beside: [
      {
        title: 'says what it is and what is usual',
        series: { [watched]: 1250, [upper]: 40.5, [lower]: 0.05 },
        says:: unusual(
          ': now 1.25k requests a second, usually at most 40.5 requests a second, at least 1 request every 20s'
        ),
      },
      {
        title: 'says what it is where the band is not known',
        series: { [watched]: 0.5 },
        says:: unusual(': now 1 request every 2s'),
      },
      {
        title: 'says what is usual where nothing comes any more',
        series: { [upper]: 40.5, [lower]: 1 },
        says:: unusual(', usually at most 40.5 requests a second, at least 1 request a second'),
      },
      in_unit('errors',
              { [watched]: 2.356, [upper]: 0.8473 },
              ': now 2.36 requests a second, usually at most 1 request every 1.18s'),
      in_unit('latency', { [watched]: 95.2, [upper]: 0.8473 }, ': now 1m 35s, usually at most 847ms'),
      in_unit('cost', { [watched]: 1212, [upper]: 0.5 }, ': now $1,212.00 an hour, usually at most $0.50 an hour'),
      in_unit('tokens',
              { [watched]: 1234567, [upper]: 1 },
              ': now 1.23M tokens a minute, usually at most 1 token a minute'),
      in_unit('tasks',
              { [watched]: 0, [upper]: 0.5, [lower]: 0.25 },
              ': now 0 tasks an hour, usually at most 1 task every 2h, at least 1 task every 4h'),
    ],
  },
  ThresholdBreachForecast: {
    series: shop { will_fire: 'HttpErrorRatio' },
    says(value, level):: {
      summary: 'HttpErrorRatio of shop & sons fires in %s at this pace' % value,
      description: (
                     'What HttpErrorRatio watches in shop & sons (test) has moved steadily towards its threshold for ' +
                     'the last hour and reaches it in %s, if it goes on like this. '
                   ) % value +
                   'There is time to act before anybody notices: its runbook says what to look at.',
    },
  },
}
