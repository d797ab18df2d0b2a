"""The stack is the same as plain processes and under Docker Compose: only where things are differs."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.paths import ROOT, State
from kit.processes import demo, named, servers
from kit.render import addresses_for_templates
from kit.render.template import Rendered, evaluate
from kit.runtimes.compose.files import COMPOSE_FILE, Files, Health, services_of
from kit.runtimes.compose.up import images_of
from kit.settings import Settings, load
from kit.settings.ports import Ports
from kit.stack import container_layout
from kit.stack.addresses import url_from_container
from kit.stack.endpoints import demo_processes, endpoints, for_runtime, main_port
from tests.support.certificates import self_signed

SETTINGS = """
env: prod
retention: {metrics: 40d, logs: 10d, traces: 3d}
tracing: {keep_ratio: 0.25}
alerts: {HighErrorRate: {threshold: 20, severity: critical}}
targets: [{service: shop, addresses: [127.0.0.1:8080, shop.example:80]}]
logs: [{service: shop, files: [/var/log/shop/*.log]}]
receivers:
  - {name: chat, webhook: {url_file: hook}, severities: [critical]}
  - {name: mail, email: {smarthost: "mail.example:587", from: a@b.c, to: [a@b.c], ca_file: own.pem}}
"""
PROFILES = ["demo", "viewer"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the settings and the state are that all tests share: rendering costs seconds, and they only look."""
    return tmp_path_factory.mktemp("parity")


@pytest.fixture(scope="module")
def settings(folder: Path) -> Settings:
    (folder / "hook").write_text("https://hooks.example/T0/secret\n")
    self_signed(folder / "own.pem", folder / "own.key")
    (folder / "signalfire.yaml").write_text(SETTINGS)
    return load(folder / "signalfire.yaml")


@pytest.fixture(scope="module")
def files(settings: Settings, folder: Path) -> Files:
    return Files(settings, State(folder / ".signalfire"), PROFILES, Health(often_at_start=False))


@pytest.fixture(scope="module")
def native(settings: Settings, folder: Path) -> dict[str, Rendered]:
    addresses = addresses_for_templates.native(
        settings, State(folder / ".signalfire"), for_runtime(demo_processes(settings), settings), folder
    )
    return {s.name: evaluate(s.template, settings.for_templates(), addresses) for s in servers()}


def overlay_of(files: Files) -> dict[str, Any]:
    """The services of what `make up` writes beside compose.yaml."""
    files.write()
    services: dict[str, Any] = yaml.safe_load((files.config("").parent / "overlay.yaml").read_text())["services"]
    return services


_ADDRESS = re.compile(r"\b(127\.0\.0\.1|0\.0\.0\.0|host\.docker\.internal|[a-z][a-z_-]+):(\d{4,5})\b")


def _text(rendered: Rendered, places: dict[str, str]) -> str:
    """Everything that a server is given, with a place's name instead of the place."""
    text = json.dumps([rendered.args, rendered.env, rendered.files, rendered.reload], sort_keys=True)
    for place, name in places.items():
        text = re.sub(rf"(?<!\w){re.escape(place)}(?![\w.])", name, text)
    return _ADDRESS.sub(r"@:\2", text).replace("127.0.0.1", "@").replace("0.0.0.0", "@")


@pytest.mark.parametrize("name", [s.name for s in servers() if s.name not in ("node_exporter", "dashboards")])
def test_a_server_is_given_the_same_but_for_places(
    name: str, files: Files, native: dict[str, Rendered], folder: Path
) -> None:
    """Retention, scrape jobs, routes, limits, masking, sampling, ports: everything that is not a host or a folder."""
    state = State(folder / ".signalfire")
    places = {str(state.config / name): "@config", str(state.data / name): "@data", str(state.logs): "@logs"}
    inside = {
        "/host/var": "/var",
        container_layout.config(name): "@config",
        named(name).container.data: "@data",
        container_layout.LOGS: "@logs",
    }
    if name == "alertmanager":
        places |= {str(folder / "hook"): "@secret", str(folder / "own.pem"): "@certificates"}
        inside |= {
            f"{container_layout.SECRETS}/chat.url": "@secret",
            f"{container_layout.SECRETS}/mail.ca": "@certificates",
        }
    assert _text(files.rendered[name], inside) == _text(native[name], places)


def test_rules_are_the_same_to_the_letter(files: Files, native: dict[str, Rendered]) -> None:
    for file in ("rules/recording.yaml", "rules/alerts.yaml"):
        assert files.rendered["prometheus"].files[file] == native["prometheus"].files[file]
        assert len(yaml.safe_load(native["prometheus"].files[file])["groups"]) > 0


def test_dashboards_are_the_same_to_the_letter_for_the_viewer_and_for_grafana(
    files: Files, native: dict[str, Rendered]
) -> None:
    files.write()
    wanted = {name: text for name, text in native["dashboards"].files.items() if name.startswith("dashboards/")}
    assert {"dashboards/overview.json", "dashboards/api-performance.json"} <= set(wanted)
    for name, text in wanted.items():
        assert files.rendered["dashboards"].files[name] == text
        assert (files.config("grafana") / name).read_text() == text


def test_grafana_and_the_viewer_know_the_same_data_sources(files: Files) -> None:
    files.write()
    provisioned = yaml.safe_load((files.config("grafana") / "provisioning/datasources/signalfire.yaml").read_text())
    viewer = json.loads(files.rendered["dashboards"].files["viewer.json"])["datasources"]
    assert {s["uid"]: (s["type"], s["url"]) for s in provisioned["datasources"]} == {
        uid: (source["type"], source["url"]) for uid, source in viewer.items()
    }
    used = set(re.findall(r'"uid": "(prometheus|loki|jaeger|alertmanager)"', json.dumps(_dashboards(files))))
    assert {"prometheus", "loki"} <= used <= set(viewer)


def _dashboards(files: Files) -> list[Any]:
    return [json.loads(t) for n, t in files.rendered["dashboards"].files.items() if n.startswith("dashboards/")]


@pytest.mark.parametrize("name", [s.name for s in servers() if not s.module])
def test_the_images_are_the_releases_of_servers(name: str) -> None:
    release = tomllib.loads((ROOT / "servers" / name / "build.toml").read_text())["release"]
    assert services_of([])[name]["image"].rpartition(":")[2].removeprefix("v") == release


def test_grafana_is_the_release_whose_components_draw_the_viewer() -> None:
    package = json.loads((ROOT / "grafana" / "viewer" / "package.json").read_text())
    assert services_of(["grafana"])["grafana"]["image"] == f"grafana/grafana:{package['dependencies']['@grafana/ui']}"


def test_our_python_image_has_the_version_of_the_library_and_the_demo() -> None:
    version = services_of(PROFILES)["dashboards"]["image"].rpartition(":")[2]
    library = tomllib.loads((ROOT / "instrumentation" / "python" / "pyproject.toml").read_text())["project"]
    assert version == library["version"]
    assert {process.release for process in demo()} == {version}


@pytest.mark.parametrize(
    "profiles", [["viewer"], ["demo", "viewer"], ["relay", "viewer"], ["redis_exporter", "grafana"]]
)
def test_every_image_that_is_run_is_seen_to_before(profiles: list[str]) -> None:
    ensured = [image.name for image in images_of(profiles)]
    assert len(ensured) == len(set(ensured))
    assert set(ensured) == {service["image"] for service in services_of(profiles).values()}
    assert {image.service for image in images_of(profiles)} <= set(services_of(profiles))


def test_every_process_is_one_service_and_the_other_way_round(settings: Settings) -> None:
    assert set(services_of(PROFILES)) == {endpoint.name for endpoint in endpoints(settings)}
    assert set(services_of(["viewer"])) == {s.name for s in servers()}


def test_published_ports_are_those_of_the_settings() -> None:
    """`${LISTEN}:${LOKI_PORT}:3100`: the port of the settings, to the usual port inside.

    On `listen` are those that plain processes open there; the demo, with its faults to switch on, is this machine's.
    """
    usual = Ports().model_dump()
    everywhere = Settings(listen="0.0.0.0")
    hosts = {listen.setting: listen.host for endpoint in endpoints(everywhere) for listen in endpoint.listens}
    for name, service in services_of([*PROFILES, "grafana"]).items():
        for port in service.get("ports", ()):
            match = re.fullmatch(r"(.+):\$\{(\w+)_PORT\}:(\d+)", port)
            assert match, f"{name}: {port}"
            setting = match[2].lower()
            assert usual[setting] == int(match[3])
            assert match[1].replace("${LISTEN}", everywhere.listen) == hosts[setting]


def test_health_is_asked_where_the_native_runtime_asks(files: Files) -> None:
    services = overlay_of(files)
    for name, rendered in files.rendered.items():
        inside = re.sub(r"//[^:/]+:", "//127.0.0.1:", rendered.ready)
        assert services[name]["healthcheck"]["test"][-1].removeprefix("-health.url=") == inside
    for process in demo():
        inside = f"http://127.0.0.1:{main_port(process, Settings())}{process.health}"
        assert services[process.name]["healthcheck"]["test"][-1] == inside


def test_the_demo_depends_on_the_collector_and_what_it_names_and_has_its_own_ports() -> None:
    services = services_of(PROFILES)
    for process in demo_processes(Settings()):
        assert list(services[process.name]["depends_on"]) == ["collector", *process.depends_on]
        published = [int(port.rpartition(":")[2]) for port in services[process.name].get("ports", ())]
        assert published in ([], [main_port(process, Settings())])


def test_a_target_on_this_machine_is_reached_through_the_gateway(files: Files) -> None:
    config = yaml.safe_load(files.rendered["prometheus"].files["prometheus.yaml"])
    [shop] = [job for job in config["scrape_configs"] if job["job_name"] == "shop"]
    found = {config["labels"]["instance"]: config["targets"] for config in shop["static_configs"]}
    assert found == {"127.0.0.1:8080": ["host.docker.internal:8080"], "shop.example:80": ["shop.example:80"]}


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("http://127.0.0.1:5001/hook", "http://host.docker.internal:5001/hook"),
        ("https://user:p@localhost/x?a=127.0.0.1:3", "https://user:p@host.docker.internal/x?a=127.0.0.1:3"),
        ("http://[::1]:80", "http://host.docker.internal:80"),
        ("https://127.0.0.1.example/x", "https://127.0.0.1.example/x"),
        ("https://localhost.example:1/x", "https://localhost.example:1/x"),
    ],
)
def test_a_receiver_on_this_machine_is_reached_through_the_gateway(url: str, inside: str) -> None:
    assert url_from_container(url) == inside


def test_the_secret_address_of_a_receiver_is_in_no_file_but_its_own(files: Files, folder: Path) -> None:
    files.write()
    written = [file for file in (folder / ".signalfire").rglob("*") if file.is_file()]
    holding = [file for file in written if "T0/secret" in file.read_text()]
    assert holding == [folder / ".signalfire/compose/secrets/alertmanager/chat.url"]
    assert holding[0].with_name("mail.ca").read_text() == (folder / "own.pem").read_text()


def test_log_files_of_this_machine_are_mounted_read_only_and_read_there(tmp_path: Path) -> None:
    there, missing = tmp_path / "shop", tmp_path / "missing"
    there.mkdir()
    logs = [{"service": "shop", "files": [f"{there}/*/app-?.log", f"{there}/x.log", f"{missing}/a.log"]}]
    files = Files(
        Settings.model_validate({"logs": logs}), State(tmp_path / "s"), PROFILES, Health(often_at_start=False)
    )
    files.write()
    assert overlay_of(files)["collector"]["volumes"] == [f"{there}:/host{there}:ro"]
    assert f"/host{there}/*/app-?.log" in files.rendered["collector"].files["collector.yaml"]
    assert not missing.exists()


def secret_of(files: Files, name: str) -> str:
    files.write()
    return (files.password_file.parent / name).read_text()


@pytest.fixture(scope="module")
def other(settings: Settings, folder: Path) -> Files:
    return Files(settings, State(folder / "other"), PROFILES, Health(often_at_start=False))


@pytest.mark.parametrize("name", ["grafana_admin_password", "grafana_secret_key"])
def test_grafanas_secrets_are_made_once_and_are_no_defaults(name: str, files: Files, other: Files) -> None:
    secret = secret_of(files, name)
    assert len(secret) >= 20
    assert secret_of(files, name) == secret
    assert secret_of(other, name) != secret


def test_grafana_lets_nobody_in_and_calls_nobody() -> None:
    environment = services_of(["grafana"])["grafana"]["environment"]
    off = {name for name, value in environment.items() if value == "false"}
    assert {
        "GF_AUTH_ANONYMOUS_ENABLED",
        "GF_USERS_ALLOW_SIGN_UP",
        "GF_ANALYTICS_REPORTING_ENABLED",
        "GF_ANALYTICS_CHECK_FOR_UPDATES",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
        "GF_NEWS_NEWS_FEED_ENABLED",
        "GF_SNAPSHOTS_EXTERNAL_ENABLED",
    } <= off
    given = {name for name in environment if "PASSWORD" in name or "SECRET" in name}
    assert given == {"GF_SECURITY_ADMIN_PASSWORD__FILE", "GF_SECURITY_SECRET_KEY__FILE"}


def test_compose_yaml_holds_every_service_to_the_same_rules() -> None:
    for name, service in services_of([*PROFILES, "grafana"]).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}, name
        assert service["mem_limit"], name
        assert not {"privileged", "cap_add", "network_mode", "user"} & set(service), name
    assert COMPOSE_FILE.read_text().count("image:") == len(set(re.findall(r"image: (\S+)", COMPOSE_FILE.read_text())))
