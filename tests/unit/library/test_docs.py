"""The pages of the library: their code is what runs, their names exist."""

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from signalfire import calculate_cost

from examples.adplatform.provider.app import create_app as create_provider
from tests.support.models import CHAT_MODEL
from tests.support.ports import free_port
from tests.unit.library.helpers import Collector, serving, wait_until

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted((ROOT / "docs/library").glob("*.md"))
_CODE = re.compile(r"^([ ]*)```python\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
_COPIED = re.compile(r"<!-- (\S+\.py) -->\n```python\n(.*?)```", re.DOTALL)
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def named(page: Path) -> str:
    return page.stem


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_code_of_a_page_is_python_and_imports_what_there_is(page: Path) -> None:
    for _, code in _CODE.findall(page.read_text()):
        for module, name in imported(ast.parse(code)):
            assert hasattr(importlib.import_module(module), name), f"from {module} import {name}"


def imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "signalfire":
            yield from ((str(node.module), alias.name) for alias in node.names)


def test_what_a_page_says_that_something_costs_it_costs() -> None:
    page = (ROOT / "docs/library/model-calls.md").read_text()
    [(call, dollars)] = re.findall(r"^(calculate_cost\(.+\))\n# (Decimal\('.+?'\))", page, re.MULTILINE)
    assert eval(call, {"calculate_cost": calculate_cost}) == eval(dollars, {"Decimal": Decimal})


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_what_a_page_says_is_copied_from_a_file_is(page: Path) -> None:
    for file, code in _COPIED.findall(page.read_text()):
        assert code == (ROOT / file).read_text(), file


def test_every_page_can_be_found_from_the_first() -> None:
    linked = set(_LINK.findall((ROOT / "docs/library/first-service.md").read_text()))
    assert {page.name for page in PAGES} - {"first-service.md"} <= linked


def test_the_first_service_is_watched_as_its_page_says(collector: Collector, tmp_path: Path) -> None:
    port = free_port()
    with serving(create_provider(f"sqlite:///{tmp_path}/demo.db")) as provider:
        environment = {key: text for key, text in os.environ.items() if not key.startswith("OTEL")} | {
            "OPENAI_API_KEY": "not-a-key",
            "OPENAI_BASE_URL": f"{provider}/v1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
            "LOG_DIR": str(tmp_path),
        }
        command = [sys.executable, "-m", "uvicorn", "examples.shop.after:app", "--port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        try:
            shop = f"http://127.0.0.1:{port}"
            wait_until(lambda: answers(f"{shop}/health"))
            asked = httpx.post(f"{shop}/products/7/slogan", trust_env=False, timeout=30)
            assert asked.status_code == 200
            exposed = httpx.get(f"{shop}/metrics", trust_env=False).text
        finally:
            server.terminate()
            server.wait(20)
    assert 'http_requests_total{endpoint="/products/{product}/slogan",method="POST",status="200"} 1.0' in exposed
    assert re.search(rf'^ai_api_calls_total{{.*model="{CHAT_MODEL}".*status="success".*}} 1\.0$', exposed, re.MULTILINE)
    assert re.search(r"^ai_api_cost_usd_total\{.*\} \d", exposed, re.MULTILINE)
    [written] = [line for line in (tmp_path / "shop.log").read_text().splitlines() if "slogan written" in line]
    assert f'"correlation_id":"{asked.headers["X-Request-ID"]}"' in written
    assert {"POST /products/{product}/slogan", f"chat {CHAT_MODEL}"} <= {span.name for span in collector.spans}


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False
