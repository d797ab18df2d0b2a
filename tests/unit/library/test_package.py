"""The package as its users get it: switches, types, and the README's words."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import mypy.api
import pytest
import signalfire
from prometheus_client import CollectorRegistry
from signalfire import get_logger, setup_monitoring, track_agent_execution, track_ai_call, track_task
from signalfire.prometheus import default
from signalfire.providers.openai import instrument_openai, uninstrument_openai
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.support.models import CHAT_MODEL
from tests.unit.library.helpers import Lines, series, serving
from tests.unit.library.model_server import ModelServer

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "instrumentation/python"


def run(program: str, **variables: str) -> str:
    environment = {key: text for key, text in os.environ.items() if not key.startswith(("OTEL", "SIGNALFIRE"))}
    environment |= {"OTEL_TRACES_EXPORTER": "none"} | variables
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_the_kill_switch_leaves_the_application_as_it_was(
    monkeypatch: pytest.MonkeyPatch, registry: CollectorRegistry, lines: Lines
) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "true")

    async def page(_: Any) -> PlainTextResponse:
        return PlainTextResponse("ok")

    app = Starlette(routes=[Route("/", page)])
    handle = setup_monitoring(app, registry=registry)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as http:
        answers = [await http.get(path) for path in ("/", "/metrics", "/health")]
    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert "x-request-id" not in answers[0].headers
    with track_agent_execution("a", "b", metrics=handle.metrics), track_task("t", metrics=handle.metrics) as task:
        task.set_quality(1)
        with track_ai_call("openai", CHAT_MODEL, metrics=handle.metrics) as call:
            call.record_tokens(input=1)
            call.record_first_token()
            call.record_response({"id": "x"})

    @track_task("t", metrics=handle.metrics)
    def decorated() -> int:
        return 3

    assert decorated() == 3
    assert list(registry.collect()) == []
    assert lines.raw == ""
    handle.shutdown()


def test_the_kill_switch_from_the_very_start() -> None:
    out = run(
        """
        import logging, signalfire
        from opentelemetry import trace
        signalfire.setup_monitoring(service_name="shop")
        signalfire.setup_logging("shop")
        signalfire.setup_tracing("shop")
        signalfire.instrument_clients()
        logging.getLogger("x").info("not ours")
        assert type(trace.get_tracer_provider()).__name__ == "ProxyTracerProvider"
        print("end")
        """,
        SIGNALFIRE_DISABLED="1",
    )
    assert out == "end\n"


def test_the_standard_switch_is_for_traces_alone() -> None:
    out = run(
        """
        import signalfire
        signalfire.setup_monitoring(service_name="shop")
        with signalfire.track_workflow("launch"):
            pass
        """,
        OTEL_SDK_DISABLED="true",
    )
    assert '"message":"workflow completed"' in out
    assert "trace_id" not in out


def test_service_and_environment_come_from_the_standard_variables() -> None:
    program = "import signalfire; signalfire.setup_logging(); signalfire.get_logger('a').info('x')"
    for variables, service, env in (
        ({"OTEL_SERVICE_NAME": "shop", "SIGNALFIRE_ENV": "prod"}, "shop", "prod"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=a%20b,deployment.environment.name=staging"}, "a b", "staging"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=x", "SIGNALFIRE_ENV": "y"}, "-c", "x"),
        ({}, "-c", "dev"),
    ):
        assert f'"service":"{service}","env":"{env}"' in run(program, **variables)


def test_what_sends_spans_is_not_imported_before_it_is_set_up() -> None:
    """It would take a quarter of the import's time from scripts that only count or log."""
    run(
        """
        import sys, signalfire
        heavy = {"requests", "google.protobuf", "opentelemetry.exporter"} & set(sys.modules)
        assert not heavy, heavy
        """
    )


def test_what_nobody_asked_for_is_not_imported() -> None:
    run(
        """
        import sys, signalfire
        signalfire.setup_monitoring(service_name="worker")
        heavy = {"fastapi", "starlette", "uvicorn", "openai", "genai_prices", "pydantic"} & set(sys.modules)
        assert not heavy, heavy
        """
    )


def test_uvicorn_started_by_the_program_itself_logs_json_from_its_first_line() -> None:
    out = run(
        """
        import asyncio, uvicorn, signalfire
        from starlette.applications import Starlette
        app = Starlette()
        signalfire.setup_monitoring(app, service_name="shop")
        config = uvicorn.Config(app, port=0)
        server = uvicorn.Server(config)
        async def main():
            task = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0.01)
            server.should_exit = True
            await task
        asyncio.run(main())
        """
    )
    assert out.count("\n") >= 4
    assert all(row.startswith("{") for row in out.splitlines())


def check_types(folder: Path, **programs: str) -> str:
    """What mypy says of these programs, all in one go: most of its time is our package's and its libraries'."""
    for name, code in programs.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(code))
    os.environ["MYPYPATH"] = str(PACKAGE / "src")
    try:
        files = [str(folder / f"{name}.py") for name in programs]
        out, _, _ = mypy.api.run(["--strict", "--no-error-summary", "--config-file=", *files])
    finally:
        del os.environ["MYPYPATH"]
    return out


def test_the_type_checker_knows_every_metric_and_its_labels(tmp_path: Path) -> None:
    good = """
    from signalfire import metrics, track_ai_call, setup_monitoring
    metrics.http_requests_total.labels(method="GET", endpoint="/", status=200).inc()
    metrics.active_users.set(1)
    @track_ai_call("openai", "a-model")
    def double(number: int) -> int:
        return number * 2
    result: int = double(1)
    setup_monitoring(service_name="x").shutdown()
    """
    bad = """
    from signalfire import metrics
    metrics.http_requests_total.labels(method="GET", endpont="/", status=200).inc()
    metrics.http_request_total.inc()
    metrics.queue_depth.labels(queue="a").observe(1)
    """
    found = check_types(tmp_path, good=good, bad=bad)
    assert "good.py" not in found
    assert all("bad.py" in line for line in found.splitlines())
    assert 'Unexpected keyword argument "endpont"' in found
    assert 'has no attribute "http_request_total"' in found
    assert '"Gauge" has no attribute "observe"' in found


@pytest.fixture
def openai_is_instrumented_as_if_it_were_openais_own_address() -> Iterator[None]:
    instrument_openai(provider="openai")  # the README's own call changes nothing then
    yield
    uninstrument_openai()


@pytest.mark.usefixtures("openai_is_instrumented_as_if_it_were_openais_own_address")
async def test_the_readmes_example_does_what_it_says(monkeypatch: pytest.MonkeyPatch, lines: Lines) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(# shop\.py\n.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {"__name__": "shop"}
    exec(compile(example, "shop.py", "exec"), names)
    transport = httpx.ASGITransport(app=names["app"])
    with serving(ModelServer()) as address:
        names["client"].base_url = f"{address}/chat"
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http:
            answer = await http.post("/products/42/slogan", headers={"X-Request-ID": "order-1"})
            scrape = await http.get("/metrics")
            health = await http.get("/health")
            status = await http.get("/status")
    assert answer.json()
    assert answer.headers["x-request-id"] == "order-1"
    assert 'endpoint="/products/{product}/slogan"' in scrape.text
    assert f'ai_api_cost_usd_total{{model="{CHAT_MODEL}",operation="slogan",provider="openai"}}' in scrape.text
    assert health.json()["checks"]["catalogue"]["status"] == "healthy"
    assert status.headers["content-type"].startswith("text/html")
    assert "Busiest endpoints" in status.text
    (row,) = lines.of("slogan written")
    assert (row["service"], row["correlation_id"], row["product"]) == ("shop", "order-1", 42)
    assert series(default.metrics.registry, "ai_api_calls_total")[CHAT_MODEL, "slogan", "openai", "success"] == 1
    get_logger("done")


def test_the_readmes_example_of_a_worker_runs() -> None:
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(from signalfire import metrics.*?)```", text, re.DOTALL)
    out = run(example.replace("8002", "0"))
    assert '"message":"task completed","task_type":"ad_copy","agent":"copywriter","quality":0.9' in out


def test_the_packages_own_settings_name_what_it_imports() -> None:
    settings = (PACKAGE / "pyproject.toml").read_text(encoding="utf-8")
    for name in ("prometheus-client", "structlog", "orjson", "opentelemetry-sdk", "opentelemetry-exporter-otlp"):
        assert name in settings
    assert (PACKAGE / "src/signalfire/py.typed").exists()


def test_everything_that_the_package_names_is_there() -> None:
    run("import signalfire; [getattr(signalfire, name) for name in signalfire.__all__]; dir(signalfire)")


def test_what_is_imported_later_is_named_for_everyone() -> None:
    later = {name for names in signalfire._LATER.values() for name in names}
    assert later <= set(signalfire.__all__)
    assert set(signalfire.__all__) <= set(dir(signalfire))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = signalfire.nothing


def test_a_wheel_holds_every_file_of_the_package_and_its_command(tmp_path: Path) -> None:
    source = tmp_path / "python"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, stdout=subprocess.DEVNULL)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = {name for name in wheel.namelist() if name.startswith("signalfire/")}
        [commands] = [wheel.read(name) for name in wheel.namelist() if name.endswith("entry_points.txt")]
    files = {str(file.relative_to(source / "src")) for file in (source / "src/signalfire").rglob("*") if file.is_file()}
    assert packed == files
    assert b"signalfire = signalfire.cli:main" in commands
