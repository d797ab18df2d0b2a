"""signalfire.yaml: what is accepted, and what each mistake is told."""

import json
from pathlib import Path

import pytest

from kit.generators.settings import generate
from kit.paths import ROOT
from kit.settings import Settings, SettingsError, load


def write(folder: Path, text: str | bytes) -> Path:
    file = folder / "signalfire.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


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
    ("env: a: b\n", 1, "a second `:`", "in quotes"),
    ("env: 'dev\n", 2, "not valid YAML", "quotes"),
    ("env: *dev\n", 1, "undefined alias", "in quotes"),
    ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, "merging", "write the merged settings out"),
    ("env: dev\n  listen: x\n", 2, "wrong indentation", "in quotes"),
    (b"env: dev\nlisten: \xff\n", 2, "not UTF-8 text", "save the file as UTF-8"),
    ("env: dev\nlisten: a\x00b\n", 2, "an invisible character (U+0000)", "type the line anew"),
]


@pytest.mark.parametrize(("text", "line", "message", "hint"), MISTAKES)
def test_a_mistake_is_told_with_its_line_and_what_to_write(
    tmp_path: Path, text: str | bytes, line: int, message: str, hint: str
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    file = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load(file)
    problem = caught.value.problems[0]
    assert (problem.file, problem.line) == (file, line)
    assert message in problem.message
    assert hint in problem.hint


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, "ports:\n  loki: a\n  jaeger: b\nenv: 1\n")
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4]


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such file"):
        load(tmp_path / "gone.yaml")


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
    text = "logs:\n  - {service: shop, files: ['logs/*.log']}\nreceivers:\n  - {name: a, webhook: {url_file: hook}}\n"
    text += "  - {name: b, email: {smarthost: 'm:587', from: a@b.c, to: [a@b.c], ca_file: hook}}\n"
    settings = load(write(tmp_path, text))
    assert settings.receivers[1].email is not None
    assert settings.receivers[1].email.ca_file == str(tmp_path / "hook")
    assert settings.logs[0].files == [str(tmp_path / "logs/*.log")]
    assert settings.receivers[0].way.secret_file == str(tmp_path / "hook")


def test_the_schema_knows_every_section_and_refuses_others() -> None:
    [content] = generate(ROOT).values()
    schema = json.loads(content)
    assert set(schema["properties"]) == set(Settings.model_fields)
    assert schema["additionalProperties"] is False
    assert "for" in schema["$defs"]["AlertOverride"]["properties"]
