"""make up, down and status as a user types them, on a stack without the demo."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import yaml
from prometheus_client import start_http_server

from kit.build import all_artifacts
from kit.build.cache import cache_folder
from tests.support import http
from tests.support.patience import PATIENCE_SECONDS
from tests.support.running import Stack, write_settings
from tests.support.servers import eventually
from tests.support.time_zones import NEW_ZONE, new_zone


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = write_settings(tmp_path_factory.mktemp("commands"), demo={"enabled": False})
    try:
        yield stack
    finally:
        stack.tear_down()


@pytest.fixture
def fresh(own: Stack) -> Iterator[Stack]:
    """With the settings that it began with; what a test changes is undone."""
    before = own.config.read_text()
    yield own
    own.config.write_text(before)


@pytest.fixture
def running(fresh: Stack) -> Stack:
    if not fresh.is_up:
        fresh.up()
    return fresh


@pytest.fixture
def stopped(fresh: Stack) -> Stack:
    if fresh.processes():
        fresh.tear_down()
    return fresh


def test_up_ends_with_every_address_and_version(running: Stack) -> None:
    output = running.up()
    for name in running.names:
        [row] = [line for line in output.splitlines() if line.startswith(f"{name} ") and "http://" in line]
        _, address, state, version, seconds, unit = row.split()
        assert (address, state, unit) == (running.url(name), "ready", "s")
        assert version[0].isdigit()
        assert float(seconds) >= 0
    assert running.statuses() == dict.fromkeys(running.names, "ready")


def test_a_second_up_changes_nothing(running: Stack) -> None:
    before = running.pids()
    written = {path: path.stat().st_mtime_ns for path in (running.state / "config").rglob("*")}
    assert "nothing was changed" in running.up()
    assert running.pids() == before
    assert {path: path.stat().st_mtime_ns for path in (running.state / "config").rglob("*")} == written


def test_doctor_finds_nothing_wrong_with_a_running_stack(running: Stack) -> None:
    done = running.command("doctor")
    assert done.returncode == 0, done.stdout
    assert "ports are ours" in done.stdout


def test_logs_names_the_processes_when_the_name_is_wrong(running: Stack) -> None:
    done = running.command("logs", "promethes")
    assert done.returncode == 2
    assert "did you mean prometheus?" in done.stderr
    assert "node_exporter" in done.stderr


def test_a_changed_setting_reloads_what_can_be_reloaded(running: Stack) -> None:
    before = running.pids()
    running.configure(scrape={"interval": "7s"})
    assert "prometheus reloaded" in running.up()
    after = running.pids()
    # The dashboards' step follows the scrape interval; their server is started anew.
    assert {name for name in before if before[name] != after[name]} == {"dashboards"}
    _until(lambda: "scrape_interval: 7s" in _get(f"{running.url('prometheus')}/api/v1/status/config"))


def test_a_changed_port_restarts_its_server_and_leaves_the_uninvolved_alone(running: Stack) -> None:
    before = running.pids()
    ports = yaml.safe_load(running.config.read_text())["ports"]
    running.configure(ports={**ports, "loki": _free_port()})
    running.up()
    after = running.pids()
    changed = {name for name in before if before[name] != after[name]}
    assert "loki" in changed
    assert not {"prometheus", "alertmanager", "node_exporter", "jaeger"} & changed
    assert _get(f"{running.url('loki')}/ready").strip() == "ready"


def test_a_service_of_the_users_is_scraped_after_the_next_up(running: Stack) -> None:
    address = running.url("alertmanager").removeprefix("http://")
    running.configure(targets=[{"service": "shop", "addresses": [address]}])
    running.up()
    _until(lambda: _query(running, 'up{service="shop"}') == ["1"])


def test_a_crashed_server_is_started_again(running: Stack) -> None:
    before = running.pid("node_exporter")
    running.kill("node_exporter")
    _until(lambda: running.pid("node_exporter") not in (0, before))
    running.wait_ready("node_exporter")
    assert "nothing was changed" in running.up()


def test_a_configuration_that_its_server_refuses_changes_nothing(running: Stack, tmp_path: Path) -> None:
    before = running.pids()
    file = running.state / "config" / "alertmanager" / "alertmanager.yaml"
    routes = file.read_text()
    away = {"name": "away", "weekdays": ["sunday"], "time_zone": NEW_ZONE}
    with new_zone(tmp_path / "zones", running.env):
        running.configure(mute=[away], retention={"logs": "40d"})
        done = running.command("up")
        assert done.returncode == 1
        assert "amtool refuses its configuration" in done.stderr
        assert f"unknown time zone {NEW_ZONE}" in done.stderr  # amtool's own words
        assert running.pids() == before
        assert file.read_text() == routes
        assert running.statuses() == dict.fromkeys(running.names, "ready")


def test_a_broken_signalfire_yaml_touches_nothing(running: Stack) -> None:
    before = running.pids()
    running.config.write_text(running.config.read_text() + "lisen: 127.0.0.1\n")
    done = running.command("up")
    line = running.config.read_text().count("\n")
    assert done.returncode == 2
    assert f"{running.config}:{line}:" in done.stderr
    assert "did you mean listen?" in done.stderr
    assert running.pids() == before


def test_down_leaves_no_process_and_keeps_the_data(running: Stack) -> None:
    _until(lambda: _query(running, 'up{service="prometheus"}') == ["1"])
    then = time.time()
    assert running.command("down").returncode == 0
    assert running.processes() == []
    assert running.command("status").returncode == 1
    running.up()
    assert _query(running, 'up{service="prometheus"}', then) == ["1"]


def test_supervisor_killed_takes_everything_with_it(running: Stack) -> None:
    supervisor = int((running.state / "run" / "supervisord.pid").read_text())
    os.kill(supervisor, signal.SIGKILL)
    _until(lambda: running.processes() == [])
    running.up()
    assert running.statuses() == dict.fromkeys(running.names, "ready")


def test_clean_asks_first_and_then_deletes_all(running: Stack) -> None:
    done = running.command("clean")
    assert done.returncode == 1
    assert "data/prometheus" in done.stdout
    assert running.state.exists()
    running.env["YES"] = "1"
    try:
        assert running.command("clean").returncode == 0
    finally:
        running.env.clear()
    assert not running.state.exists()
    assert running.processes() == []


def test_down_without_a_stack_is_content(stopped: Stack) -> None:
    done = stopped.command("down")
    assert (done.returncode, done.stdout.strip()) == (0, "Nothing runs.")


def test_a_taken_port_names_who_has_it_and_which_setting_moves_it(stopped: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ports = yaml.safe_load(stopped.config.read_text())["ports"]
        stopped.configure(ports={**ports, "jaeger_otlp": server.getsockname()[1]})
        done = stopped.command("up")
    assert done.returncode == 1
    assert f"is taken by process {os.getpid()} (" in done.stderr
    assert "set ports.jaeger_otlp" in done.stderr
    assert stopped.processes() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_while_starting_it_leaves_no_process(stopped: Stack, number: signal.Signals) -> None:
    with _up_in_the_background(stopped) as up:
        _until(lambda: len(stopped.processes()) > 2)
        up.send_signal(number)
        output, _ = up.communicate(timeout=PATIENCE_SECONDS)
    assert up.returncode == 128 + number, output
    assert stopped.processes() == []


def test_interrupted_while_building_it_leaves_no_process(stopped: Stack, tmp_path: Path) -> None:
    empty = {"SIGNALFIRE_CACHE": str(tmp_path / "cache"), "GOCACHE": str(tmp_path / "go"), "SIGNALFIRE_BIN_DIR": ""}
    with _up_in_the_background(stopped, empty) as up:
        children: set[psutil.Process] = set()

        def compiling() -> bool:
            children.update(psutil.Process(up.pid).children(recursive=True))
            return any("compile" in child.name() for child in _living(children))

        _until(compiling)
        children.update(psutil.Process(up.pid).children(recursive=True))
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=PATIENCE_SECONDS)
    assert up.returncode == 130
    _until(lambda: _living(children) == [])
    assert stopped.processes() == []


def test_down_ends_an_up_that_is_at_work(stopped: Stack) -> None:
    with _up_in_the_background(stopped) as up:
        _until(lambda: len(stopped.processes()) > 2)
        assert stopped.command("down").returncode == 0
        up.communicate(timeout=PATIENCE_SECONDS)
    assert up.returncode == 128 + signal.SIGTERM
    assert stopped.processes() == []


def test_two_ups_at_once_make_one_stack(stopped: Stack) -> None:
    with _up_in_the_background(stopped) as first, _up_in_the_background(stopped) as second:
        outputs = [up.communicate(timeout=PATIENCE_SECONDS)[0] for up in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), outputs
    assert sum("nothing was changed" in output for output in outputs) == 1
    supervisors = [process for process in stopped.processes() if "supervisor.supervisord" in process.cmdline()]
    assert len(supervisors) == 1


@pytest.mark.parametrize(
    ("script", "patience", "message"),
    [
        ("echo it is broken; exit 3", "120", "alertmanager ended again and again"),
        ("echo it is asleep; exec sleep 1000", "8", "alertmanager did not answer"),
    ],
)
def test_a_server_that_does_not_get_ready_is_shown_and_all_taken_down(
    stopped: Stack, tmp_path: Path, script: str, patience: str, message: str
) -> None:
    (tmp_path / "alertmanager").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "alertmanager").chmod(0o755)
    given = os.environ.get("SIGNALFIRE_BIN_DIR")
    for other in Path(given).iterdir() if given else ():
        if not (tmp_path / other.name).is_symlink() and other.name != "alertmanager":
            (tmp_path / other.name).symlink_to(other)
    stopped.env.update({"SIGNALFIRE_BIN_DIR": str(tmp_path), "SIGNALFIRE_READY_SECONDS": patience})
    try:
        done = stopped.command("up")
    finally:
        stopped.env.clear()
    assert done.returncode == 1
    assert message in done.stderr
    assert "it is " in done.stderr  # the end of its log
    assert str(stopped.state / "config" / "alertmanager") in done.stderr
    assert stopped.processes() == []


def test_prometheus_starts_before_promtool_is_built_but_up_fails_when_it_then_refuses(
    stopped: Stack, tmp_path: Path
) -> None:
    cache, tools = tmp_path / "cache", tmp_path / "tools"
    tools.mkdir()
    for name, artifact in all_artifacts().items():
        if name != "promtool":
            own = cache / artifact.built.relative_to(cache_folder())
            own.parent.mkdir(parents=True, exist_ok=True)
            own.symlink_to(artifact.build())
    # A compiler that leaves a promtool which refuses everything, once Prometheus answers.
    (tools / "go").write_text(
        _GO_THAT_BUILDS_A_REFUSAL.format(
            go=shutil.which("go"), python=sys.executable, ready=f"{stopped.url('prometheus')}/-/ready"
        )
    )
    (tools / "go").chmod(0o755)
    stopped.env.update({"SIGNALFIRE_CACHE": str(cache), "PATH": f"{tools}:{os.environ['PATH']}"})
    try:
        done = stopped.command("up", timeout=PATIENCE_SECONDS)
    finally:
        stopped.env.clear()
    assert done.returncode == 1, done.stdout
    assert "prometheus: promtool refuses its configuration:\nnot like this" in done.stderr
    assert stopped.processes() == []


_GO_THAT_BUILDS_A_REFUSAL = """#!/bin/sh
[ "$1" = build ] || exec {go} "$@"
while [ "$1" != -o ]; do shift; done
until {python} -c 'import urllib.request; urllib.request.urlopen("{ready}")' 2>/dev/null; do sleep 0.2; done
printf '#!/bin/sh\necho not like this; exit 1\n' > "$2/promtool"
chmod 755 "$2/promtool"
"""


def test_a_runtime_that_is_not_there_is_refused(stopped: Stack) -> None:
    stopped.env["RUNTIME"] = "podman"
    try:
        done = stopped.command("up")
    finally:
        stopped.env.clear()
    assert done.returncode == 2
    assert "RUNTIME=compose or RUNTIME=native" in done.stderr


def _up_in_the_background(stack: Stack, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        stack.argv("up"),
        cwd=Path(__file__).parents[2],
        env=stack.environment() | (env or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _living(processes: set[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.1)


def _get(url: str) -> str:
    return http.client.get(url).text


def _query(stack: Stack, expression: str, at: float | None = None) -> list[str]:
    parameters = {"query": expression} | ({"time": str(at)} if at else {})
    url = f"{stack.url('prometheus')}/api/v1/query"
    answer = http.get_json(url, **parameters)
    return [result["value"][1] for result in answer["data"]["result"]]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_status_lists_the_services_of_the_settings(running: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        gone = nobody.getsockname()[1]
    server, thread = start_http_server(0, addr="127.0.0.1")
    try:
        shop = f"127.0.0.1:{server.server_port}"
        targets = [
            {"service": "shop", "addresses": [shop]},
            {"service": "gone", "addresses": [f"127.0.0.1:{gone}"]},
        ]
        running.configure(targets=targets)
        running.up()

        def told() -> dict[str, str]:
            lines = running.command("status").stdout.partition("Your services")[2].splitlines()
            return {line.split()[0]: line for line in lines if "/metrics" in line}

        eventually(lambda: told() and " waiting " not in "".join(told().values()), "Prometheus has asked both")
        assert f"http://{shop}/metrics" in told()["shop"]
        assert " up" in told()["shop"]
        assert " down" in told()["gone"]
        assert "refused" in told()["gone"]
        assert running.command("status").returncode == 0, "what is not ours is down"
    finally:
        server.shutdown()
        thread.join()
