// What the promtool tests share. Times are seconds after `start`; a sample every 15 seconds unless a test says
// otherwise.

// A Thursday noon, so that a test crosses midnight only if it wants to.
local start = { text: '2026-01-15T12:00:00Z', seconds: 1768478400 };
local seconds_text(seconds) = '%ds' % seconds;
local labels(set) = '{' + std.join(',', [name + '="' + set[name] + '"' for name in std.objectFields(set)]) + '}';

{
  start: start,
  labels: labels,
  // any model of OpenAI's: the rules know none by name
  model: 'gpt-6-luna',
  // values: promtool's notation, such as '0+5x20'
  series(name, set, values):: { series: name + labels(set), values: values },
  constant(name, set, value, samples=60):: self.series(name, set, '%.10gx%d' % [value, samples]),

  file(tests, interval='15s', rule_files=['recording.yaml', 'alerts.yaml']):: {
    rule_files: rule_files,
    evaluation_interval: interval,
    fuzzy_compare: true,  // the last bits of a floating-point number are not meant
    tests: [{ start_timestamp: start.text } + test for test in tests],
  },
  test(name, input_series, alerts=[], values=[], interval='15s'):: {
    name: name,
    interval: interval,
    input_series: input_series,
    [if alerts != [] then 'alert_rule_test']: alerts,
    [if values != [] then 'promql_expr_test']: values,
  },

  silent(alert, seconds):: { alertname: alert.name, eval_time: seconds_text(seconds), exp_alerts: [] },
  // expected: [{labels, annotations}], all that fire
  fires(alert, seconds, expected):: {
    alertname: alert.name,
    eval_time: seconds_text(seconds),
    exp_alerts: [{ exp_labels: one.labels, exp_annotations: one.annotations } for one in expected],
  },

  // samples: {'{label="value"}': number}, all there is
  value(expr, seconds, samples):: {
    expr: expr,
    eval_time: seconds_text(seconds),
    exp_samples: [{ labels: name, value: samples[name] } for name in std.objectFields(samples)],
  },
}
