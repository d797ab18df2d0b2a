// What the mixin needs of its settings, said in words where something else stands there. signalfire.yaml is checked
// before it comes here; who uses the mixin alone writes them in jsonnet.
local duration = import 'duration.libsonnet';

local fail(where, wanted) = error 'settings: %s: write %s' % [where, wanted];
local is_object(value) = std.isObject(value);

local check_objective(index, objective) =
  local where(field) = 'objectives[%d].%s' % [index, field];
  if !is_object(objective) then fail('objectives[%d]' % index, "{ name: 'availability', target: 0.99, window: '30d' }")
  else if !std.isString(std.get(objective, 'name')) then fail(where('name'), "a text, such as 'availability'")
  else if !std.isNumber(std.get(objective, 'target')) then fail(where('target'), 'a number, such as 0.99')
  else if !std.isString(std.get(objective, 'window')) then fail(where('window'), "a duration, such as '30d'")
  else duration.seconds(objective.window) > 0;

local check_budget(index, budget) =
  is_object(budget) && std.isString(std.get(budget, 'name'))
  || fail('budgets[%d]' % index, "{ name: 'total', month_usd: 500 }");

local check_alert(alerts, name) = is_object(alerts[name]) || fail('alerts.' + name, '{ threshold: 5 }');

{
  // true, or an error.
  check(settings)::
    local scrape = std.get(settings, 'scrape');
    if !std.isString(std.get(settings, 'env')) then fail('env', "a text, such as 'live'")
    else if !is_object(scrape) || !std.isString(std.get(scrape, 'interval'))
    then fail('scrape.interval', "a duration, such as '15s'")
    else if duration.seconds(scrape.interval) <= 0 then fail('scrape.interval', 'more than nothing')
    else if !std.isArray(std.get(settings, 'budgets')) then fail('budgets', 'a list; [] for none')
    else if !std.isArray(std.get(settings, 'objectives')) then fail('objectives', 'a list; [] for none')
    else if !is_object(std.get(settings, 'alerts')) then fail('alerts', 'an object; {} for none')
    else std.all(
      std.mapWithIndex(check_objective, settings.objectives)
      + std.mapWithIndex(check_budget, settings.budgets)
      + [check_alert(settings.alerts, name) for name in std.objectFields(settings.alerts)]
    ),
}
