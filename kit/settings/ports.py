"""The ports of signalfire.yaml: one for each that the list of processes has."""

from typing import TYPE_CHECKING, Self

from pydantic import Field, create_model, model_validator

from kit.processes import all_processes
from kit.settings.section import Section, listing, wrong
from kit.settings.values import Port


class _Ports(Section):
    """Every port that something listens on. All must differ."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> int: ...

    @model_validator(mode="after")
    def _all_differ(self) -> Self:
        users: dict[int, list[str]] = {}
        for name, port in self:
            users.setdefault(port, []).append(name)
        for port, names in users.items():
            if len(names) > 1:
                written = [name for name in names if name in self.model_fields_set]
                raise wrong(f"{port} is the port of {listing(names)}", "give each its own port", written[-1])
        return self


if TYPE_CHECKING:
    Ports = _Ports
else:
    Ports = create_model(
        "Ports",
        __base__=_Ports,
        __doc__=_Ports.__doc__,
        **{
            port.setting: (Port, Field(default=port.number, description=port.description))
            for process in all_processes()
            for port in process.ports
            if port.setting
        },
    )
"""One field for each port of the list of processes."""
