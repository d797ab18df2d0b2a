"""Numbers as people read them; a dash where there is none."""

NONE = "–"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def number(value: float | None) -> str:
    """A count: 1,284, 52.1k, 3.40M."""
    if value is None:
        return NONE
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{digits(value / (1e3 if suffix == 'k' else size))}{suffix}"
    return f"{value:,.0f}"


def digits(value: float) -> str:
    """Three significant digits, as far as there is something behind the point."""
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    if abs(value) >= 9.995:
        return f"{value:.1f}"
    return f"{value:.2f}"


def rate(value: float | None) -> str:
    return NONE if value is None else "0" if value == 0 else digits(value)


def percent(part: float | None) -> str:
    """A share from 0 to 1: 0 %, 0.04 %, 12.5 %, 100 %."""
    if part is None:
        return NONE
    return f"{'0' if part == 0 else '100' if part == 1 else digits(part * 100)} %"


def duration(seconds: float | None) -> str:
    """840 µs, 12.4 ms, 1.20 s, 2 min 5 s."""
    if seconds is None:
        return NONE
    if seconds >= _MINUTE:
        return span(seconds)
    if seconds >= 0.9995:
        return f"{digits(seconds)} s"
    return f"{digits(seconds * 1e3)} ms" if seconds >= 0.0009995 else f"{seconds * 1e6:.0f} µs"


def span(seconds: float | None) -> str:
    """The two largest units: 3 d 4 h, 12 min 5 s, 8 s."""
    if seconds is None:
        return NONE
    whole = int(max(0.0, seconds))
    units = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s"))
    for index, (size, name) in enumerate(units):
        if whole >= size:
            rest = units[index + 1 : index + 2]
            below = [f"{whole % size // small} {unit}" for small, unit in rest if whole % size >= small]
            return " ".join([f"{whole // size} {name}", *below])
    return "0 s"


def size(count: float | None) -> tuple[str, str]:
    """Bytes as a number and its unit, in powers of 1000: ("93.1", "MB")."""
    if count is None:
        return NONE, ""
    for unit_size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit_size:
            return digits(count / unit_size), unit
    return f"{count:.0f}", "B"


def usd(amount: float | None) -> str:
    """$0.0473, $12.34, $1,284."""
    if amount is None:
        return NONE
    if amount == 0:
        return "$0"
    if abs(amount) < 0.995:
        return f"${amount:.4f}" if abs(amount) >= 0.00005 else "<$0.0001"
    return f"${amount:,.2f}" if abs(amount) < 1000 else f"${amount:,.0f}"
