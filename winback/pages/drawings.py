"""Small drawings as inline SVG.

Belongs here: the sparkline of spend, the curve of the chance, bars. Does not belong here: words around them; only numbers enter
a drawing, so nothing has to be escaped.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 240, 56
_BAR_WIDTH = 160


def spend_sparkline(own: Sequence[float], peers: Sequence[float | None]) -> Markup:
    """Bars of the account's spend, oldest left, with the mean peer's as a line; both on one scale."""
    if not own:
        return Markup("")
    top = max([*own, *(p for p in peers if p is not None), 1e-9])
    step = WIDTH / len(own)
    bars = "".join(
        f'<rect x="{i * step + step * 0.15:.1f}" y="{_y(v, top):.1f}" width="{step * 0.7:.1f}" height="{HEIGHT - _y(v, top):.1f}"/>'
        for i, v in enumerate(own)
        if v > 0
    )
    line = " ".join(f"{(i + 0.5) * step:.1f},{_y(p, top):.1f}" for i, p in enumerate(peers) if p is not None)
    peer = f'<polyline class="peer" points="{line}"/>' if line else ""
    return _drawing("spark", f'<g class="own">{bars}</g>{peer}')


def chance_curve(points: Sequence[tuple[int, float]], best_by_days: int | None, horizon_days: int) -> Markup:
    """The chance against days of waiting, with a mark at the best-by day.

    `points` are (days from today, chance), in order of days: what is known, joined by straight lines. The dotted line is 0.8 of
    today's chance, where the best-by day lies; None where the chance does not fall that far within the horizon.
    """
    if len(points) < 2:
        return Markup("")
    top = max(p for _, p in points) * 1.15 or 1e-9
    span = max(horizon_days, points[-1][0])
    places = [(WIDTH * days / span, _y(p, top)) for days, p in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f"M{x:.1f} {y:.1f}h0.01" for x, y in places)
    level = _y(0.8 * points[0][1], top)
    marks = f'<line class="level" x1="0" y1="{level:.1f}" x2="{WIDTH}" y2="{level:.1f}"/>'
    if best_by_days is not None:
        x = WIDTH * best_by_days / span
        marks += f'<line class="best" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{HEIGHT}"/>'
    return _drawing("curve", f'{marks}<polyline class="chance" points="{line}"/><path class="dots" d="{dots}"/>')


def share_bar(value: float | None, low: float | None = None, high: float | None = None, mark: float | None = None) -> Markup:
    """A bar for a share of at most 1, with its interval as a thin line and another share as a mark."""
    if value is None:
        return Markup("")
    parts = f'<rect class="fill" x="0" y="4" width="{_x(value):.1f}" height="10"/>'
    if low is not None and high is not None:
        parts += f'<line class="whisker" x1="{_x(low):.1f}" y1="9" x2="{_x(high):.1f}" y2="9"/>'
    if mark is not None:
        parts += f'<line class="mark" x1="{_x(mark):.1f}" y1="0" x2="{_x(mark):.1f}" y2="18"/>'
    track = f'<rect class="track" x="0" y="4" width="{_BAR_WIDTH}" height="10"/>'
    return Markup(f'<svg class="bar" viewBox="0 0 {_BAR_WIDTH} 18" aria-hidden="true">{track}{parts}</svg>')


def _drawing(kind: str, inside: str) -> Markup:
    """A drawing with its base line that takes the width it is given."""
    axis = f'<line class="axis" x1="0" y1="{HEIGHT}" x2="{WIDTH}" y2="{HEIGHT}"/>'
    box = f'viewBox="0 0 {WIDTH} {HEIGHT + 1}" preserveAspectRatio="none" aria-hidden="true"'
    return Markup(f'<svg class="{kind}" {box}>{inside}{axis}</svg>')


def _x(share: float) -> float:
    return _BAR_WIDTH * min(max(float(share), 0.0), 1.0)


def _y(value: float, top: float) -> float:
    return HEIGHT - (HEIGHT - 4) * max(value, 0.0) / top
