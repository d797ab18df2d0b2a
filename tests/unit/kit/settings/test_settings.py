"""signalfire.yaml: what is accepted, and what each mistake is told."""

import json
import os
from pathlib import Path

import pytest
import typer

from kit.generators.settings import generate
from kit.paths import ROOT
from kit.settings import Settings, SettingsError, load
from kit.settings.in_use import settings_in_use, state_in_use
from tests.support.certificates import self_signed


def write(folder: Path, text: str | bytes) -> Path:
    file = folder / "signalfire.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


# Seven references, each to ten of the one before.
BOMB = "".join(f"a{i}: &a{i} [{', '.join(10 * [f'*a{i - 1}' if i else '*a'])}]\n" for i in range(7))
# What is written, the line of the error, a part of what is wrong and a part of the hint.
MISTAKES = [
    ("env: no\n", 1, "env: false (a yes/no value) is not text", "put it in quotes"),
    ("env: 12\n", 1, "env: 12 is not text", "put it in quotes"),
    ("env: 2024-01-01\n", 1, "is not text", "put it in quotes"),
    ("env: 2024-99-99\n", 1, "month must be in 1..12", "in quotes"),
    ("env: a b\n", 1, "'a b' cannot be a name", "use letters"),
    ("\n\nprots:\n  loki: 1\n", 3, "prots: there is no such setting", "did you mean ports?"),
    ("ports:\n  promethes: 1\n", 2, "ports.promethes: there is no such setting", "did you mean prometheus?"),
    ("ports:\n  zzz: 1\n", 2, "ports.zzz: there is no such setting", "what can stand here: prometheus, dashboards"),
    ("ports:\n  loki: '3100'\n", 2, "ports.loki: '3100' is not a whole number", "without quotes"),
    ("ports:\n  loki: 3100.5\n", 2, "is not a whole number", "without"),
    ("ports:\n  loki: true\n", 2, "true (a yes/no value) is not a whole number", "for example 9090"),
    ("ports:\n  loki: 70000\n", 2, "ports.loki: 70000", "at most 65535"),
    ("ports:\n  loki: 0\n", 2, "ports.loki: 0", "at least 1"),
    ("ports:\n  jaeger: 1234\n  loki: 9090\n", 3, "9090 is the port of prometheus and loki", "its own port"),
    ("ports:\n\tloki: 3100\n", 2, "a tab is used for indentation", "two for each level"),
    ("ports: [1]\n", 1, "ports: a list of 1 is not a section", "indented by two spaces"),
    ("ports: 9090\n", 1, "ports: 9090 is not a section", "indented by two spaces"),
    ("env: a\nports:\n  loki: 1\nenv: b\n", 4, "env is written twice (first on line 1)", "keep one"),
    ("ports:\n  loki: 1\n  loki: 2\n", 3, "ports.loki is written twice", "keep one"),
    ("listen: localhost\n", 1, "'localhost' is not an IP address", "127.0.0.1"),
    ("retention:\n  metrics: 15 days\n", 2, "'15 days' is not a duration", '"15d"'),
    ("retention:\n  metrics: 15\n", 2, "15 is not text", "in quotes"),
    ("retention:\n  metrics: 291y\n", 2, "291y is longer than the servers can count", "290y"),
    ("retention:\n  metrics: ٣d\n", 2, "'٣d' is not a duration", '"15d"'),
    ("logs:\n  - service: shop\n    files: ['/var/log/[shop.log']\n", 3, "is not a pattern of files", "close each ["),
    ("logs:\n  - service: shop\n    files: ['/var/log/a}.log']\n", 3, "is not a pattern of files", "close each ["),
    ("logs:\n  - service: shop\n    files: ['/var/log/a[^].log']\n", 3, "is not a pattern of files", "close each ["),
    ("logs:\n  - service: shop\n    files: ['/var/log/a\\']\n", 3, "is not a pattern of files", "backslash"),
    ("logs:\n  - service: shop\n    files: ['/var/log/{a,b.log']\n", 3, "is not a pattern of files", "backslash"),
    ("alerts:\n  HighErrorRate:\n    labels:\n      cooldown: often\n", 4, "'often' is not a duration", '"15d"'),
    ("alerts:\n  HighErrorRate:\n    labels: {'': x}\n", 3, "a label without a name", "team: shop"),
    ("retention:\n  traces: 0s\n", 2, "a duration of nothing", "write for example"),
    ("retention:\n  metrics: 1d\n  logs: 2h\n", 3, "2h is less than Loki can keep", "write 1d or more"),
    ("tracing:\n  keep_ratio: 10\n", 2, "tracing.keep_ratio: 10", "at most 1"),
    ("tracing:\n  keep_ratio: .nan\n", 2, "tracing.keep_ratio", "number"),
    ("targets:\n  service: shop\n", 1, "targets: a section is not a list", "starting with `- `"),
    ("targets:\n  - service: shop\n", 2, "targets[0]: addresses is missing", "add `addresses: [127.0.0.1:8080]`"),
    ("targets:\n  - service: shop\n    addresses: []\n", 3, "targets[0].addresses", "at least one entry"),
    ("targets:\n  - service: shop\n    addresses: [http://a:1]\n", 3, "is a URL or a path", "host:port"),
    ("targets:\n  - service: shop\n    addresses: [shop]\n", 3, "'shop' is not host:port", "127.0.0.1:8080"),
    ("targets:\n  - service: shop\n    addresses: ['a:1']\n    scheme: ftp\n", 4, "'ftp' is not one", "http or https"),
    ("targets:\n  - service: shop\n    addresses: ['a:1']\n    metrics_path: m\n", 4, "'m' is not a path", "slash"),
    ("budgets:\n  - name: a\n", 2, "budget 'a' has no amount", "day_usd"),
    ("budgets:\n  - {name: a, day_usd: -1}\n", 2, "budgets[0].day_usd: -1", "more than 0"),
    ("budgets:\n  - {name: a, day_usd: 1}\n  - {name: a, day_usd: 2}\n", 3, "'a' is the name of two", "its own"),
    ("objectives:\n  - name: a\n    target: 99\n", 3, "objectives[0].target: 99", "less than 1"),
    ("objectives:\n  - name: a\n    target: 0.9\n", 3, "with a target of 0.9", "write more than 0.9306"),
    ("objectives:\n  - {name: a, target: 0.99, kind: fast}\n", 2, "'fast' is not one", "availability or latency"),
    ("objectives:\n  - {name: a, target: 0.99, kind: latency}\n", 2, "does not say what is fast", "0.75, 1, 2.5"),
    (
        "objectives:\n  - name: a\n    target: 0.99\n    kind: latency\n    latency_seconds: 2\n",
        5,
        "no bucket of the latency histogram ends at 2 s",
        "write one of 0.005, 0.01",
    ),
    (
        "objectives:\n  - {name: a, target: 0.99, latency_seconds: 1}\n",
        2,
        "latency_seconds is for kind latency",
        "write kind: latency",
    ),
    ("objectives:\n  - {name: a, target: 0.99, services: [a b]}\n", 2, "'a b' cannot be a name", "use letters"),
    ("alerts:\n  HighErrorRat: {threshold: 1}\n", 2, "there is no alert 'HighErrorRat'", "did you mean HighErrorRate?"),
    (
        "alerts:\n  HighErrorRate:\n    severity: page\n",
        3,
        "'page' is not one of the choices",
        "info, warning, error or",
    ),
    ("alerts:\n  HighErrorRate:\n    four: 1m\n", 3, "there is no such setting", "did you mean for?"),
    ("alerts:\n  HighErrorRate:\n    for: 60\n", 3, "alerts.HighErrorRate.for: 60 is not text", "quotes"),
    ("databases:\n  - {service: a, kind: mysql, address: 'a:1'}\n", 2, "'mysql' is not one", "redis or postgres"),
    ("databases:\n  - {service: a, kind: postgres, address: 'a:1'}\n", 2, "database 'a' has no user", "pg_monitor"),
    (
        "databases:\n  - {service: a, kind: redis, address: 'a:1', password_file: gone}\n",
        2,
        "gone: there is no such file",
        "the password on one line",
    ),
    (
        "databases:\n  - {service: a, kind: redis, address: 'a:1'}\n  - {service: a, kind: redis, address: 'b:1'}\n",
        3,
        "'a' is the service of two",
        "its own",
    ),
    (
        "receivers:\n  - name: a\n",
        2,
        "receivers[0]: no way to reach it",
        "exactly one of webhook, slack, pagerduty and email",
    ),
    ("receivers:\n  - name: a\n    webhook: {}\n", 3, "no address", "exactly one of url, url_file and url_env"),
    ("receivers:\n  - name: a\n    webhook: {url: 'http://a', url_file: b}\n", 3, "are all given", "exactly one"),
    ("receivers:\n  - name: a\n    webhook: {url: 'ftp://a'}\n", 3, "'ftp://a' is not a URL", "http://"),
    ("receivers:\n  - name: a\n    webhook:\n      url_file: gone\n", 4, "gone: there is no such file", "one line"),
    ("receivers:\n  - name: a\n    webhook:\n      url_file: empty\n", 4, "empty: it is empty", "one line"),
    ("receivers:\n  - name: a\n    webhook:\n      url_file: folder\n", 4, "is a directory", "one line"),
    (
        "receivers:\n  - name: a\n    webhook: {url_env: NOT_SET}\n",
        3,
        "NOT_SET is not set",
        "export NOT_SET=",
    ),
    (
        "receivers:\n  - name: a\n    slack: {api_url_file: b}\n    webhook: {url: 'http://a'}\n",
        2,
        "receivers[0]: webhook and slack are all given",
        "exactly one of",
    ),
    ("receivers:\n  - name: a\n    slack: {}\n", 3, "no address of the webhook", "api_url_file and api_url_env"),
    ("receivers:\n  - name: a\n    slack: {api_url: 'http://a'}\n", 3, "there is no such setting", "api_url_"),
    ("receivers:\n  - name: a\n    slack:\n      api_url_file: gone\n", 4, "gone: there is no such file", "one line"),
    (
        "receivers:\n  - name: a\n    slack:\n      api_url_env: X_Y\n      channel: a b\n",
        5,
        "'a b' is not a channel",
        '"#alerts"',
    ),
    ("receivers:\n  - name: a\n    pagerduty: {}\n", 3, "no routing key", "routing_key_file and routing_key_env"),
    (
        "receivers:\n  - name: a\n    pagerduty: {routing_key_env: NOT_SET}\n",
        3,
        "NOT_SET is not set",
        "use routing_key_file",
    ),
    ("receivers:\n  - name: a\n    email: {from: a@b.c, to: [a@b.c]}\n", 3, "smarthost is missing", "mail.example:587"),
    (
        "receivers:\n  - name: a\n    email: {smarthost: 'a:25', from: a@b.c, to: a@b.c}\n",
        3,
        "'a@b.c' is not a list",
        "- ",
    ),
    (
        "receivers:\n  - name: a\n    email: {smarthost: 'a:25', from: a@b.c, to: ['A <a@b.c>']}\n",
        3,
        "is not a mail address",
        "on-call@example.com",
    ),
    (
        "receivers:\n  - name: a\n    email: {smarthost: 'a:25', from: a@b.c, to: [a@b.c], user: me}\n",
        3,
        "no password",
        "password_file and password_env",
    ),
    (
        "receivers:\n  - name: a\n    email: {smarthost: 'a:25', from: a@b.c, to: [a@b.c], password_env: X}\n",
        3,
        "password_env without a user",
        "add user",
    ),
    (
        "receivers:\n  - name: a\n    email: {smarthost: 'a:25', from: a@b.c, to: [a@b.c], ca_file: gone}\n",
        3,
        "gone: there is no such file",
        "PEM",
    ),
    (
        "receivers:\n  - name: a\n    webhook: {url: 'http://a', watchdog: true}\n    severities: [critical]\n",
        4,
        "severities of a receiver that gets the Watchdog and nothing else",
        "leave severities out",
    ),
    (
        "receivers:\n  - name: a\n    webhook: {url: 'http://a'}\n    mute: [nights]\n",
        4,
        "there is no mute time 'nights'",
        "below `mute:`",
    ),
    ("mute:\n  - name: a\n", 2, "'a' names no time", "22:00-07:00"),
    ("mute:\n  - {name: a, times: ['7-8']}\n", 2, "'7-8' is not a range of times", "22:00-07:00"),
    ("mute:\n  - {name: a, times: ['07:00-07:00']}\n", 2, "is not a range of times", "22:00-07:00"),
    ("mute:\n  - {name: a, weekdays: [Sat]}\n", 2, "'Sat' is not one of the choices", "saturday"),
    ("mute:\n  - {name: a, weekdays: [sunday], time_zone: CET+1}\n", 2, "'CET+1' is not a time zone", "Europe/Berlin"),
    ("demo:\n  enabled: 1\n", 2, "demo.enabled: 1 is not true or false", "without quotes"),
    ("demo:\n  requests_per_second: 0\n", 2, "demo.requests_per_second: 0", "more than 0"),
    ("- env\n", 1, "must hold settings by name", "env: dev"),
    ("dev\n", 1, "must hold settings by name", "env: dev"),
    ("env: dev\n---\nenv: prod\n", 2, "a second YAML document", "remove the `---`"),
    ("scrape: !!python/object:os.system {}\n", 1, "a tag", "remove it"),
    ("targets: !shop []\n", 1, "a tag ('!shop')", "remove it"),
    ("env: a: b\n", 1, "a second `:`", "in quotes"),
    ("env: 'dev\n", 2, "not valid YAML", "quotes"),
    ("env: *dev\n", 1, "undefined alias", "in quotes"),
    ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, "merging", "write the merged settings out"),
    ("env: dev\n  listen: x\n", 2, "wrong indentation", "in quotes"),
    (b"env: dev\nlisten: \xff\n", 2, "not UTF-8 text", "save the file as UTF-8"),
    ("objectives:\n  - {name: a, target: 0.99, window: 5m}\n", 2, "5m is too short", "1h or more"),
    ("objectives:\n  - {name: a, target: 0.99999999999}\n", 2, "leaves nothing that may fail", "0.9999"),
    ("alerts:\n  HighErrorRate:\n    for: 300y\n", 3, "longer than the servers can count", "290y"),
    ("alerts:\n  HighErrorRate:\n    for: 1y\n", 3, "longer than anybody waits", "31d or less"),
    ("scrape:\n  interval: 1y\n", 2, "takes what is older than 5 minutes for gone", "2m or less"),
    ("scrape:\n  evaluation_interval: 1ms\n", 2, "shorter than Prometheus can keep up with", "100ms or more"),
    ("tracing:\n  decision_wait: 290y\n", 2, "longer than the collector can hold", "1h or less"),
    ("budgets:\n  - {name: a, day_usd: .inf}\n", 2, "inf is not a finite number", "ordinary"),
    ("budgets:\n  - {name: a, day_usd: 1e5}\n", 2, "'1e5' is not a number", "write 100000, without quotes"),
    ("demo:\n  requests_per_second: 1.0e-300\n", 2, "1e-300 is hardly a request", "0.001 or more"),
    ("logs:\n  - {service: a, files: ['']}\n", 2, "'' names no file", "/var/log/shop/*.log"),
    ("logs:\n  - {service: a, files: [/var/log/]}\n", 2, "'/var/log/' names no file", "/var/log/shop/*.log"),
    ("logs:\n  - {service: a, files: [~nosuch/x]}\n", 2, "there is no user 'nosuch'", "from the root"),
    ("receivers:\n  - name: a\n    webhook:\n      url_file: ~nosuch/x\n", 4, "no user 'nosuch'", "one line"),
    ("receivers:\n  - name: a\n    webhook:\n      url_file: ''\n", 4, "no file is named", "secrets/chat"),
    ("receivers:\n  - name: a\n    webhook:\n      url_file: /dev/zero\n", 4, "no ordinary file", "one line"),
    ("receivers:\n  - name: a\n    webhook:\n      url_file: pipe\n", 4, "no ordinary file", "one line"),
    ("receivers:\n  - name: a\n    webhook:\n      url_file: text\n", 4, "is not a web address", "on one line"),
    ("receivers:\n  - name: a\n    webhook:\n      url_env: TEXT\n", 4, "TEXT holds is not a web address", "export"),
    ("receivers:\n  - name: a\n    webhook:\n      url_env: ''\n", 4, "not the name of an environment", "CHAT_WEBHOOK"),
    ("receivers:\n  - name: a\n    slack:\n      api_url_file: text\n", 4, "is not a web address", "on one line"),
    ("receivers:\n  - name: a\n    pagerduty:\n      routing_key_file: text\n", 4, "32 letters and digits", "one line"),
    (
        "databases:\n  - service: a\n    kind: redis\n    address: 'a:1'\n    password_file: text\n",
        5,
        "line breaks",
        "one",
    ),
    ("receivers:\n  - name: a\n    pagerduty: {routing_key: x}\n", 3, "no such setting", "routing_key_file or routing"),
    ("receivers:\n  - {name: demo-notifications, webhook: {url: 'http://a'}}\n", 2, "of the demo", "another name"),
    (
        "receivers:\n  - name: a\n    email: {smarthost: 'a:25', from: a@b.c, to: [a@b.c], ca_file: text}\n",
        3,
        "it holds no certificate",
        "PEM",
    ),
    ("alerts:\n  HighErrorRate:\n    threshold: .nan\n", 3, "nan cannot be a threshold", "write 0, or"),
    ("alerts:\n  HighErrorRate:\n    threshold: -1\n", 3, "-1 cannot be a threshold", "write 0, or"),
    ("alerts:\n  HighErrorRate:\n    threshold: 1.2e+29\n", 3, "1.2e+29 cannot be", "to 10000000000000"),
    ("alerts:\n  HighErrorRate:\n    threshold: '5'\n", 3, "'5' is not a number", "write 5, without quotes"),
    ("alerts:\n  HighErrorRate:\n    threshold: [5]\n", 3, "threshold: a list is not a number", "0.5"),
    ("alerts:\n  HighErrorRate:\n    threshold: off\n", 3, "off is not a threshold", "enabled: false"),
    ("alerts:\n  HttpErrorRatio:\n    threshold: {}\n", 3, "no threshold", "{warning: 0.02}"),
    ("alerts:\n  HttpErrorRatio:\n    threshold:\n      warn: 1\n", 4, "'warn' is no severity", "warning?"),
    ("alerts:\n  HttpErrorRatio:\n    threshold:\n      warning: x\n", 4, "'x' is not a number", "0.5"),
    ("alerts:\n  HttpErrorRatio:\n    threshold:\n      info: 1\n", 4, "has no severity info", "warning, error and"),
    ("alerts:\n  HttpErrorRatio:\n    threshold: 1\n", 3, "has several severities", "{warning: …, error: …, critical"),
    ("alerts:\n  HttpErrorRatio:\n    severity: info\n", 3, "which cannot be changed", "leave severity out"),
    ("alerts:\n  HighErrorRate:\n    threshold: {error: off}\n", 3, "all severities are off", "enabled: false"),
    (
        "alerts:\n  HttpErrorRatio:\n    services:\n      shop:\n        threshold:\n          info: 1\n",
        6,
        "has no severity info",
        "warning, error and critical",
    ),
    ("alerts:\n  BudgetDay:\n    services: {shop: {threshold: 1}}\n", 3, "not about a service", "leave services out"),
    ("alerts:\n  LowSuccessRate:\n    threshold: 0\n", 3, "nothing is less than 0", "enabled: false"),
    ("alerts:\n  Watchdog:\n    threshold: 1\n", 3, "1 s is not how old a sample may be", "write 10 to 300"),
    ("alerts:\n  Watchdog:\n    threshold: 1000\n", 3, "1000 s is not how old", "write 10 to 300"),
    ("alerts:\n  HighErrorRate:\n    labels:\n      __name__: x\n", 4, "__name__ is Prometheus' own", "team"),
    ("alerts:\n  HighErrorRate:\n    labels:\n      alertname: x\n", 4, "alertname is Prometheus' own", "team"),
    ("alerts:\n  HighErrorRate:\n    labels:\n      a: ''\n", 4, "a label without a value", "leave the label out"),
    ("alerts:\n  HighErrorRate:\n    labels:\n      a: '{{ x'\n", 4, "'{{ x' is a template", "the value itself"),
    ("alerts:\n  HighErrorRate:\n    labels:\n      severity: c\n", 4, "'c' is no severity", "info, warning"),
    ("metrics:\n  - {name: A, type: gauge, help: x}\n", 2, "'A' cannot be the name of a metric", "small letters"),
    ("metrics:\n  - {name: http_requests_total, type: counter, help: x}\n", 2, "of Signalfire's own", "another name"),
    ("metrics:\n  - {name: a, type: gauge, help: ' '}\n", 2, "metrics[0].help: no help", "in a sentence"),
    ("metrics:\n  - {name: a, type: gauge, help: x, labels: {b: [1]}}\n", 2, "[1] does not say which", "the list of"),
    ("metrics:\n  - {name: a, type: gauge, help: x, labels: {job: 1}}\n", 2, "job is set by Prometheus", "otherwise"),
    ("metrics:\n  - {name: a, type: histogram, help: x, buckets: [2, 1]}\n", 2, "bounds of buckets", "greater than"),
    ("a: &x [*x]\n", 1, "a reference (`*`) to what it stands in", "write the settings out"),
    ("env: a\nlogs: " + 1500 * "[" + 1500 * "]", 2, "more than 32 levels", "so deeply"),
    ("a: &a [1]\n" + "".join(f"a{i}: &a{i} [*a{i - 1 if i else ''}]\n" for i in range(50)), 33, "more than 32", "so"),
    ("a: &a [1]\n" + BOMB, 6, "more than 50000 values", "write the settings out"),
    (b"# " + 300_000 * b"x", 1, "larger than 256 KiB", "at most 256 KiB"),
    ('env: "\\0"\n', 1, "an invisible character (U+0000)", "type the line anew"),
    ('"\\e[31m": 1\n', 1, "an invisible character (U+001B)", "type the line anew"),
    ('env: "\\ud800"\n', 1, "an invisible character (U+D800)", "type the line anew"),
    ("env: !!timestamp x\n", 1, "not a value of the kind that its tag says", "in quotes"),
    ("env: !!bool x\n", 1, "not a value of the kind that its tag says", "in quotes"),
    ("env: dev\nlisten: a\x00b\n", 2, "an invisible character (U+0000)", "type the line anew"),
]


@pytest.mark.parametrize(("text", "line", "message", "hint"), MISTAKES)
def test_a_mistake_is_told_with_its_line_and_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | bytes, line: int, message: str, hint: str
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("two words\nand another line\n")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setenv("TEXT", "two words")
    file = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load(file)
    problem = caught.value.problems[0]
    assert (problem.file, problem.line) == (file, line)
    assert message in problem.message
    assert hint in problem.hint


URLS = (
    *("http://a b", "http://a/ b", "http://a:abc", "http://a/%zz", "http://[", "http://[::1", "http://a:70000"),
    *("http://", "http://a\\b", "http:/a", "http://a/{{ x }}", "http://999.1.1.1", "http://a..b", "http://[::1%eth0]/"),
)
ADDRESSES = (
    *("::1:8080", "[::1", "[::1]", "a b:80", "x?y:80", "a,b:80", "user@x:80", "a#b:1", ":80", "a..b:80", "-a:80"),
    *("a:٣", "a:0", "a:65536", "a:+1", "999.1.1.1:80", "1.2.3:80", "[fe80::1%eth0]:80", "a:80\u00a0", f"{64 * 'a'}:80"),
)
MAILS = ("a", "@b", "a@", "a b@c", "a@b c", "a..b@c", ".a@c", "a@b..c", "a@[1.2.3.4", "a;b@c", 'a"b@c', "a@b@c")
LISTENS = (
    "fe80::1%eth0",
    "fe80::1",
    "255.255.255.255",
    "224.0.0.1",
    "ff02::1",
    "0.0.0.1",
    "240.0.0.1",
    "::ffff:1.2.3.4",
)
PATHS = ("m", "/a?b", "/a#b", "/a b", "/a%20b", "")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *(("receivers: [{name: a, webhook: {url: %s}}]", url) for url in URLS),
        *(("targets: [{service: a, addresses: [%s]}]", address) for address in ADDRESSES),
        *(("databases: [{service: a, kind: redis, address: %s}]", address) for address in ADDRESSES),
        *(("receivers: [{name: a, email: {smarthost: 'a:25', from: a@b, to: [%s]}}]", mail) for mail in MAILS),
        *(("listen: %s", listen) for listen in LISTENS),
        *(("targets: [{service: a, addresses: ['a:1'], metrics_path: %s}]", path) for path in PATHS),
    ],
)
def test_what_nothing_could_be_reached_by_is_refused(tmp_path: Path, setting: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, "\n" + setting % json.dumps(value)))
    [problem] = caught.value.problems
    assert problem.line == 2
    assert "write" in problem.hint or "start" in problem.hint


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *(
            ("receivers: [{name: a, webhook: {url: %s}}]", url)
            for url in (
                "http://a",
                "https://u:p%20@[::1]:8/x?a=%zz#b",
                "http://my_db.:1/$%7Bx}",
                "http://bücher.example/ü",
            )
        ),
        *(
            ("targets: [{service: a, addresses: [%s]}]", address)
            for address in ("127.0.0.1:80", "[::1]:80", "my_db:65535", "a.b.:1", "bücher.example:80")
        ),
        *(
            ("receivers: [{name: a, email: {smarthost: 'a:25', from: a@b, to: [%s]}}]", mail)
            for mail in ("root@localhost", "a.b+c@d.example", "jörg@bücher.example")
        ),
        *(("listen: %s", listen) for listen in ("127.0.0.1", "0.0.0.0", "::", "::1", "192.168.1.2", "2001:db8::1")),
        ("targets: [{service: a, addresses: ['a:1'], metrics_path: %s}]", "/metrics/ü/$x"),
    ],
)
def test_what_can_be_reached_is_taken(tmp_path: Path, setting: str, value: str) -> None:
    load(write(tmp_path, setting % json.dumps(value)))


def test_what_a_secret_is_stays_untold(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("hunter2 hunter3")
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, "receivers: [{name: a, webhook: {url_file: hook}}]\n"))
    assert "hunter" not in str(caught.value)


def test_a_folder_whose_name_looks_like_a_pattern_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "logs [old] {1}*"
    folder.mkdir()
    [entry] = load(write(folder, "logs: [{service: a, files: ['*.log']}]\n")).logs
    assert entry.files == [str(tmp_path / "logs \\[old\\] \\{1\\}\\*" / "*.log")]


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, "ports:\n  loki: a\n  jaeger: b\nenv: 1\n")
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4]


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such file"):
        load(tmp_path / "gone.yaml")


def test_a_command_says_where_a_user_is_that_nobody_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_CONFIG", "~nosuch/signalfire.yaml")
    for start in (settings_in_use, state_in_use):
        with pytest.raises(typer.Exit) as ended:
            start()
        assert ended.value.exit_code == 2


def test_of_many_mistakes_the_first_are_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, "".join(f"a{number}: 1\n" for number in range(20_000))))
    assert [problem.line for problem in caught.value.problems] == list(range(1, 51))


@pytest.mark.parametrize("text", ["", "# nothing\n", "\ufeff", "targets:\n#  - service: shop\nports:\n", "{}\n"])
def test_a_file_that_says_nothing_means_all_defaults(tmp_path: Path, text: str) -> None:
    assert load(write(tmp_path, text)) == Settings()


def test_the_shipped_file_says_the_defaults(tmp_path: Path) -> None:
    """What its comments promise; only the demo has a threshold of its own."""
    shipped = load(ROOT / "signalfire.yaml")
    assert shipped.model_copy(update={"alerts": {}}) == Settings()
    assert {name: set(changed.services or ()) for name, changed in shipped.alerts.items()} == {
        "HighMemoryUsage": {"ad-api"}
    }


def test_templates_get_every_key_and_of_alerts_only_what_was_written(tmp_path: Path) -> None:
    settings = load(
        write(tmp_path, "alerts:\n  HighErrorRate: {for: 2m}\n  Watchdog: {enabled: false}\n")
    ).for_templates()
    assert settings["alerts"] == {"HighErrorRate": {"for": "2m"}, "Watchdog": {"enabled": False}}
    assert settings["ports"]["prometheus"] == 9090
    assert settings["tracing"] == {"keep_ratio": 1.0, "slow": "1s", "decision_wait": "5s"}


def test_paths_start_at_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("http://127.0.0.1:1/x\n")
    self_signed(tmp_path / "own.pem", tmp_path / "own.key")
    text = "logs:\n  - {service: shop, files: ['logs/*.log']}\nreceivers:\n  - {name: a, webhook: {url_file: hook}}\n"
    text += "  - {name: b, email: {smarthost: 'm:587', from: a@b.c, to: [a@b.c], ca_file: own.pem}}\n"
    settings = load(write(tmp_path, text))
    assert settings.receivers[1].email is not None
    assert settings.receivers[1].email.ca_file == str(tmp_path / "own.pem")
    assert settings.logs[0].files == [str(tmp_path / "logs/*.log")]
    assert settings.receivers[0].way.secret_file == str(tmp_path / "hook")


def test_the_schema_knows_every_section_and_refuses_others() -> None:
    [content] = generate(ROOT).values()
    schema = json.loads(content)
    assert set(schema["properties"]) == set(Settings.model_fields)
    assert schema["additionalProperties"] is False
    assert "for" in schema["$defs"]["AlertOverride"]["properties"]
