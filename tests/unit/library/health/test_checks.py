"""The checks that are ready to use."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
import redis
import redis.asyncio
from pydantic import BaseModel, SecretStr
from signalfire import HealthChecker, Metrics, Status
from signalfire._internal.model_providers import BY_NAME, PROVIDERS, Provider
from signalfire.health import (
    EnvironmentVariable,
    Finding,
    InRange,
    OneOf,
    ReadableFile,
    Required,
    Rule,
    WebAddress,
)
from signalfire.health.configuration import configuration_check
from signalfire.health.models import own_address
from signalfire.health.resources import SystemResources
from signalfire.settings import SettingError
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.ports import free_port
from tests.unit.library.helpers import Lines
from tests.unit.library.postgres_server import running_postgres
from tests.unit.library.redis_server import running_redis

SECRET = "sk-hunter2hunter2hunter2"


@pytest.fixture
def checker(metrics: Metrics) -> HealthChecker:
    return HealthChecker("shop", metrics=metrics)


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS:
        listing = provider.listing
        for name in (*listing.key_variables, *listing.base_url_variables, *listing.region_variables):
            monkeypatch.delenv(name, raising=False)


def found(checker: HealthChecker, name: str) -> tuple[str, str]:
    result = checker.run_sync(fresh_for=0).results[name]
    return result.status.name.lower(), result.detail


# --- databases and Redis ---


async def test_databases() -> None:
    with running_postgres() as server:
        engine = create_engine(server.sqlalchemy("psycopg"))
        async_engine = create_async_engine(server.sqlalchemy("asyncpg"))
        checker = HealthChecker("shop", metrics=Metrics())
        async with asyncpg.create_pool(server.address, min_size=1, max_size=1) as pool:
            checker.check_database(engine, timeout=20)
            checker.check_database(async_engine, name="async", timeout=20)
            checker.check_database(pool, name="pool", required=False, timeout=20)
            report = await checker.run(fresh_for=0)
            assert {result.status for result in report.results.values()} == {Status.HEALTHY}
            server.kill()
            report = await checker.run(fresh_for=0)
            assert {result.status for result in report.results.values()} == {Status.UNHEALTHY}
            assert report.results["database"].detail.startswith("OperationalError: ")
        engine.dispose()
        await async_engine.dispose()


async def test_redis(checker: HealthChecker, tmp_path: Path) -> None:
    with running_redis(tmp_path) as address:
        async with redis.asyncio.Redis.from_url(address) as async_client:
            checker.check_redis(redis.Redis.from_url(address))
            checker.check_redis(async_client, name="async")
            report = await checker.run(fresh_for=0)
            assert {result.status for result in report.results.values()} == {Status.HEALTHY}
            redis.Redis.from_url(address).shutdown(nosave=True)
            report = await checker.run(fresh_for=0)
            assert {result.status for result in report.results.values()} == {Status.UNHEALTHY}
            assert "ConnectionError" in report.results["redis"].detail


def test_what_cannot_be_asked_is_refused(checker: HealthChecker) -> None:
    with pytest.raises(SettingError, match="engine is a str"):
        checker.check_database("postgresql://shop")
    with pytest.raises(SettingError, match="client is a str"):
        checker.check_redis("redis://shop")


# --- a model provider ---


KEY_HEADERS = {provider.listing.key_header for provider in PROVIDERS}


class ModelServer:
    """Answers as a provider's list of models does. It knows one key."""

    def __init__(self) -> None:
        self.status = 200
        self.asked: list[tuple[str, dict[str, str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, dict(self.headers)))
                keys = {self.headers.get(name, "").removeprefix("Bearer ") for name in KEY_HEADERS}
                status = server.status if SECRET in keys else 401
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"{server.address}/elsewhere")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}"


@pytest.fixture
def models() -> Iterator[ModelServer]:
    server = ModelServer()
    threading.Thread(target=server.http.serve_forever, daemon=True).start()
    yield server
    server.http.shutdown()
    server.http.server_close()


def test_a_provider_that_answers_is_asked_once_a_minute(checker: HealthChecker, models: ModelServer) -> None:
    checker.check_llm_connectivity("openai", base_url=f"{models.address}/v1/", api_key=SECRET)
    for _ in range(5):
        assert found(checker, "llm_openai") == ("healthy", "")
    ((path, headers),) = models.asked
    assert path == "/v1/models"
    assert headers["Authorization"] == f"Bearer {SECRET}"


def test_a_provider_is_found_by_its_own_variables(
    checker: HealthChecker, models: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", models.address)
    checker.check_llm_connectivity("anthropic", fresh_for=0)
    assert found(checker, "llm_anthropic") == ("unhealthy", "no API key was found, set ANTHROPIC_API_KEY")
    assert models.asked == []
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    assert found(checker, "llm_anthropic") == ("healthy", "")
    path, headers = models.asked[0]
    assert path == "/v1/models"
    assert {name.lower(): text for name, text in headers.items()}["anthropic-version"] == "2023-06-01"
    assert "Authorization" not in headers


def test_a_refused_key_is_looked_for_where_it_was_written(
    checker: HealthChecker, models: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "wrong" + SECRET)
    checker.check_llm_connectivity("openai", base_url=models.address)
    wrong = "can be reached, but refuses the API key (HTTP 401): look at OPENAI_API_KEY"
    assert found(checker, "llm_openai") == ("unhealthy", wrong)
    monkeypatch.setenv("OPENAI_BASE_URL", "ftp://models")
    with pytest.raises(SettingError, match=r"^OPENAI_BASE_URL is .*: write it as https://host/v1"):
        checker.check_llm_connectivity("openai")


def test_what_a_provider_may_answer(checker: HealthChecker, models: ModelServer, lines: Lines) -> None:
    checker.check_llm_connectivity("openai", base_url=models.address, api_key=SECRET, fresh_for=0)
    checker.check_llm_connectivity("openai", base_url=models.address, api_key="wrong" + SECRET, name="wrong")
    wrong = "can be reached, but refuses the API key (HTTP 401): look at api_key"
    assert found(checker, "wrong") == ("unhealthy", wrong)
    for status, expected in {
        429: ("degraded", "can be reached, but the rate limit is used up (HTTP 429)"),
        503: ("unhealthy", "answers HTTP 503"),
        404: ("degraded", "answers HTTP 404 when asked for its models: look at base_url"),
        302: ("degraded", "answers HTTP 302 when asked for its models: look at base_url"),
    }.items():
        models.status = status
        assert found(checker, "llm_openai") == expected
    assert all(path == "/models" for path, _ in models.asked), "the key is not carried elsewhere"
    assert checker.run_sync().status is Status.DEGRADED, "a provider is not required"
    assert SECRET not in lines.raw


def test_a_provider_that_cannot_be_reached(checker: HealthChecker, lines: Lines) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    checker.check_llm_connectivity("openai", base_url=nobody, api_key=SECRET)
    checker.check_llm_connectivity("openai", base_url=nobody, api_key=f"two\nlines {SECRET}", name="bad key")
    assert found(checker, "llm_openai") == ("unhealthy", "cannot be reached: Connection refused")
    assert found(checker, "bad key") == ("unhealthy", "cannot be reached: ValueError")
    assert SECRET not in lines.raw


def test_a_provider_that_never_answers(checker: HealthChecker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        checker.check_llm_connectivity("house", base_url=address, timeout=0.5)
        began = time.monotonic()
        assert found(checker, "llm_house") == ("unhealthy", "cannot be reached: no answer in time")
        assert time.monotonic() - began < 10


def test_bad_settings_of_a_provider(checker: HealthChecker) -> None:
    with pytest.raises(SettingError, match="give its base_url too"):
        checker.check_llm_connectivity("nobody")
    with pytest.raises(SettingError, match="write it as https"):
        checker.check_llm_connectivity("openai", base_url="file:///etc/passwd")
    with pytest.raises(SettingError, match="fresh_for is -1"):
        checker.check_llm_connectivity("openai", fresh_for=-1)
    for nobody in (None, "", 5, ["openai"]):
        with pytest.raises(SettingError, match="name one, such as check_llm_connectivity"):
            checker.check_llm_connectivity(nobody)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="base_url is 5: write it as https://host/v1"):
        checker.check_llm_connectivity("openai", base_url=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("provider", PROVIDERS, ids=[provider.name for provider in PROVIDERS])
def test_every_provider_of_the_metrics_is_known(
    checker: HealthChecker, models: ModelServer, monkeypatch: pytest.MonkeyPatch, provider: Provider
) -> None:
    listing = provider.listing
    for name in (provider.name, *provider.other_names):
        checker.check_llm_connectivity(
            name.upper(), base_url=f"{models.address}/v9", api_key=SECRET, name="with address"
        )
        assert found(checker, "with address") == ("healthy", "")
        path, headers = models.asked.pop()
        assert path == f"/v9{listing.path or '/'}"
        assert SECRET in {name.lower(): text for name, text in headers.items()}[listing.key_header.lower()]
    if listing.base_url and not listing.region_variables:
        checker.check_llm_connectivity(provider.name)
    elif listing.base_url_variables:
        with pytest.raises(SettingError, match=f"{listing.base_url_variables[0]} is not set: give its base_url too"):
            checker.check_llm_connectivity(provider.name)
        monkeypatch.setenv(listing.base_url_variables[0], models.address)
        checker.check_llm_connectivity(provider.name, api_key=SECRET)
        assert found(checker, f"llm_{provider.name}") == ("healthy", "")


def test_a_provider_in_a_region_is_found_by_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = BY_NAME["aws"].listing
    assert own_address(listing) is None
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert own_address(listing) == "https://bedrock.eu-west-1.amazonaws.com"


def test_a_provider_without_a_list_is_healthy_where_it_answers(checker: HealthChecker, models: ModelServer) -> None:
    checker.check_llm_connectivity("voyageai", base_url=models.address, api_key=SECRET, fresh_for=0)
    for status, expected in ((404, "healthy"), (401, "healthy"), (429, "degraded"), (503, "unhealthy")):
        models.status = status
        assert found(checker, "llm_voyageai")[0] == expected


# --- a configuration ---


@dataclass
class Server:
    port: int = 8000
    url: str = "http://shop.example"


@dataclass
class Shop:
    name: str = "shop"
    server: Server = field(default_factory=Server)


class Model(BaseModel):
    database_url: str = "sqlite:///shop.db"
    api_key: SecretStr = SecretStr(SECRET)
    env: str = "dev"


def problems(config: Any, *rules: Rule) -> str:
    finding = configuration_check(config, rules)()
    assert (finding.status is Status.UNHEALTHY) == bool(finding.detail)
    return finding.detail


def test_every_problem_of_a_configuration_is_named(checker: HealthChecker) -> None:
    config = {
        "database": {"url": "postgres//shop:hunter2@db"},
        "port": 99999,
        "env": "prd",
        "certificate": "/nowhere/none.pem",
        "api_token": f"http:/{SECRET}",
    }
    checker.check_configuration_validity(
        config,
        [
            Required("database.url"),
            Required("database.password"),
            EnvironmentVariable("SHOP_API_KEY"),
            WebAddress("database.url", schemes=["postgresql"]),
            WebAddress("api_token"),
            ReadableFile("certificate"),
            InRange("port", 1, 65535),
            OneOf("env", ["dev", "prod"]),
        ],
    )
    status, detail = found(checker, "configuration")
    assert status == "unhealthy"
    assert detail.split("; ") == [
        "database.password has no value",
        "the environment variable SHOP_API_KEY has no value",
        "database.url is 'postgres//[MASKED]@db', which is no postgresql address",
        "api_token is [MASKED], which is no http or https address",
        "certificate is '/nowhere/none.pem', which is no file that can be read",
        "port is 99999, which is no number from 1 to 65535",
        "env is 'prd', which is none of dev, prod",
    ]


def test_a_good_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOP_KEY", "x")
    (tmp_path / "a.pem").write_text("x")
    rules: list[Rule] = [
        Required("server.port"),
        InRange("server.port", 1, 65535),
        WebAddress("server.url"),
        EnvironmentVariable("SHOP_KEY"),
        OneOf("name", {"shop"}),
    ]
    assert problems(Shop(), *rules) == ""
    assert problems({"file": tmp_path / "a.pem"}, ReadableFile("file"), ReadableFile("none"), InRange("none")) == ""
    assert problems({"on": True}, InRange("on", 0, 1)) == "on is True, which is no number from 0 to 1"


def test_without_rules_what_is_wrong_anywhere_is_found() -> None:
    assert problems(Shop()) == ""
    assert problems(Model()) == ""
    assert (
        problems(Model(database_url="${DATABASE_URL}", env=" ")) == "database_url was never filled in; env has no value"
    )
    assert problems(Shop(server=Server(url="shop.example"))) == "server.url is 'shop.example', which is no address"
    config = {
        "a": {"api_key": "<your key>", "password": "", "none": None, "list": [], "other": "changeme"},
        "redis_url": "redis://host:x",
    }
    assert problems(config).split("; ") == [
        "a.api_key was never filled in",
        "a.password has no value",
        "a.other was never filled in",
        "redis_url is 'redis://host:x', which is no address",
    ]


def test_a_configuration_is_looked_at_anew_each_time() -> None:
    config = {"name": ""}
    check = configuration_check(config, [Required("name")])
    assert check().status is Status.UNHEALTHY
    config["name"] = "shop"
    assert check() == Finding(Status.HEALTHY)


def test_rules_that_cannot_be_kept() -> None:
    with pytest.raises(SettingError, match="config is a str"):
        configuration_check("url=x", ())
    with pytest.raises(SettingError, match="swap them"):
        InRange("port", 2, 1)


# --- system resources ---

GIGABYTE = 2**30
MEMINFO = "MemTotal:       8388608 kB\nMemFree:  1 kB\nMemAvailable:   6291456 kB\nHugePages_Total:  0\n"


def machine(folder: Path, **files: Any) -> Path:
    """A root folder with these files; __ stands for / and _dot_ for a dot."""
    defaults = {"proc__meminfo": MEMINFO, "proc__stat": "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1\n"}
    for name, text in (defaults | files).items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return folder


def look(root: Path, **thresholds: float | None) -> Finding:
    chosen: dict[str, Any] = {"cpu": None, "memory": None, "disk": None} | thresholds
    return SystemResources(**chosen, path="/", root=root)()


def test_this_machine(checker: HealthChecker) -> None:
    checker.check_system_resources(cpu=1, memory=1, disk=1)
    status, detail = found(checker, "system_resources")
    assert status == "healthy"
    assert "memory " in detail
    assert "disk " in detail
    time.sleep(0.25)
    assert "cpu " in found(checker, "system_resources")[1]


def test_too_much_in_use_is_degraded(checker: HealthChecker) -> None:
    checker.check_system_resources(cpu=None, memory=1e-9, disk=1e-9)
    status, detail = found(checker, "system_resources")
    assert status == "degraded"
    assert detail.endswith("too much memory and disk in use")


def test_the_memory_of_a_host(tmp_path: Path) -> None:
    assert look(machine(tmp_path), memory=0.9).detail == "memory 25%"


def test_the_memory_of_a_container(tmp_path: Path) -> None:
    second = "sys__fs__cgroup__"
    root = machine(
        tmp_path,
        proc__self__cgroup="0::/",
        **{
            f"{second}memory_dot_max": 2 * GIGABYTE,
            f"{second}memory_dot_current": GIGABYTE + GIGABYTE // 2,
            f"{second}memory_dot_stat": f"anon 1\ninactive_file {GIGABYTE // 4}\nactive_file {GIGABYTE // 4}",
        },
    )
    assert look(root, memory=0.9).detail == "memory 50%"
    machine(tmp_path, proc__self__cgroup="0::/", sys__fs__cgroup__memory_dot_max="max")
    assert look(root, memory=0.9).detail == "memory 25%", "without a limit it is the host's"


def test_the_memory_of_a_container_of_the_older_kind(tmp_path: Path) -> None:
    group = "sys__fs__cgroup__memory__docker__abc__memory_dot_"
    root = machine(
        tmp_path,
        proc__self__cgroup="11:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/system",
        **{f"{group}limit_in_bytes": GIGABYTE, f"{group}usage_in_bytes": GIGABYTE, f"{group}stat": "x y z"},
    )
    assert look(root, memory=0.9) == Finding(Status.DEGRADED, "memory 100%; too much memory in use")


def cpu_of(root: Path, monkeypatch: pytest.MonkeyPatch, later: dict[str, str | int]) -> str:
    now = [1000.0]
    # In this module alone: an event loop of another thread would sleep until its time comes again.
    monkeypatch.setattr("signalfire.health.resources.time", SimpleNamespace(monotonic=lambda: now[0]))
    check = SystemResources(cpu=0.9, memory=None, disk=None, path="/", root=root)
    assert check().detail == "", "there is no interval yet"
    now[0] += 10
    machine(root, **later)
    return check().detail


def test_the_cpu_of_a_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("os.sysconf", lambda _: 100)
    later: dict[str, str | int] = {"proc__stat": "cpu  800 0 400 800 99 0 0 0 0 0"}  # 10 s of the 20 that there were
    assert cpu_of(machine(tmp_path), monkeypatch, later) == "cpu 50%"


def test_the_cpu_of_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: dict[str, str | int] = {"proc__self__cgroup": "0::/", "sys__fs__cgroup__cpu_dot_max": "50000 100000"}
    root = machine(tmp_path, **limits, sys__fs__cgroup__cpu_dot_stat="usage_usec 1000000")
    later: dict[str, str | int] = limits | {"sys__fs__cgroup__cpu_dot_stat": "usage_usec 5900000"}
    assert cpu_of(root, monkeypatch, later) == "cpu 98%; too much cpu in use"


def test_the_cpu_of_a_container_of_the_older_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: dict[str, str | int] = {
        "proc__self__cgroup": "3:cpu,cpuacct:/a",
        "sys__fs__cgroup__cpu__cpu_dot_cfs_quota_us": 200000,
        "sys__fs__cgroup__cpu__cpu_dot_cfs_period_us": 100000,
    }
    root = machine(tmp_path, **limits, sys__fs__cgroup__cpuacct__cpuacct_dot_usage=0)
    later: dict[str, str | int] = limits | {"sys__fs__cgroup__cpuacct__cpuacct_dot_usage": 5 * 10**9}
    assert cpu_of(root, monkeypatch, later) == "cpu 25%"


def test_a_system_without_proc(tmp_path: Path) -> None:
    assert look(tmp_path, cpu=0.9, memory=0.9) == Finding(Status.HEALTHY, "")


def test_bad_thresholds(checker: HealthChecker) -> None:
    with pytest.raises(SettingError, match="memory is 90: give a share"):
        checker.check_system_resources(memory=90)
