"""What `instrument_openai`, `instrument_anthropic` and `instrument_litellm` do alike."""

import importlib
import os
from collections.abc import Callable
from typing import Protocol

from signalfire import settings
from signalfire.llm.capture import content_is_recorded, note_recording
from signalfire.llm.prices import price_list


class Instrumentation(Protocol):
    """The methods of a client library that are replaced while it is instrumented."""

    def install(self) -> None: ...

    def uninstall(self) -> None: ...


class Together:
    """Several parts of a client library, instrumented as one."""

    def __init__(self, *parts: Instrumentation) -> None:
        self._parts = parts

    def install(self) -> None:
        for part in self._parts:
            part.install()

    def uninstall(self) -> None:
        for part in reversed(self._parts):
            part.uninstall()


class ClientLibrary:
    """A provider's client, which is instrumented once at most."""

    def __init__(self, package: str, requirement: str) -> None:
        self._package, self._requirement = package, requirement
        self._installed: Instrumentation | None = None

    def instrument(
        self,
        make: Callable[[bool], Instrumentation],
        record_content: bool | None,
        prices_file: str | os.PathLike[str] | None,
    ) -> None:
        """Installs what `make(whether content is recorded)` gives, unless that was done before.

        A file of prices is read in any case: the one that was named last applies.

        Raises ImportError where the library is missing, SettingError for an invalid price file or variable.
        """
        if settings.disabled():
            return
        if self._installed is not None:
            if prices_file is not None:
                price_list.set_up(prices_file, self._package)
            return
        try:
            importlib.import_module(self._package)
        except ImportError as error:
            name = self._package
            raise ImportError(f"instrument_{name} needs the {name} package: pip install {self._requirement}") from error
        records = content_is_recorded(record_content)
        price_list.set_up(prices_file, self._package)
        price_list.prepare()
        instrumentation = make(records)
        instrumentation.install()
        self._installed = instrumentation
        note_recording(self._package, records=records)

    def uninstrument(self) -> None:
        """Leaves the library as it was. Calls under way are still counted."""
        if self._installed is not None:
            self._installed.uninstall()
            self._installed = None
            note_recording(self._package, records=False)
