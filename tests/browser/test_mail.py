"""A mail that Alertmanager has sent, looked at: on a desk and on a phone, by day and by night."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import http
from tests.support.receivers import receivers
from tests.support.servers import Servers, eventually

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The HTML of a mail about a critical alert."""
    with receivers() as found:
        email = {"smarthost": found.smarthost, "from": "a@example.com", "to": ["b@example.com"], "require_tls": False}
        settings = {"env": "prod", "receivers": [{"name": "mail", "email": email}]}
        servers = Servers(tmp_path_factory.mktemp("mail") / "state", settings)
        try:
            servers.start("alertmanager")
            http.post(f"{servers.url('alertmanager')}/api/v2/alerts", [ALERT])
            eventually(lambda: found.got, "the mail")
            yield found.got[0].body["text/html"]
        finally:
            servers.close()


VIEWER = "http://127.0.0.1:3000"
ALERT: dict[str, Any] = {
    "labels": {
        "alertname": "HighErrorRate",
        "severity": "critical",
        "service": "checkout",
        "env": "prod",
        "instance": "10.0.0.12:8080",
        "team": "shop",
    },
    "annotations": {
        "summary": "checkout answers 42 requests a minute with an error",
        "description": "More than 10 are too many. Look first at which endpoint fails, then at its logs.",
        "dashboard_url": f"{VIEWER}/d/api-performance?var-env=prod&var-service=checkout",
        "runbook_url": f"{VIEWER}/runbooks/HighErrorRate",
        "logs_url": f"{VIEWER}/explore?left=logs",
        "traces_url": f"{VIEWER}/explore?left=traces",
    },
    "startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 264)),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [800, 375])
def test_a_mail_is_readable(browser: Browser, screenshots: Path, mail: str, scheme: Scheme, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 100}, color_scheme=scheme)
    page = context.new_page()
    page.set_content(mail)
    page.screenshot(path=screenshots / f"mail-{scheme}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".button").all_inner_texts() == ["Dashboard", "Runbook", "Logs", "Traces", "Silence"]
    for selector in ("h1", "p", ".dim", ".button"):
        assert contrast(page, selector) >= 4.5
    if width < 480:  # large enough for a thumb
        assert all(height >= 40 for height in heights(page, ".button"))
    context.close()


def test_its_silence_is_alertmanagers_form_filled_in(page: Page, mail: str) -> None:
    page.set_content(mail)
    page.get_by_role("link", name="Silence").click()
    for name, value in ALERT["labels"].items():
        expect(page.get_by_text(f'{name}="{value}"').first).to_be_visible()


def heights(page: Page, selector: str) -> list[float]:
    """Of what is drawn, in pixels."""
    return [box["height"] for each in page.locator(selector).all() if (box := each.bounding_box())]


def contrast(page: Page, selector: str) -> float:
    """Of the first such text with the mail's ground, as WCAG counts it: 1 to 21."""
    colours = page.evaluate(
        """selector => [getComputedStyle(document.querySelector(selector)).color,
        getComputedStyle(document.querySelector('.mail')).backgroundColor]""",
        selector,
    )
    first, second = sorted((luminance(colour) for colour in colours), reverse=True)
    return (first + 0.05) / (second + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(", ")]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
