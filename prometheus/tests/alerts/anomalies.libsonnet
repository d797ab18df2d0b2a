// For each alert in prometheus/alerts/anomalies.libsonnet: the series it is tested on and what it then says.
local shop = import 'shop.libsonnet';

// known: what is said of the value and the band, where they are there.
local unusual(known='') = function(value, level) {
  summary: 'traffic of shop & sons is unusual: %s band widths outside what it usually is' % value,
  description: 'For 5 minutes traffic of shop & sons (test) has been outside the band of the last hour ' +
               'and of the same hours of yesterday and last week, ' +
               'by more than %s times half the width of the band. ' % level.limit_text + known +
               'It need not be a fault. The dashboard shows since when, and what else is unusual.',
};
local watched = 'service_signal:watched:value';
local upper = 'service_signal:band:upper';
local lower = 'service_signal:band:lower';

{
  AnomalyDetected: {
    series: shop { signal: 'traffic' },
    says:: unusual(),
    beside: [
      {
        title: 'says what it is and what is usual',
        series: { [watched]: 1250, [upper]: 40.5, [lower]: 20.25 },
        says:: unusual('Now it is 1.25k. Usual is at most 40.5. Usual is at least 20.25. '),
      },
      {
        title: 'says what it is where the band is not known',
        series: { [watched]: 0.5 },
        says:: unusual('Now it is 500m. '),
      },
      {
        title: 'says what is usual where nothing comes any more',
        series: { [upper]: 40.5, [lower]: 20.25 },
        says:: unusual('Usual is at most 40.5. Usual is at least 20.25. '),
      },
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
