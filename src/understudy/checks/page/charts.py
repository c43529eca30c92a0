"""Pictures as inline SVG: where a score stands between floor and ceiling, bars of a column, the map of pairs."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.checks.page.words import attribute, text
from understudy.checks.pictures import Picture, Trends
from understudy.checks.scored import Answer

WIDE, TALL = 230, 96
_LIFT = 150
_TONES = 10
"""Steps of a map's colour."""

NAMED = 24
"""Columns whose names there is room for beside their squares."""


def lift(answer: Answer) -> str:
    """A line from floor to ceiling with the value, its interval and the limit on it; empty without a value."""
    score, limit = answer.score, answer.result.limit
    if score.value is None or score.ceiling is None:
        return ""
    ends = [
        score.value,
        score.ceiling,
        *(one for one in (score.floor, score.low, score.high, limit) if one is not None),
    ]
    least, most = min(ends), max(ends)
    span = (most - least) or 1.0

    def at(value: float) -> float:
        part = (value - least) / span
        return 6 + (_LIFT - 12) * (part if score.higher_is_better else 1 - part)

    parts = []
    if score.floor is not None:
        one, two = sorted((at(score.floor), at(score.ceiling)))
        parts.append(f'<rect class="way" x="{one:.1f}" y="7" width="{two - one:.1f}" height="4" rx="2"/>')
        parts.append(f'<path class="end" d="M{at(score.floor):.1f} 4v10"/>')
    parts.append(f'<path class="end" d="M{at(score.ceiling):.1f} 4v10"/>')
    if score.low is not None and score.high is not None:
        one, two = sorted((at(score.low), at(score.high)))
        parts.append(f'<path class="interval" d="M{one:.1f} 9H{max(two, one + 0.5):.1f}"/>')
    if limit is not None:
        parts.append(f'<path class="limit" d="M{at(limit):.1f} 1v16"/>')
    parts.append(f'<circle cx="{at(score.value):.1f}" cy="9" r="4"/>')
    return (
        f'<svg class="lift {answer.result.verdict}" viewBox="0 0 {_LIFT} 18" width="{_LIFT}" height="18" '
        f'aria-hidden="true">{"".join(parts)}</svg>'
    )


def bars(picture: Picture) -> str:
    """One column on every side: filled bars of the real rows, outlined ones of the made, dots of the holdout."""
    sides = (picture.real, picture.made, picture.holdout)
    most = max((share for side in sides for share in side if share is not None), default=0.0) or 1.0
    step = WIDE / max(len(picture.bars), 1)

    def height(share: float | None) -> float:
        return (share or 0.0) / most * TALL

    drawn = []
    for kind, inset, side in (("real", 0.08, picture.real), ("made", 0.28, picture.made)):
        path = "".join(
            f"M{(at + inset) * step:.1f} {TALL}v-{height(share):.1f}h{step * (1 - 2 * inset):.1f}V{TALL}z"
            for at, share in enumerate(side)
            if share is not None
        )
        drawn.append(f'<path class="{kind}" d="{path}"/>')
    dots = "".join(
        f"M{(at + 0.2) * step:.1f} {TALL - height(share):.1f}h{0.6 * step:.1f}"
        for at, share in enumerate(picture.holdout)
        if share is not None
    )
    drawn.append(f'<path class="held" d="{dots}"/>')
    rows = "".join(_bar(picture, at) for at in range(len(picture.bars)))
    ends = (picture.bars[0], picture.bars[-1]) if picture.bars else ("", "")
    return (
        f'<figure class="column"><figcaption><bdi>{text(picture.column)}</bdi></figcaption>'
        f'<svg viewBox="0 -2 {WIDE} {TALL + 3}" role="img" aria-label="{attribute(_spoken(picture))}">'
        f'<path class="base" d="M0 {TALL}H{WIDE}"/>{"".join(drawn)}</svg>'
        f'<div class="ends" aria-hidden="true"><span>{text(ends[0])}</span><span>{text(ends[1])}</span></div>'
        f'<details><summary>Numbers</summary><table><thead><tr><th scope="col">Value</th><th scope="col" class="n">Real'
        '</th><th scope="col" class="n">Made</th><th scope="col" class="n">Held out</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details></figure>"
    )


def _bar(picture: Picture, at: int) -> str:
    shares = "".join(f'<td class="n">{_share(side[at])}</td>' for side in (picture.real, picture.made, picture.holdout))
    return f'<tr><th scope="row"><bdi>{text(picture.bars[at])}</bdi></th>{shares}</tr>'


def _share(share: float | None) -> str:
    return "few" if share is None else f"{share:.1%}"


def _spoken(picture: Picture) -> str:
    """What a picture shows, for who hears it: the bar where real and made rows are farthest apart."""
    apart = [abs((one or 0.0) - (two or 0.0)) for one, two in zip(picture.real, picture.made, strict=True)]
    if not apart:
        return f"{picture.column}: too few rows for any bar"
    at = apart.index(max(apart))
    one, two = _share(picture.real[at]), _share(picture.made[at])
    return f"{picture.column}: farthest apart at {picture.bars[at]}: {one} of real rows, {two} of made ones"


def maps(trends: Trends) -> str:
    """Three maps of pairs side by side: real rows, made rows, and what changed between them."""
    change = [abs(one - two) for one, two in zip(trends.real, trends.made, strict=True)]
    panels = (("Real rows", trends.real, "tone"), ("Made rows", trends.made, "tone"), ("Difference", change, "loss"))
    return "".join(
        f"<figure><figcaption>{title}</figcaption>{_map(trends.columns, values, kind, title)}</figure>"
        for title, values, kind in panels
    )


def _map(columns: Sequence[str], values: Sequence[float], kind: str, title: str) -> str:
    """A square per pair, below the diagonal, one path per tone: many pairs take little room."""
    paths: dict[int, list[str]] = {}
    pairs = [(one, two) for one in range(len(columns)) for two in range(one)]
    for (one, two), value in zip(pairs, values, strict=True):
        tone = min(_TONES, round(value * _TONES))
        if tone:
            paths.setdefault(tone, []).append(f"M{two} {one}h1v1h-1z")
    count = len(columns)
    drawn = "".join(
        f'<path opacity="{tone / _TONES:.1f}" d="{"".join(squares)}"/>' for tone, squares in sorted(paths.items())
    )
    diagonal = "".join(f"M{at} {at}h1v1h-1z" for at in range(count))
    named = "".join(
        f'<text x="{at + 1.3}" y="{at + 0.72}">{text(_short(name))}</text>' for at, name in enumerate(columns)
    )
    room = 6 if count <= NAMED else 0
    said = f"{title}: how strongly {count} columns go together, pair by pair, in the order that is listed below"
    return (
        f'<svg class="map {kind}" viewBox="0 0 {count + room} {count}" role="img" aria-label="{attribute(said)}">'
        f'{drawn}<path class="self" d="{diagonal}"/>{named if room else ""}</svg>'
    )


def _short(name: str) -> str:
    return name if len(name) <= 16 else name[:15] + "…"


def telling(breakdown: Sequence[tuple[str, float]]) -> str:
    """Columns by how much they betray, as bars; empty where nothing does."""
    if not breakdown:
        return ""
    most = max(value for _, value in breakdown)
    rows = "".join(
        f'<li><bdi>{text(name)}</bdi><span class="bar"><i style="width:{100 * value / most:.0f}%"></i></span>'
        f'<span class="n">{value:.3f}</span></li>'
        for name, value in breakdown
    )
    return f'<ol class="telling">{rows}</ol>'
