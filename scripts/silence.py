"""`make silence ALERT=… FOR=1h`: keep an alert quiet for a while."""

from __future__ import annotations

import difflib
import getpass
import re
import shlex
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import httpx
import typer
from pydantic import ValidationError
from rich.markup import escape

from grafana.viewer.server.silences import Matcher, Wanted, explain
from kit.settings.durations import seconds
from kit.settings.in_use import settings_in_use
from kit.terminal import console
from kit.verification.stack import Stack

_MATCHER = re.compile(r"([a-zA-Z_]\w*)(=~|!~|!=|=)(.*)", re.ASCII | re.DOTALL)


def main(
    alert: Annotated[str, typer.Argument(envvar="ALERT", help="The alert's name.")] = "",
    where: Annotated[str, typer.Option(envvar="WHERE", help="""Its labels: 'service="shop" severity=~"info"'.""")] = "",
    length: Annotated[str, typer.Option("--for", envvar="FOR", help="For how long: 30m, 2h, 1d.")] = "1h",
    why: Annotated[str, typer.Option(envvar="WHY", help="For those who find it silent.")] = "no reason was given",
) -> None:
    if not alert:
        raise console.fail(
            "which alert? `make silence ALERT=HighErrorRate FOR=1h`; Alerts in the dashboards lists them", 2
        )
    try:
        silence = wanted(alert, where, length, why, _who())
    except ValidationError as error:
        raise console.fail(explain(error), 2) from None
    except ValueError as error:
        raise console.fail(str(error), 2) from None
    stack = Stack(settings_in_use()[0])
    _refuse_unknown(alert, stack)
    try:
        answer = httpx.post(f"{stack.alertmanager}/api/v2/silences", json=silence.to_alertmanager(), trust_env=False)
        answer.raise_for_status()
        quiet = _silenced_by(answer.json()["silenceID"], stack)
    except httpx.HTTPStatusError as error:
        raise console.fail(f"Alertmanager refuses it: {error.response.text.strip()}") from None
    except httpx.HTTPError as error:
        raise console.fail(
            f"Alertmanager does not answer at {stack.alertmanager}: {error}; `make up` starts it"
        ) from None
    until = datetime.now(UTC) + timedelta(seconds=silence.seconds)
    told = ", ".join(quiet) if quiet else "none that fires now; it waits for those to come"
    console.out.print(escape(f"{alert} is silent until {until:%Y-%m-%d %H:%M} UTC. Quiet: {told}."), soft_wrap=True)
    console.out.print(f"To end it sooner: {stack.dashboards}/alerts", soft_wrap=True)


def wanted(alert: str, where: str, length: str, why: str, who: str) -> Wanted:
    """The silence that the words of a command ask for. Raises ValueError with what is wrong with them."""
    try:
        duration = seconds(length)
    except ValueError:
        raise ValueError(f"FOR={length} is not a duration such as 30m, 2h or 1d") from None
    try:
        words = shlex.split(where)
    except ValueError as error:
        raise ValueError(f"WHERE: {error}") from None
    matchers = [Matcher(name="alertname", value=alert), *map(_matcher, words)]
    return Wanted(matchers=matchers, seconds=duration, comment=why, created_by=who)


def _matcher(word: str) -> Matcher:
    """A word as Alertmanager writes conditions, whose quotes the shell's rules have taken away."""
    parts = _MATCHER.fullmatch(word)
    if not parts:
        raise ValueError(
            f"WHERE={word} is no condition on a label such as 'service=\"shop\"' or 'severity=~\"info|warning\"'"
        )
    name, operator, value = parts.groups()
    if re.fullmatch(r"<\w+>", value):
        raise ValueError(f"WHERE: put the alert's own {name} in the place of {value}")
    return Matcher(name=name, value=value, isRegex=operator.endswith("~"), isEqual=operator.startswith("="))


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "make silence"


def _refuse_unknown(alert: str, stack: Stack) -> None:
    """A silence of a name that no alert has would keep nothing quiet, and nobody would notice."""
    try:
        groups: list[dict[str, Any]] = httpx.get(
            f"{stack.prometheus}/api/v1/rules", params={"type": "alert"}, trust_env=False
        ).json()["data"]["groups"]
    except (httpx.HTTPError, ValueError, KeyError):
        return  # Prometheus cannot say: Alertmanager decides alone
    names = {rule["name"] for group in groups for rule in group["rules"]}
    if alert in names:
        return
    close = difflib.get_close_matches(alert, names, n=1, cutoff=0.4)
    hint = f"did you mean {close[0]}?" if close else "Alerts in the dashboards lists those that fire"
    raise console.fail(f"there is no alert {alert!r}; {hint}", 2)


def _silenced_by(silence: str, stack: Stack) -> list[str]:
    """The alerts that fire now and are silenced by it: the service of each, or the name of one that has none."""
    alerts: list[dict[str, Any]] = httpx.get(f"{stack.alertmanager}/api/v2/alerts", trust_env=False).json()
    labels = [alert["labels"] for alert in alerts if silence in alert["status"]["silencedBy"]]
    return sorted(
        {f"{each['alertname']} of {each['service']}" if "service" in each else each["alertname"] for each in labels}
    )
