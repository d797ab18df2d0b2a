"""Several processes of one service: sums, processes that come and go, one metrics port."""

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families
from signalfire.prometheus.merging import Numbers, families
from signalfire.prometheus.process_group import Group, folder_name, read_file, remove_abandoned, started_at

from kit.paths import ROOT
from tests.support.ports import free_port
from tests.unit.library.helpers import wait_until

SOURCE = ROOT / "instrumentation/python/src"

KINDS = ["counter", "summary", "gauge_livesum", "gauge_max", "gauge_livemin", "gauge_liveall", "gauge_mostrecent"]
numbers = st.floats(-1e9, 1e9)


def samples_of(metrics: Any) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in metrics for s in family.samples}


def scrape(address: str) -> dict[str, float]:
    """Each series as it is written, its value."""
    text = httpx.get(f"{address}/metrics", timeout=20).text
    return {
        f"{s.name}{{{','.join(f'{k}={v}' for k, v in sorted(s.labels.items()))}}}": s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


# --- numbers of several processes, put together ---


@given(
    written=st.dictionaries(
        st.tuples(st.sampled_from(KINDS), st.integers(1, 3), st.sampled_from("ab")),
        st.tuples(numbers, st.floats(1, 1e9)),
        max_size=20,
    ),
    buckets=st.lists(st.lists(st.integers(0, 50), min_size=4, max_size=4), max_size=3),
)
def test_the_sum_is_the_one_that_prometheus_client_makes(
    tmp_path_factory: pytest.TempPathFactory,
    written: dict[tuple[str, int, str], tuple[float, float]],
    buckets: list[list[int]],
) -> None:
    folder = tmp_path_factory.mktemp("files")
    files: dict[Path, Any] = {}

    def write(kind: str, pid: int, key: str, value: float, set_at: float) -> None:
        path = folder / f"{kind}_{pid}.db"
        if path not in files:
            files[path] = MmapedDict(str(path))  # type: ignore[no-untyped-call]
        files[path].write_value(key, value, set_at)

    for (kind, pid, label), (value, set_at) in written.items():
        name = f"some_{kind}"
        write(kind, pid, mmap_key(name, name, ["x"], [label], "Help."), value, set_at)
    for pid, counts in enumerate(buckets, 1):
        for bound, count in zip(("0.1", "1.0", "10.0", "+Inf"), counts, strict=True):
            write("histogram", pid, mmap_key("h", "h_bucket", ["le"], [bound], "Help."), count, 0.0)
        write("histogram", pid, mmap_key("h", "h_sum", [], [], "Help."), sum(counts) / 3, 0.0)
    ours: Numbers = {}
    for path, file in files.items():
        file.close()
        read_file(path, path.stem.rpartition("_")[2], ours)
    theirs = samples_of(MultiProcessCollector.merge([str(path) for path in files]))  # type: ignore[no-untyped-call]
    assert samples_of(families(ours)) == pytest.approx(theirs)


def test_a_gauge_that_is_not_a_number_is_left_out() -> None:
    key = mmap_key("queue_depth", "queue_depth", ["queue"], ["a"], "Help.")
    assert samples_of(families({"gauge_livemax": {key: (float("nan"), 0.0)}})) == {}


# --- a group's folder ---


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "group"


def count_and_end(folder: Path, amount: float, gauge: float) -> None:
    """What a process does that counts and is killed."""
    group = Group(folder)
    group.enter()
    write_into(group, amount, gauge)
    os.kill(os.getpid(), signal.SIGKILL)


def write_into(group: Group, amount: float, gauge: float) -> None:
    written = (("counter", "jobs_total", amount), ("gauge_livesum", "busy", gauge), ("gauge_max", "top", gauge))
    for kind, name, value in written:
        group.open(kind).write_value(mmap_key(name, name, [], [], "Help."), value, 0.0)  # type: ignore[no-untyped-call]


def in_child(function: Any, *arguments: Any) -> None:
    child = multiprocessing.get_context("fork").Process(target=function, args=arguments)
    child.start()
    child.join()


def value_in(group: Group, name: str) -> float | None:
    return samples_of(families(group.read())).get((name, ()))


def test_what_the_dead_have_counted_stays_and_their_files_do_not(folder: Path) -> None:
    folder.mkdir()
    for number in range(150):
        in_child(count_and_end, folder, 1.0, float(number))
    group = Group(folder)
    group.enter()
    write_into(group, 2.0, 5.0)
    assert value_in(group, "jobs_total") == 152.0
    assert value_in(group, "busy") == 5.0  # that of the living
    assert value_in(group, "top") == 149.0
    assert len(list(folder.iterdir())) <= 8
    assert value_in(Group(folder), "jobs_total") == 152.0, "read from elsewhere"


def test_who_only_enters_removes_the_files_of_the_dead_too(folder: Path) -> None:
    folder.mkdir()
    for _ in range(50):
        in_child(count_and_end, folder, 1.0, 1.0)
    assert len(list(folder.glob("*.lock"))) <= 17
    assert value_in(Group(folder), "jobs_total") == 50.0


def test_a_process_killed_while_it_folds_makes_nobody_count_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    in_child(count_and_end, folder, 7.0, 1.0)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            Group(folder).read()
    assert list(folder.glob("counter_*.db")), "its file is still there"
    assert value_in(Group(folder), "jobs_total") == 7.0
    assert not list(folder.glob("counter_*.db"))
    assert value_in(Group(folder), "jobs_total") == 7.0


def test_counters_never_go_back_while_processes_come_and_go(folder: Path) -> None:
    folder.mkdir()
    context = multiprocessing.get_context("fork")

    def keep_ending() -> None:
        for _ in range(20):
            in_child(count_and_end, folder, 1.0, 1.0)

    workers = [context.Process(target=keep_ending) for _ in range(3)]
    for worker in workers:
        worker.start()
    readers = [Group(folder), Group(folder)]
    seen = [0.0]
    while any(worker.is_alive() for worker in workers):
        seen.extend(value_in(reader, "jobs_total") or 0.0 for reader in readers)
    assert seen == sorted(seen)
    assert value_in(readers[0], "jobs_total") == 60.0
    assert len(list(folder.iterdir())) <= 8


def test_a_damaged_file_costs_nothing_but_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.mkdir()
    in_child(count_and_end, folder, 7.0, 1.0)
    (folder / "counter_1-a.db").write_bytes(b"\xff\xff\x00\x00\x00\x00\x00\x00\xff\xff")
    assert value_in(Group(folder), "jobs_total") == 7.0
    assert "counter_1-a.db cannot be read" in capsys.readouterr().err


def test_an_earlier_runs_numbers_are_gone_and_a_siblings_are_not(folder: Path) -> None:
    folder.mkdir()
    in_child(count_and_end, folder, 7.0, 1.0)
    Group(folder).enter(fresh=True)
    assert value_in(Group(folder), "jobs_total") is None
    sibling = Group(folder)
    sibling.enter()
    write_into(sibling, 1.0, 1.0)
    in_child(lambda: Group(folder).enter(fresh=True))
    assert value_in(sibling, "jobs_total") == 1.0


def test_folders_of_groups_that_have_ended_are_removed(tmp_path: Path) -> None:
    ended = tmp_path / f"signalfire.shop.{os.getpid()}-1"
    running = tmp_path / folder_name("shop", os.getpid())
    for each in (ended, running):
        each.mkdir()
        in_child(count_and_end, each, 7.0, 1.0)
    assert started_at(os.getpid()) > 0
    remove_abandoned(tmp_path, None)
    assert list(tmp_path.iterdir()) == [running]


# --- real servers ---

APP = """
import os
from prometheus_client import Counter, Histogram
early = Counter("early_total", "Made before anything of signalfire was there.")
from signalfire import metrics
from signalfire.prometheus.exposition import render

late = Histogram("late_seconds", "Made with prometheus_client itself.", buckets=(1, 2))

def answer(path):
    if path == "/metrics":
        return render(metrics.registry, "")[0]
    if path == "/count":
        metrics.campaigns_created_total.labels(platform="search").inc()
        metrics.agents_active.labels(agent="a").set(1)
        early.inc()
        late.observe(1.5)
    return str(os.getpid()).encode()

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = answer(scope["path"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})

def wsgi(environ, start_response):
    start_response("200 OK", [])
    return [answer(environ["PATH_INFO"])]
"""


@pytest.fixture
def app_folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "metrics").mkdir()
    return tmp_path


@contextlib.contextmanager
def running(folder: Path, port: int, *command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    variables = os.environ | {
        "PYTHONPATH": f"{SOURCE}{os.pathsep}{folder}",
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
        "OTEL_SERVICE_NAME": "shop",
    }
    with subprocess.Popen([sys.executable, "-m", *command], cwd=folder, env=variables | environment) as server:
        try:
            wait_until(lambda: answers(port))
            yield server
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def scrape_again(address: str) -> dict[str, float]:
    """`scrape`, by the next worker where one ends just now."""
    for _ in range(50):
        with contextlib.suppress(httpx.TransportError):
            return scrape(address)
        time.sleep(0.05)
    raise AssertionError("nobody answers")


def count(address: str) -> int:
    """One request that is counted; the id of the process that did it."""
    for _ in range(50):
        with contextlib.suppress(httpx.TransportError):  # a worker that is being recycled
            return int(httpx.get(f"{address}/count", timeout=20).text)
        time.sleep(0.05)
    raise AssertionError("nobody answers")


def uvicorn(port: int, *options: str) -> tuple[str, ...]:
    return ("uvicorn", "app:asgi", "--port", str(port), "--log-level", "warning", "--workers", "2", *options)


def gunicorn(port: int, *options: str) -> tuple[str, ...]:
    return ("gunicorn", "app:wsgi", "-b", f"127.0.0.1:{port}", "--log-level", "warning", "-w", "2", *options)


@pytest.mark.parametrize("server", [uvicorn, gunicorn])
def test_each_scrape_gives_the_sum_over_the_workers(app_folder: Path, server: Any) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with running(app_folder, port, *server(port)):
        workers: set[int] = set()
        done = 0
        while len(workers) < 2 or done < 20:
            workers.add(count(address))
            done += 1
            assert done < 2000
        for _ in range(4):
            series = scrape(address)
            assert series["campaigns_created_total{platform=search}"] == done
            assert series["early_total{}"] == done
            assert series["late_seconds_bucket{le=2.0}"] == done
            assert series["late_seconds_bucket{le=1.0}"] == 0
            assert series["process_resident_memory_bytes{}"] > 20e6


@pytest.mark.parametrize("server", [uvicorn, gunicorn])
def test_a_killed_worker_takes_nothing_along(app_folder: Path, server: Any) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with running(app_folder, port, *server(port)):
        for done in range(1, 6):
            os.kill(count(address), signal.SIGKILL)
            assert wait_until(lambda: answers(port))
            assert scrape(address)["campaigns_created_total{platform=search}"] == done
            assert scrape(address)["early_total{}"] == done


def test_recycled_workers_leave_few_files(app_folder: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    workers: set[int] = set()
    seen = [0.0]
    with running(app_folder, port, *gunicorn(port, "--max-requests", "1", "--preload")):
        for done in range(1, 9):
            workers.add(count(address))
            if done % 4 == 0:
                wait_until(lambda: answers(port))
                seen.append(scrape_again(address)["campaigns_created_total{platform=search}"])
        assert seen == [0, 4, 8]
        assert len(workers) == 8
        files = [path for path in (app_folder / "metrics").rglob("*") if path.is_file()]
        assert len(files) < 25, files


def test_two_applications_share_a_folder_and_nothing_else(app_folder: Path) -> None:
    ports = free_port(), free_port()
    with running(app_folder, ports[0], *gunicorn(ports[0])), running(app_folder, ports[1], *gunicorn(ports[1])):
        for port, times in zip(ports, (3, 5), strict=True):
            for _ in range(times):
                count(f"http://127.0.0.1:{port}")
        for port, times in zip(ports, (3, 5), strict=True):
            series = scrape(f"http://127.0.0.1:{port}")
            assert series["campaigns_created_total{platform=search}"] == times
            assert series["early_total{}"] == times


def test_a_new_run_begins_at_zero(app_folder: Path) -> None:
    port = free_port()
    for _ in range(2):
        with running(app_folder, port, *gunicorn(port)) as server:
            count(f"http://127.0.0.1:{port}")
            assert scrape(f"http://127.0.0.1:{port}")["early_total{}"] == 1
            if server.poll() is None:
                server.kill()  # leaves everything behind; its workers end by themselves
                server.wait()
                wait_until(lambda: not answers(port))


# --- one metrics port ---

PREFORK = """
import json, os, signal, sys, time
from prometheus_client import Counter, Gauge
before = Counter("before_total", "Made before there were several processes.")
build = Gauge("build_info", "Set before.", ["version"]); build.labels("7").set(1)
from signalfire import metrics, start_metrics_server
port, where = int(sys.argv[1]), sys.argv[2]
before.inc(5)
metrics.video_generation_total.labels(status="success").inc(2)

def serve():
    return start_metrics_server(port, processes=True)

def work():
    before.inc()
    metrics.campaigns_created_total.labels(platform="search").inc()

if where == "parent":
    serve()
children = []
for _ in range(3):
    child = os.fork()
    if not child:
        if where == "children":
            serve()
        work()
        time.sleep(600)
    children.append(child)
print(json.dumps(children), flush=True)
sys.stdin.read()
for child in children:
    os.kill(child, signal.SIGKILL)
"""


@contextlib.contextmanager
def preforked(where: str, port: int) -> Iterator[list[int]]:
    environment = {name: text for name, text in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
    command = [sys.executable, "-c", PREFORK, str(port), where]
    with subprocess.Popen(
        command, env=environment | {"PYTHONPATH": str(SOURCE)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        try:
            yield json.loads(parent.stdout.readline())
        finally:
            parent.communicate()


@pytest.mark.parametrize("where", ["parent", "children"])
def test_one_process_serves_for_all_without_any_setting(where: str) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with preforked(where, port):
        wait_until(lambda: answers(port) and scrape(address).get("campaigns_created_total{platform=search}") == 3)
        series = scrape(address)
        own = (5, 2) if where == "parent" else (0, 0)  # the parent shows what it has counted if it is one of them
        assert series["before_total{}"] == 3 + own[0]
        assert series["video_generation_total{status=success}"] == own[1]
        assert [value for name, value in series.items() if name.startswith("build_info")] == (
            [1.0] if where == "parent" else [1.0] * 3  # a gauge of that kind is shown for each process
        )


def test_when_the_one_that_serves_ends_another_does() -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with preforked("children", port) as children:
        wait_until(lambda: answers(port) and scrape(address).get("before_total{}") == 3)
        for child in children[:2]:
            os.kill(child, signal.SIGKILL)
        wait_until(lambda: answers(port))
        assert scrape(address)["before_total{}"] == 3


def test_a_child_does_not_keep_its_parents_port() -> None:
    program = textwrap.dedent(f"""
        import os, signal, time
        from signalfire import start_metrics_server
        server = start_metrics_server({free_port()})
        child = os.fork()
        if not child:
            time.sleep(600)
        time.sleep(0.2)
        server.shutdown()
        try:
            start_metrics_server(server.port).shutdown()
            print("served again")
        finally:
            os.kill(child, signal.SIGKILL)
    """)
    out = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True
    )
    assert out.stdout == "served again\n", out


def test_a_port_that_a_stranger_has_is_an_error() -> None:
    port = free_port()
    program = textwrap.dedent(f"""
        import socket
        from signalfire import start_metrics_server
        stranger = socket.create_server(("127.0.0.1", {port}))
        try:
            start_metrics_server({port}, processes=True)
        except OSError as error:
            print("refused", error.errno)
    """)
    out = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True
    )
    assert out.stdout.startswith("refused"), out


def test_a_folder_that_cannot_be_made_leaves_the_process_on_its_own(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    program = """
from signalfire import metrics
from signalfire.prometheus.exposition import render
metrics.campaigns_created_total.labels(platform="search").inc()
print(render(metrics.registry, "")[0].decode())
"""
    environment = os.environ | {"PYTHONPATH": str(SOURCE), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "file" / "x")}
    out = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert "metrics cannot be shared with other processes" in out.stderr
    assert out.returncode == 0, out.stderr


def test_a_validation_knows_its_metric_among_those_of_several_processes(tmp_path: Path) -> None:
    program = """
from signalfire import metrics, setup_monitoring
from signalfire.agent_monitoring import validation
setup_monitoring(service_name="shop")
metrics.workflow_duration_seconds.labels(workflow_type=validation.WORKFLOW, status="success").observe(0.25)
print(validation.value(metrics.registry))
"""
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "OTEL_TRACES_EXPORTER": "none"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0.25"
    assert all(folder.name.startswith("signalfire.shop.") for folder in tmp_path.iterdir())
