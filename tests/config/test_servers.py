"""Each server's own checker takes its rendered configuration, for the defaults and for settings at their edges."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.render.addresses_for_templates import compose
from kit.render.template import evaluate
from kit.settings import Settings
from tests.config.rendering import SERVERS, checked, rendered

EVERYTHING: dict[str, Any] = {
    "env": "prod.eu-1",
    "listen": "0.0.0.0",
    "retention": {"metrics": "1y", "logs": "1d12h", "traces": "1h30m"},
    "scrape": {"interval": "500ms", "evaluation_interval": "1m"},
    "tracing": {"keep_ratio": 0.001, "slow": "250ms", "decision_wait": "500ms"},
    "targets": [
        {"service": "shop", "addresses": ["127.0.0.1:8080", "[::1]:8080"], "metrics_path": "/m", "scheme": "https"},
        {"service": "shop", "addresses": ["127.0.0.1:8081"]},
        {"service": "prometheus", "addresses": ["127.0.0.1:8082"]},
    ],
    "logs": [{"service": "shop", "files": ["/var/log/${HOME}/$1/*.log", '/var/log/a "quoted" file.log']}],
    "alerts": {
        "HighErrorRate": {"threshold": 0, "for": "0s", "severity": "critical", "labels": {"cooldown": "7m", "a": "b"}},
        "TargetDown": {"enabled": False},
    },
    "receivers": [
        {"name": "chat", "webhook": {"url_file": "/run/secrets/chat"}, "severities": ["critical"]},
        {"name": "mail", "webhook": {"url": "http://127.0.0.1:9000/${x}"}},
    ],
}  # fmt: skip
NEVER: dict[str, Any] = {"tracing": {"keep_ratio": 0}, "listen": "::", "retention": {"logs": "100y", "traces": "1s"}}
SETTINGS = {"defaults": {}, "everything": EVERYTHING, "never and IPv6": NEVER}


@pytest.mark.stack
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.parametrize("name", SERVERS)
def test_its_own_checker_takes_it(name: str, settings: dict[str, Any], tmp_path: Path) -> None:
    result = rendered(name, settings, tmp_path)
    assert result.checks or result.files == {}, "a configuration that nothing checks"
    assert [done.stdout + done.stderr for done in checked(result) if done.returncode] == []


@pytest.mark.stack
def test_a_changed_alert_is_put_through_its_own_tests(tmp_path: Path) -> None:
    changed = {"HighErrorRate": {"threshold": 30.0, "services": {"batch": {"threshold": 90.0}}}, "TargetDown": {}}
    result = rendered("prometheus", {"alerts": changed}, tmp_path)
    _, tests = result.checks
    assert [Path(file).name for file in tests[3:]] == ["HighErrorRate.yaml", "TargetDown.yaml"]
    assert [done.returncode for done in checked(result)] == [0, 0]
    rules = tmp_path / "config" / "prometheus" / "rules" / "alerts.yaml"
    rules.write_text(rules.read_text().replace("} > 30", "} > 31"))
    configuration, alerts = checked(result)
    assert configuration.returncode == 0
    assert "HighErrorRate (error) fires just beyond its threshold" in alerts.stdout + alerts.stderr


@pytest.mark.stack
@pytest.mark.parametrize(
    ("name", "file", "broken"),
    [
        ("prometheus", "prometheus.yaml", "scrape_configs: [{job_name: a, unknown: 1}]"),
        ("alertmanager", "alertmanager.yaml", "route: {receiver: nobody-knows}"),
        ("loki", "loki.yaml", "limits_config: {retention_period: often}"),
        ("jaeger", "jaeger.yaml", "service: {pipelines: {traces: {receivers: [missing]}}}"),
        ("collector", "collector.yaml", "service: {pipelines: {traces: {receivers: [missing]}}}"),
    ],
)
def test_its_own_checker_refuses_a_broken_one(name: str, file: str, broken: str, tmp_path: Path) -> None:
    """The check of a template is one that can fail."""
    result = rendered(name, {}, tmp_path)
    (tmp_path / "config" / name / file).write_text(broken)
    assert any(done.returncode for done in checked(result))


def config(name: str, settings: dict[str, Any], folder: Path) -> Any:
    return yaml.safe_load(rendered(name, settings, folder).files[f"{name}.yaml"])


def test_a_service_listed_twice_has_two_jobs_with_the_same_labels(tmp_path: Path) -> None:
    jobs = {job["job_name"]: job for job in config("prometheus", EVERYTHING, tmp_path)["scrape_configs"]}
    assert {"shop", "shop-2", "prometheus", "prometheus-2"} <= jobs.keys()
    for name in ("shop", "shop-2"):
        labels = dict(jobs[name]["static_configs"][0]["labels"])
        assert labels.pop("instance") in jobs[name]["static_configs"][0]["targets"]
        assert labels == {"job": "shop", "service": "shop", "env": "prod.eu-1"}


def test_jobs_have_names_of_their_own_whatever_services_are_called(tmp_path: Path) -> None:
    names = ("shop", "shop", "shop-2", "shop", "shop-3", "prometheus", "prometheus-2", "prometheus")
    targets = [{"service": name, "addresses": [f"127.0.0.1:{8000 + n}"]} for n, name in enumerate(names)]
    jobs = [job["job_name"] for job in config("prometheus", {"targets": targets}, tmp_path)["scrape_configs"]]
    assert len(set(jobs)) == len(jobs)
    assert {"shop", "shop-2", "shop-3", "shop-4", "shop-5"} <= set(jobs)


def test_a_database_may_be_called_like_a_service(tmp_path: Path) -> None:
    document = {
        "targets": [{"service": "shop", "addresses": ["127.0.0.1:8080"]}],
        "databases": [{"service": "shop", "kind": "redis", "address": "127.0.0.1:6379"}],
    }
    settings = Settings.model_validate(document)
    result = evaluate("prometheus/prometheus.jsonnet", settings.for_templates(), compose(settings, demo=[]))
    jobs = [job["job_name"] for job in yaml.safe_load(result.files["prometheus.yaml"])["scrape_configs"]]
    assert {"shop", "shop-2"} <= set(jobs)
    assert len(set(jobs)) == len(jobs)


def test_what_looks_like_a_variable_is_taken_as_it_is(tmp_path: Path) -> None:
    receivers = config("collector", EVERYTHING, tmp_path)["receivers"]
    assert "/var/log/$${HOME}/$$1/*.log" in receivers["file_log/2"]["include"]


def test_every_trace_is_passed_on_at_once_where_all_are_kept(tmp_path: Path) -> None:
    def processors(settings: dict[str, Any]) -> list[str]:
        pipeline: list[str] = config("collector", settings, tmp_path)["service"]["pipelines"]["traces"]["processors"]
        return pipeline

    assert processors(EVERYTHING)[-2:] == ["journal", "tail_sampling"]
    assert "tail_sampling" not in processors({})


def test_nothing_is_in_memory_alone_once_it_is_acknowledged(tmp_path: Path) -> None:
    for settings in SETTINGS.values():
        collector = config("collector", settings, tmp_path)
        for exporter in collector["exporters"].values():
            assert exporter["sending_queue"]["storage"] == "file_storage/queues"
            assert (
                exporter["retry_on_failure"] | {"enabled": True, "max_elapsed_time": "0s"}
                == exporter["retry_on_failure"]
            )
        assert not [name for name in collector["processors"] if name.startswith("batch")]
    assert "batch" not in config("jaeger", {}, tmp_path).get("processors", {})


def test_loki_gets_one_batch_at_a_time(tmp_path: Path) -> None:
    """Of two at once it may lose lines when it reads its write-ahead log after a crash (seen with 3.7)."""
    queue = config("collector", {}, tmp_path)["exporters"]["otlp_http/loki"]["sending_queue"]
    assert queue["num_consumers"] == 1


def test_the_journal_keeps_spans_longer_than_the_sampler_waits(tmp_path: Path) -> None:
    settings = {"tracing": {"keep_ratio": 0.5, "decision_wait": "2m"}}
    processors = config("collector", settings, tmp_path)["processors"]
    assert int(processors["journal"]["retain"].removesuffix("s")) > 120
    assert processors["tail_sampling"]["decision_wait"] == "120000ms"


def test_no_secret_stands_in_alertmanagers_configuration(tmp_path: Path) -> None:
    receivers = config("alertmanager", EVERYTHING, tmp_path)["receivers"]
    [chat] = [receiver for receiver in receivers if receiver["name"] == "chat"]
    [webhook] = chat["webhook_configs"]
    assert webhook["url_file"] == "/run/secrets/chat"
    assert "url" not in webhook


def test_no_server_listens_elsewhere_than_it_was_told(tmp_path: Path) -> None:
    """Every address in every file and argument is one of the settings': nothing is left to a server's default."""
    for name in ("loki", "jaeger", "collector"):
        text = yaml.safe_dump(config(name, {}, tmp_path))
        assert "0.0.0.0" not in text
    jaeger = config("jaeger", {}, tmp_path)
    # It cannot be switched off, nor share the HTTP port: any free one, which only this machine reaches.
    assert jaeger["extensions"]["jaeger_query"]["grpc"]["endpoint"] == "127.0.0.1:0"
    assert set(jaeger["receivers"]["otlp"]["protocols"]) == {"grpc"}


def test_what_is_inhibited_by_its_cause_are_alerts_that_there_are(tmp_path: Path) -> None:
    matchers = [
        matcher
        for rule in config("alertmanager", {}, tmp_path)["inhibit_rules"]
        for matcher in [*rule["source_matchers"], *rule["target_matchers"]]
        if matcher.startswith("alertname=~")
    ]
    named = {name for matcher in matchers for name in matcher.split('"')[1].split("|")}
    rules = rendered("prometheus", {}, tmp_path).files["rules/alerts.yaml"]
    there = {rule["alert"] for group in yaml.safe_load(rules)["groups"] for rule in group["rules"]}
    assert "LokiDown" in named
    assert named <= there
