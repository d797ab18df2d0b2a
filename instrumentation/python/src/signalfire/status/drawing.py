"""Small drawings as inline SVG: the course of the last minutes, and icons."""

from collections.abc import Iterator, Sequence

WIDTH, HEIGHT = 240.0, 56.0
SHORTEST_SPAN = 120.0  # seconds from the left edge to the right one, which grows with what is known

_MARGIN = 3.0  # so that the line is not cut at the edges

ICONS = {
    "healthy": '<circle cx="8" cy="8" r="7"/><path d="m4.8 8.2 2.2 2.2 4.2-4.6"/>',
    "degraded": '<path class="shape" d="M8 1.5 15 14H1z"/><path d="M8 6v3.6M8 11.7v.1"/>',
    "unhealthy": '<path class="shape" d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z"/>'
    '<path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8"/>',
    "unknown": '<circle cx="8" cy="8" r="7"/><path d="M8 8v.1"/>',
    "flame": (
        '<path class="fill" d="M8 .5c.7 3 4.5 4.7 4.5 9.2a4.5 4.5 0 0 1-9 0c0-1.9.9-3.4 2.1-4.5'
        '.1 1.5.7 2.2 1.4 2.6C6.8 5.3 6.8 2.7 8 .5z"/>'
    ),
}


def icon(name: str) -> str:
    """Each has a shape of its own: colour alone tells nothing."""
    return f'<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">{ICONS[name]}</svg>'


def sparkline(times: Sequence[float], values: Sequence[float | None], *, from_zero: bool = True) -> str:
    """A line and the area below it, the newest time at the right edge. The text beside it says what counts."""
    known = [value for value in values if value is not None]
    low, high = scale(known, from_zero=from_zero)
    span = max(SHORTEST_SPAN, times[-1] - times[0]) if times else SHORTEST_SPAN
    paths = []
    for segment in segments(times, values):
        points = [
            (WIDTH - (times[-1] - at) / span * WIDTH, HEIGHT - _MARGIN - (value - low) / (high - low) * (HEIGHT - 9))
            for at, value in segment
        ]
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        if len(points) == 1:
            line += f"L{points[0][0] + 0.1:.1f} {points[0][1]:.1f}"
        area = f"M{points[0][0]:.1f} {HEIGHT:g}L{line}L{points[-1][0]:.1f} {HEIGHT:g}z"
        paths.append(f'<path class="area" d="{area}"/><path class="line" d="M{line}"/>')
    return (
        f'<svg class="spark" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="floor" d="M0 {HEIGHT - 1:g}H{WIDTH:g}"/>{"".join(paths)}</svg>'
    )


def scale(known: Sequence[float], *, from_zero: bool) -> tuple[float, float]:
    """The values at the lower and the upper edge. A line that hardly moves must not look like a mountain."""
    high = max(known, default=0.0)
    low = 0.0 if from_zero else min(known, default=0.0)
    room = max(high - low, high * 0.1 if not from_zero else 0.0) or 1.0
    return (low, low + room) if from_zero else (low - room / 2, low + room * 1.2)


def segments(times: Sequence[float], values: Sequence[float | None]) -> Iterator[list[tuple[float, float]]]:
    """The stretches without a gap."""
    current: list[tuple[float, float]] = []
    for at, value in zip(times, values, strict=True):
        if value is not None:
            current.append((at, value))
        elif current:
            yield current
            current = []
    if current:
        yield current


def bar(part: float, kind: str = "") -> str:
    """A horizontal bar of that share (0 to 1) of its width."""
    width = min(1.0, max(0.0, part)) * 100
    return (
        f'<svg class="bar {kind}" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="rail" width="100" height="4"/><rect class="value" width="{width:.1f}" height="4"/></svg>'
    )
