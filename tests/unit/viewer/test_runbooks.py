"""What a runbook's page does with its queries, and with the labels of the alert that led there."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from grafana.viewer.server.config import Config

PAGE = """# Slow

```promql
rate(x{env="<env>", service="<service>"}[5m])
```
```logql
{service_name="<service>"} |= "a < b"
```
```sh
make silence ALERT=Slow WHERE='service="<service>"' FOR=1h WHY="why"
```
```yaml
a: 1
```
See [HighErrorRate](HighErrorRate.md#do), [the numbers](/d/one) and [more](/d/one?x=1).
"""


@pytest.fixture(autouse=True)
def _page(config: Config) -> None:
    (config.runbooks / "Slow.md").write_text(PAGE)


def read(viewer: str, **labels: str) -> str:
    answer = httpx.get(f"{viewer}/runbooks/Slow", params=labels)
    assert answer.status_code == 200
    return answer.text.partition("<main>")[2]


def runs(page: str) -> list[tuple[str, str]]:
    """The data source and the query of each link that runs one."""
    addresses = [urlsplit(html.unescape(link)) for link in re.findall(r'<a href="([^"]*)"[^>]*>Run</a>', page)]
    assert {address.path for address in addresses} == {"/explore"}
    asked = [parse_qs(address.query) for address in addresses]
    return [(one["datasource"][0], one["query"][0]) for one in asked]


def code(page: str) -> list[str]:
    return [html.unescape(text) for text in re.findall(r"<pre><code>(.*?)</code>", page, re.DOTALL)]


def test_each_query_can_be_run_as_long_as_nothing_is_known_for_every_value(own_viewer: str) -> None:
    page = read(own_viewer)
    assert runs(page) == [
        ("prometheus", 'rate(x{env=~".+", service=~".+"}[5m])'),
        ("loki", '{service_name=~".+"} |= "a < b"'),
    ]
    assert 'service="<service>"' in code(page)[0]
    assert "Filled in" not in page


def test_the_labels_of_the_alert_are_filled_in(own_viewer: str) -> None:
    page = read(own_viewer, env="dev", service="shop", other="x", theme="dark")
    assert runs(page) == [
        ("prometheus", 'rate(x{env="dev", service="shop"}[5m])'),
        ("loki", '{service_name="shop"} |= "a < b"'),
    ]
    assert code(page)[2] == 'make silence ALERT=Slow WHERE=\'service="shop"\' FOR=1h WHY="why"\n'
    assert "<code>env=dev</code> <code>service=shop</code></p>" in page
    assert 'href="/runbooks/HighErrorRate?env=dev&amp;service=shop#do"' in page
    assert 'href="/d/one?var-env=dev&amp;var-service=shop"' in page
    assert 'href="/d/one?x=1"' in page


@pytest.mark.parametrize("value", ['a"b', "a\\b", "<script>", "$(reboot)", "a'b", "`id`", "$X"])
def test_a_value_stays_a_value(own_viewer: str, value: str) -> None:
    page = read(own_viewer, service=value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    assert runs(page)[0] == ("prometheus", f'rate(x{{env=~".+", service="{escaped}"}}[5m])')
    assert "<script>" not in page.partition("</main>")[0]
    assert "<service>" in code(page)[2], "a shell, or make, would take it for something else"


def test_a_value_that_is_too_long_is_left_out(own_viewer: str) -> None:
    assert "Filled in" not in read(own_viewer, service="x" * 501)
