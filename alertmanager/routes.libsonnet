// Which receivers are told of which alert. A receiver has routes of its own, so that none depends on another one's
// answer.
local duration = import 'prometheus/lib/duration.libsonnet';
local regex = import 'prometheus/lib/regex.libsonnet';

// An alert's label `cooldown` says after how long it is notified again. Alertmanager needs a route for each value.
local usual_cooldowns = ['5m', '10m', '15m', '30m', '1h', '4h', '12h', '1d'];

local usual_severities = {
  webhook: ['critical', 'error', 'warning'],
  slack: ['critical', 'error', 'warning'],
  pagerduty: ['critical'],
  email: ['info'],
};

local about_notifications = 'pipeline="true"';
local others = 'pipeline!="true"';
local one_of(label, values) = '%s=~"%s"' % [label, regex.any_of(values)];
local none_of(label, values) = '%s!~"%s"' % [label, regex.any_of(values)];

// digests: by the name of a receiver that has quiet times, when its mail of the day is sent (digest.libsonnet).
function(settings, severities, digests)
  local own_cooldowns = [
    alert.labels.cooldown
    for alert in std.objectValues(settings.alerts)
    if std.objectHas(alert, 'labels') && alert.labels != null && std.objectHas(alert.labels, 'cooldown')
  ];
  local cooldowns = std.sort(std.set(usual_cooldowns + own_cooldowns), duration.seconds);

  // What waits for the Watchdog would take any other notification for it.
  local waits_for_watchdog(receiver) = receiver.webhook != null && receiver.webhook.watchdog;

  local kind_of(receiver) = [kind for kind in std.objectFields(usual_severities) if std.get(receiver, kind) != null][0];
  local persons = [
    receiver {
      kind: kind_of(receiver),
      takes: if receiver.severities == null then usual_severities[kind_of(receiver)] else receiver.severities,
    }
    for receiver in settings.receivers
    if !waits_for_watchdog(receiver)
  ];
  local of_kind(kind) = [person for person in persons if person.kind == kind];
  local first_of(lists) = local found = [list for list in lists if list != []]; if found == [] then [] else found[0];

  // Whom alerts reach that nobody takes: those who were named, else all who are not woken by it.
  local named_fallback = [person for person in persons if person.fallback];
  local fallback = first_of([named_fallback, [person for person in persons if person.kind != 'pagerduty'], persons]);
  local left_to_fallback = [
    severity
    for severity in severities
    // A note that nobody asked for is not sent, and a pager not rung for less than what it is for.
    if named_fallback != [] || severity == 'critical' || (severity != 'info' && fallback != of_kind('pagerduty'))
  ];

  // Whom alerts about notifications reach: they must not go only where notifications may just be failing.
  local pipeline =
    first_of([[person for person in persons if person.pipeline], of_kind('webhook'), of_kind('email')[:1], persons]);
  local besides_pipeline(person) = if std.member(pipeline, person) then [others] else [];

  // Notes come together once a day: the first is told after an hour, what follows is collected.
  local daily(receiver) = {
    matchers: ['severity="info"'],
    group_by: ['severity'],
    group_wait: '1h',
    repeat_interval: '23h',
  } + (
    local digest = std.get(digests, receiver.name);
    if receiver.mute == [] then { group_interval: '24h' }
    else if digest == null then { group_interval: '1h' }
    // Once in its stretch of each day.
    else { group_interval: '%dm' % digest.minutes, active_time_intervals: [digest.name] }
  );

  // of: the severities that the matchers let through.
  local route(receiver, of, matchers) =
    // Routes below this one do not inherit it.
    local muted = if receiver.mute == [] then {} else { mute_time_intervals: receiver.mute };
    local collected = if receiver.kind == 'email' then std.setInter(['info'], std.set(of)) else [];
    muted {
      receiver: receiver.name,
      matchers: matchers,
      continue: true,  // the next receiver is told too
      routes:
        [muted + daily(receiver) for _ in collected]
        + (
          if std.set(of) == collected then []
          else [
            muted { matchers: ['cooldown="%s"' % cooldown], repeat_interval: cooldown }
            for cooldown in cooldowns
          ]
        ),
    };

  local for_person(person) = route(
    person,
    person.takes,
    [one_of('severity', person.takes)]
    + (if person.teams == [] then [] else [one_of('team', person.teams)])
    + besides_pipeline(person),
  );

  // What of one severity nobody takes: all of it, or that of other teams than those who have a receiver.
  local left_over(severity) =
    local takers = [person for person in persons if std.member(person.takes, severity)];
    local teams = std.set(std.flatMap(function(person) person.teams, takers));
    local rest = ['severity="%s"' % severity] + (if teams == [] then [] else [none_of('team', teams)]);
    if std.length([person for person in takers if person.teams == []]) > 0 then []
    else [route(person, [severity], rest + besides_pipeline(person)) for person in fallback];

  {
    fallback: fallback,
    for_watchdog:: [
      {
        receiver: receiver.name,
        matchers: ['alertname="Watchdog"'],
        group_wait: '0s',
        repeat_interval: '1m',
        continue: true,
      }
      for receiver in settings.receivers
      if waits_for_watchdog(receiver)
    ],
    for_machine(machine):: route(machine { kind: 'webhook', mute: [] }, severities, [one_of('severity', severities)]),
    for_persons::
      [route(person, severities, [about_notifications]) for person in pipeline]
      + [for_person(person) for person in persons]
      + std.flatMap(left_over, left_to_fallback),
  }
