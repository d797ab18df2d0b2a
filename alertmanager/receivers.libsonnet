// How each kind of receiver is written for Alertmanager: its section of settings to one entry of `<kind>_configs`.
local plain(name) = '{{ template "signalfire.plain.%s" . }}' % name;
local slack(name) = '{{ template "signalfire.slack.%s" . }}' % name;
local link(name) = '{{ template "signalfire.%s" . }}' % name;

// A secret that stands in a file; Alertmanager reads it when it needs it.
local only(fields, section) = { [name]: section[name] for name in fields if std.get(section, name) != null };

{
  webhook(section)::
    local file = std.get(section, 'url_file');
    (if file != null then { url_file: file } else { url: section.url }) + {
      // What waits for the Watchdog takes any request for a sign of life, one about the Watchdog's end, too.
      send_resolved: !std.get(section, 'watchdog', false),
      timeout: '10s',
      max_alerts: 0,  // all of them
    },

  slack(section):: only(['api_url_file', 'channel'], section) + {
    send_resolved: true,
    timeout: '10s',
    username: 'Signalfire',
    color: slack('color'),
    title: slack('title'),
    title_link: link('dashboard'),
    text: slack('text'),
    fallback: slack('title'),
    footer: 'Signalfire',
    mrkdwn_in: ['text'],
  },

  pagerduty(section):: only(['routing_key_file', 'url'], section) + {
    send_resolved: true,
    timeout: '10s',
    client: 'Signalfire',
    client_url: link('dashboard'),
    severity: link('severity'),
    description: plain('title'),
    source: '{{ with .CommonLabels.service }}{{ template "signalfire.plain.word" . }}{{ else }}signalfire{{ end }}',
    component: '{{ with .CommonLabels.service }}{{ template "signalfire.plain.word" . }}{{ end }}',
    class: '{{ with .GroupLabels.alertname }}{{ template "signalfire.plain.word" . }}{{ end }}',
    group: '{{ with .CommonLabels.env }}{{ template "signalfire.plain.word" . }}{{ end }}',
    details: {
      alerts: plain('alerts'),
      firing: '{{ len .Alerts.Firing }}',
      resolved: '{{ len .Alerts.Resolved }}',
    },
    links: [
      { href: link(pair[0]), text: pair[1] }
      for pair in [
        ['dashboard', 'Dashboard'],
        ['runbook', 'Runbook'],
        ['logs', 'Logs'],
        ['traces', 'Traces'],
        ['silence', 'Silence'],
      ]
    ],
  },

  email(section):: {
    send_resolved: true,
    smarthost: section.smarthost,
    from: section.from,
    to: std.join(', ', section.to),
    require_tls: section.require_tls,
    headers: { Subject: plain('title') },
    html: link('email.html'),
    text: link('email.text'),
    threading: { enabled: true, thread_by_date: 'none' },  // with what was said of the same group before
    [if section.user != null then 'auth_username']: section.user,
    [if section.user != null then 'auth_password_file']: section.password_file,
    [if section.ca_file != null then 'tls_config']: { ca_file: section.ca_file },
  },
}
