// For each alert in prometheus/alerts/anomalies.libsonnet: the series it is tested on and what it then says.
local shop = import 'shop.libsonnet';

{
  AnomalyDetected: {
    series: shop { signal: 'traffic' },
    says(value, level):: {
      summary: 'traffic of shop & sons is unusual: %s band widths outside what it usually is' % value,
      description: 'For 5 minutes traffic of shop & sons (test) has been outside the band of the last hour and of the same hours of yesterday and last week, ' +
                   'by more than %s times half the width of the band. ' % level.limit_text +
                   'It need not be a fault. The dashboard shows since when, and what else is unusual.',
    },
  },
  ThresholdBreachForecast: {
    series: shop { will_fire: 'HttpErrorRatio' },
    says(value, level):: {
      summary: 'HttpErrorRatio of shop & sons fires in %s at this pace' % value,
      description: 'What HttpErrorRatio watches in shop & sons (test) has moved steadily towards its threshold for the last hour and reaches it in %s, if it goes on like this. ' % value +
                   'There is time to act before anybody notices: its runbook says what to look at.',
    },
  },
}
