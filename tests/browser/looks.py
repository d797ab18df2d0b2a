"""How each dashboard is looked at: dark, light and narrow."""

from __future__ import annotations

from dataclasses import dataclass

from kit.paths import ROOT
from scripts.screenshots import uids

GENERATED = ROOT / "grafana" / "generated"
_WAYS = ((1440, "dark"), (1440, "light"), (800, "dark"))


@dataclass(frozen=True)
class Look:
    order: int
    """Its place among all: tests of the same look come together, for its page is drawn once."""
    uid: str
    width: int
    scheme: str

    def __str__(self) -> str:
        return f"{self.uid}-{self.width}-{self.scheme}"


def wants_days(uid: str) -> bool:
    """Whether a panel shows an objective's sums over days, which are made of samples taken every five minutes."""
    return "service:slo_burn:rate3d" in (GENERATED / f"{uid}.json").read_text()


# Those with sums over days last: until then the sums have begun.
LOOKS = [
    Look(order, uid, *way)
    for order, (way, uid) in enumerate(
        sorted(((way, uid) for way in _WAYS for uid in uids()), key=lambda each: wants_days(each[1]))
    )
]
WIDE = [look for look in LOOKS if look.width == 1440]
DARK = [look for look in WIDE if look.scheme == "dark"]
