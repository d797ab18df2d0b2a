// What a counter has counted in a long range, its very first count included: a call that cost ten dollars costs them
// also where it was the first of its model. `increase` alone begins with the first value that it sees, and so leaves
// that one out.
//
// The counter is looked at step by step. A step counts
//   as what the counter said then;
//   as 0 where the target answered without it, as before a model's first call, or after a restart;
//   as the last value of some hours before where nobody asked, so that nothing is lost while Prometheus is down.
// A counter that was there when its target was asked for the first time counts from that value on.
local promql = import 'promql.libsonnet';

local identity = 'env, service, instance';
local remembered = '6h';

{
  // step: how far apart it looks; what a process counts between its last look and its end is lost
  // only: which of the steps count, such as "and on () …"
  in_range(counter, labels, range, selector, step='1m', only='')::
    local looks = std.join('\n  or ', [
      '(%s + 0)' % counter,
      '(0 * last_over_time(%s[%s] @ end()) and on (%s) %s == 1)' % [
        counter,
        range,
        identity,
        promql.select('up', [selector]),
      ],
      '(last_over_time(%s[%s:5m]) + 0)' % [counter, remembered],
    ]);
    promql.fold('sum', labels, 'increase((\n  %s%s\n)[%s:%s])' % [
      if only == '' then looks else '(%s)' % looks,
      if only == '' then '' else '\n  ' + only,
      range,
      step,
    ]),

  // The last day in steps of five minutes; what there is of it, in finer ones, until two of those have passed.
  in_a_day(counter, labels, selector)::
    $.in_range(counter, labels, '1d', selector, '5m') + '\nor ' + $.in_range(counter, labels, '15m', selector),
}
