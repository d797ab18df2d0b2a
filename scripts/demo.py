"""`make demo ON=1` and `make demo OFF=1`: switch the demo on or off in signalfire.yaml and bring the stack to that."""

import re
from typing import Annotated

import typer

from kit.render.files import replace
from kit.settings.document import parse
from kit.settings.in_use import settings_in_use
from kit.terminal import console
from scripts import up


def main(
    on: Annotated[bool, typer.Option("--on", envvar="ON")] = False,
    off: Annotated[bool, typer.Option("--off", envvar="OFF")] = False,
) -> None:
    settings, path = settings_in_use()
    if on == off:
        word = "on" if settings.demo.enabled else "off"
        raise console.fail(f"the demo is {word}; write `make demo ON=1` or `make demo OFF=1`", 2)
    text = path.read_text(encoding="utf-8-sig")
    changed = switched(text, on)
    if changed is None:
        raise console.fail(f"{path} says it in an unusual way; set `enabled: {str(on).lower()}` under `demo:` yourself")
    if changed != text:
        replace(path, changed.encode(), mode=path.stat().st_mode & 0o777)
        console.out.print(f"{path}: demo.enabled is now {str(on).lower()}.", soft_wrap=True)
    up.main()


def switched(text: str, on: bool) -> str | None:
    """The settings' text with only `demo.enabled` changed; None where its line cannot be found for sure."""
    word = str(on).lower()
    document = parse(text)
    if document.data.get("demo", {}).get("enabled", True) == on:
        return text
    lines = text.splitlines(keepends=True)
    if ("demo", "enabled") in document.lines:
        index = document.lines["demo", "enabled"] - 1
        lines[index], count = re.subn(r"(\benabled:\s*)(true|false)\b", rf"\g<1>{word}", lines[index])
        found = count == 1
    elif ("demo",) in document.lines:
        index = document.lines["demo",] - 1
        found = re.match(r"demo:\s*(#.*)?$", lines[index]) is not None
        lines.insert(index + 1, f"  enabled: {word}\n")
    else:
        end = "" if not text or text.endswith("\n") else "\n"
        lines.append(f"{end}demo:\n  enabled: {word}\n")
        found = True
    changed = "".join(lines)
    return changed if found and parse(changed).data["demo"]["enabled"] == on else None
