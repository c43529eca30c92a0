"""What was measured as one self-contained HTML page, or as sections of a run's page: no network, no script, no row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from understudy.checks.page import charts, sections
from understudy.checks.page.meaning import meaning
from understudy.checks.page.shell import document
from understudy.checks.page.words import number, plural, text
from understudy.checks.scored import Answer, Measured, Scored

__all__ = ["page", "section"]

SHOWN = 60
"""Answers of one kind that are listed, failures first; the JSON has all of them."""

PICTURES = 160
"""Columns that are drawn, over all tables."""

MAPS = 8
"""Tables whose pairs are drawn."""

_COMPARED = ("familiar score", "familiar privacy")
_PER_COLUMN = ("shape", "nulls", "trend of column", "utility")
_ORDER = {"fail": 0, "error": 1, "note": 2, "pass": 3}
_TAGS = {"fail": "Fails", "error": "Not measured", "note": "Shown", "pass": "Passes"}
_FIGURES = ("mean shape", "trend", "c2st holdout", "mean utility")

_BAR = (
    "The bar goes from the floor (columns drawn independently, or the worst there is) to the ceiling (real rows that "
    "nobody learned from); right is better. The dot is the value, the shade its 95 % interval, the dashes the limit. "
)
_KEY = f'<p class="key">{_BAR}A check fails only where its whole interval is on the wrong side.</p>'
_RISKS = (
    f'<p class="key">{_BAR}A risk passes only where its whole interval is on the right side: too few rows fail.</p>'
)

_FOOTER = (
    "One file, no network, no script: safe to mail or to keep. No row is in it; a bar stands for ten rows at least, "
    "and no label is named that fewer real rows have."
)


def page(scored: Scored) -> str:
    """The page of a comparison: verdict, what to do, figures, privacy, relations, quality, pictures, methods."""
    parts = list(_parts(scored))
    return document(
        title=f"{scored.made}: {'passes' if scored.passed else 'fails'}",
        links=[(name, title) for name, title, _ in parts],
        header=_header(scored),
        failures=_failures(scored),
        figures=_figures(scored),
        body="\n".join(_section(*part) for part in parts),
        footer=_FOOTER,
    )


def section(scored: Scored, name: str = "measured") -> str:
    """The same as sections for the page of a run, which has the style; their ids begin with ``name``."""
    mark, word = ("pass", "Passes") if scored.passed else ("fail", "Fails")
    tables = ", ".join(f"<bdi>{text(table.name)}</bdi>" for table in scored.tables)
    head = f'<p class="key"><span class="tag {mark}">{word}</span> {text(scored.verdict().split(": ", 1)[-1])}.</p>'
    figures = f'<dl class="figures">{_figures(scored)}</dl>'
    inner = "\n".join(_section(f"{name}-{part}", title, body) for part, title, body in _parts(scored))
    kind = "Synthetic rows" if scored.kind == "synthetic" else "Masked rows"
    return _section(name, f"{kind} of {tables}" if tables else kind, head + figures) + inner


def _section(name: str, title: str, body: str) -> str:
    return f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{title}</h2>{body}</section>'


def _parts(scored: Scored) -> Iterator[tuple[str, str, str]]:
    """The sections: id, title, content."""
    yield "privacy", "Privacy", _privacy(scored)
    if any(scored.of("relations")):
        yield "relations", "Between tables", _KEY + _answers(scored.of("relations"))
    yield "quality", "Quality", _quality(scored)
    if drawn := _columns(scored):
        yield "columns", "Columns", drawn
    if drawn := _pairs(scored):
        yield "pairs", "Pairs of columns", drawn
    if compared := _compared(scored):
        yield "comparison", "For comparison", compared
    yield "methods", "Methods", _methods(scored)


def _header(scored: Scored) -> str:
    mark, sign, word = ("pass", "✓", "Passes") if scored.passed else ("fail", "✕", "Fails")
    said = scored.verdict().split(": ", 1)[-1]
    if scored.passed:
        means = "No check failed, and none was left unmeasured. The worst answer decides; nothing is averaged away."
    elif any(one.bad for one in scored.of("privacy")):
        means = "Do not give these rows away: what is named here tells something of real people, or was not measured."
    else:
        means = "Do not rely on these rows yet: what is named here is not as in the real ones."
    held = f", held out <bdi>{text(scored.holdout)}</bdi>" if scored.holdout else ", nothing held out"
    return (
        f'<div class="verdict {mark}"><span class="sign" aria-hidden="true">{sign}</span>'
        f"<div><h1>{word}: {text(said)}</h1><p>{means}</p></div></div>"
        f'<p class="way"><bdi>{text(scored.real)}</bdi> <span aria-hidden="true">→</span>'
        f'<span class="unseen">compared with</span> <bdi>{text(scored.made)}</bdi>{held}</p>'
    )


def _failures(scored: Scored) -> str:
    """What failed, by what to do about it."""
    bad: dict[str, list[Answer]] = {}
    for answer in (one for one in scored.worst() if one.bad):
        unmeasured = "Mend what could not be measured and measure again: it blocks like a failure."
        remedy = unmeasured if answer.result.verdict == "error" else meaning(answer.score.name).remedy
        bad.setdefault(remedy, []).append(answer)
    several = len(scored.tables) > 1
    items = "".join(_failure(remedy, answers, several=several) for remedy, answers in bad.items())
    if not items:
        return ""
    head = '<section class="failures" aria-labelledby="failures"><h2 id="failures">What to do</h2>'
    return f"{head}<ol>{items}</ol></section>"


def _failure(remedy: str, answers: Sequence[Answer], most: int = 12, *, several: bool) -> str:
    """One remedy, and what it is for; of several tables each is named."""
    place = _place if several else _subject
    found = "".join(
        f'<li><span class="tag {one.result.verdict}">{_TAGS[one.result.verdict]}</span> '
        f"<strong>{text(meaning(one.score.name).title)}</strong> {place(one)} {text(one.result.detail)}</li>"
        for one in answers[:most]
    )
    more = f"<li>and {number(len(answers) - most)} more</li>" if len(answers) > most else ""
    return f'<li><p class="remedy">{sections.code(remedy)}</p><ul class="found">{found}{more}</ul></li>'


def _place(answer: Answer) -> str:
    """Of what it is, with its table."""
    own = answer.score.subject in ("", "table", answer.table)
    parts = [answer.table] if own else [answer.table, answer.score.subject]
    return f"<code>{text(': '.join(filter(None, parts)))}</code>"


def _subject(answer: Answer) -> str:
    """Of what it is; nothing where that is the table itself."""
    own = answer.score.subject in ("", "table", answer.table)
    return "" if own else f"<code>{text(answer.score.subject)}</code>"


def _figures(scored: Scored) -> str:
    """The worst of the tables for each of four qualities, and the risk that decides."""
    cards = []
    for name in _FIGURES:
        found = [one for one in scored.answers if one.score.name == name and one.score.value is not None]
        if found:
            worst = min(found, key=lambda one: one.score.value or 0.0)
            ceiling = "" if worst.score.ceiling is None else f"real rows get {worst.score.ceiling:.3f}"
            cards.append((meaning(name).title, f"{worst.score.value:.3f}", ceiling))
    risks = [one for one in scored.worst() if one.area == "privacy" and one.score.name not in _COMPARED]
    if risks:
        worst = risks[0]
        value = "–" if worst.score.value is None else f"{worst.score.value:.3f}"
        kept = sum(one.result.verdict == "pass" for one in risks)
        cards.append(("Privacy", f"{kept} of {len(risks)} kept", f"{meaning(worst.score.name).title.lower()}: {value}"))
    return "".join(f"<div><dt>{text(name)}</dt><dd>{value}<small>{text(more)}</small></dd></div>" for name, value, more
                   in cards)  # fmt: skip


def _privacy(scored: Scored) -> str:
    answers = [one for one in scored.of("privacy") if one.score.name not in _COMPARED]
    if not answers:
        return "<p>Nothing was measured.</p>"
    words = (
        "Every attack is tried on people who were learned from and on people who were not; only what it finds out "
        "about the first beyond the second counts. Distance is not proof: tables whose rows lie far enough from the "
        "real ones have been attacked with success. A failure proves a leak, or that too little was measured; a pass "
        "says that these attacks found no more than the population tells. Only differential privacy bounds all of them."
    )
    if scored.kind == "masked":
        words = "Rows of a masked copy are people. " + scored.notes[-1][0].upper() + scored.notes[-1][1:] + "."
    return f'<p class="words">{text(words)}</p>{_RISKS}{_by_table(answers)}'


def _by_table(answers: Sequence[Answer]) -> str:
    """The answers under the names of their tables, where there are several."""
    tables: dict[str, list[Answer]] = {}
    for answer in answers:
        tables.setdefault(answer.table, []).append(answer)
    if len(tables) == 1:
        return _answers(answers)
    return "".join(f"<h3><bdi>{text(table)}</bdi></h3>{_answers(own)}" for table, own in tables.items())


def _quality(scored: Scored) -> str:
    parts = [_KEY]
    several = len(scored.tables) > 1
    for table in scored.tables:
        own = [one for one in scored.of("quality", table.name) if one.score.name not in _COMPARED]
        listed = [one for one in own if one.score.name not in _PER_COLUMN or one.bad]
        rows = ", ".join(f"{number(count)} {side}" for side, count in table.rows.items())
        parts.append(f"<h3><bdi>{text(table.name)}</bdi> <small>{rows} rows</small></h3>")
        parts.append(_answers(listed))
        parts.append(_betrayed(own))
        parts.append(_matrix(table, own, open_=not several))
    lost = [one for one in scored.of("quality") if one.table not in {table.name for table in scored.tables}]
    return "".join([*parts, _answers(lost) if lost else ""])


def _answers(answers: Iterable[Answer]) -> str:
    """A row for each answer, failures first."""
    ordered = sorted(answers, key=lambda one: _ORDER[one.result.verdict])
    bad = sum(one.bad for one in ordered)
    shown = ordered[: max(SHOWN, min(bad, 3 * SHOWN))]
    more = len(ordered) - len(shown)
    rest = f'<p class="more">and {number(more)} more, listed in the JSON report</p>' if more else ""
    heads = "".join(f'<th scope="col"{kind}>{head}</th>' for head, kind in (
        ("Check", ""), ("Verdict", ""), ("Floor to ceiling", ""), ("Value", ' class="n"'), ("Floor", ' class="n"'),
        ("Ceiling", ' class="n"'), ("Limit", ' class="n"'), ("Found", "")))  # fmt: skip
    rows = "".join(map(_answer, shown))
    return f'<table class="scores"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{rest}'


def _answer(answer: Answer) -> str:
    score, words = answer.score, meaning(answer.score.name)
    interval = ""
    if score.low is not None and score.high is not None and score.low != score.high:
        interval = f'<span class="range">{score.low:.3f} to {score.high:.3f}</span>'
    cells = "".join(
        f'<td class="n" data-label="{label}">{_value(value)}{more}</td>'
        for label, value, more in (
            ("Value", score.value, interval), ("Floor", score.floor, ""), ("Ceiling", score.ceiling, ""),
            ("Limit", answer.result.limit, "")
        )
    )  # fmt: skip
    verdict = answer.result.verdict
    return (
        f'<tr class="{verdict}"><th scope="row">{text(words.title)} {_subject(answer)}'
        f"<small>{text(words.question)}</small></th>"
        f'<td><span class="tag {verdict}">{_TAGS[verdict]}</span></td><td>{charts.lift(answer)}</td>{cells}'
        f'<td class="detail">{text(answer.result.detail)}</td></tr>'
    )


def _value(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.3f}" if abs(value) < 1000 else number(round(value))


def _betrayed(answers: Sequence[Answer]) -> str:
    """What trees tell made rows by, against real rows that nobody learned from."""
    found = [one.score for one in answers if one.score.name == "c2st holdout" and one.score.breakdown]
    if not found:
        return ""
    telling = sorted(found[0].breakdown.items(), key=lambda item: -item[1])[:10]
    said = "How much worse boosted trees are at telling made rows when a column is shuffled (area under the curve):"
    return f'<h3>What betrays the data</h3><p class="key">{said}</p>{charts.telling(telling)}'


def _matrix(table: Measured, answers: Sequence[Answer], *, open_: bool) -> str:
    """Every column's own numbers."""
    by_place = {(one.score.name, one.score.subject): one for one in answers}
    rows = []
    for column in table.columns[: SHOWN * 4]:
        cells = "".join(_cell(name, by_place.get((name, column))) for name in _PER_COLUMN)
        if any((name, column) in by_place for name in _PER_COLUMN):
            rows.append(f'<tr><th scope="row"><bdi>{text(column)}</bdi></th>{cells}</tr>')
    heads = "".join(f'<th scope="col" class="n">{text(meaning(name).title)}</th>' for name in _PER_COLUMN)
    if not rows:
        return ""
    return (
        f'<details class="more-of"{" open" if open_ else ""}><summary>{plural(len(rows), "column")}, each with its own '
        f'numbers</summary><table class="columns"><thead><tr><th scope="col">Column</th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></details>"
    )


def _cell(name: str, answer: Answer | None) -> str:
    label = text(meaning(name).title)
    if answer is None or answer.score.value is None:
        return f'<td class="n" data-label="{label}">–</td>'
    ceiling = "" if answer.score.ceiling is None else f" <small>of {answer.score.ceiling:.3f}</small>"
    value = f"{answer.score.value:.3f}{ceiling}"
    marked = f'<span class="tag {answer.result.verdict}">{value}</span>' if answer.bad else value
    return f'<td class="n" data-label="{label}">{marked}</td>'


def _columns(scored: Scored) -> str:
    """Pictures of columns: first those that failed."""
    each = max(4, PICTURES // max(len(scored.tables), 1))
    parts = []
    for table in scored.tables:
        if table.pictures:
            shown = "".join(charts.bars(picture) for picture in table.pictures[:each])
            left = len(table.columns) - min(len(table.pictures), each)
            rest = f'<p class="more">{plural(left, "column")} not drawn</p>' if left > 0 else ""
            title = f"<h3><bdi>{text(table.name)}</bdi></h3>" if len(scored.tables) > 1 else ""
            parts.append(f'{title}<div class="pictures">{shown}</div>{rest}')
    if not parts:
        return ""
    key = (
        '<p class="key"><span class="swatch real"></span>real <span class="swatch made"></span>made '
        '<span class="swatch held"></span>held out. Shares of rows; what fewer than ten rows of a side have is not '
        "drawn, what fewer than ten real rows have is not named.</p>"
    )
    return key + "".join(parts)


def _pairs(scored: Scored) -> str:
    """Maps of how columns go together, and the pairs that changed most."""
    parts = []
    for table in [table for table in scored.tables if table.trends][:MAPS]:
        assert table.trends is not None
        title = f"<h3><bdi>{text(table.name)}</bdi></h3>" if len(scored.tables) > 1 else ""
        rows = "".join(
            f'<tr><th scope="row"><bdi>{text(one)}</bdi> × <bdi>{text(two)}</bdi></th><td class="n">{real:.3f}</td>'
            f'<td class="n">{made:.3f}</td></tr>'
            for one, two, real, made in table.trends.lost(8)
        )
        left = (
            ""
            if len(table.trends.columns) <= charts.NAMED
            else f"From top to bottom: {', '.join(table.trends.columns)}."
        )
        parts.append(
            f'{title}<div class="maps">{charts.maps(table.trends)}</div>'
            f'<details class="more-of" open><summary>Pairs that changed most</summary><table class="columns">'
            '<thead><tr><th scope="col">Pair</th><th scope="col" class="n">Real</th><th scope="col" class="n">Made</th>'
            f'</tr></thead><tbody>{rows}</tbody></table></details><p class="key">{text(left)}</p>'
        )
    said = (
        "How strongly two columns go together, from 0 (not at all) to 1 (one fixes the other): Cramer's V over ten "
        "bins of equally many rows, or the ten most frequent labels, less what chance gives."
    )
    return f'<p class="key">{said}</p>{"".join(parts)}' if parts else ""


def _compared(scored: Scored) -> str:
    """The scores that users of Gretel know, and why they are no verdict."""
    found = [one for one in scored.answers if one.score.name in _COMPARED and one.score.value is not None]
    if not found:
        return ""
    words = (
        "These are the formulas that users of Gretel know, from 0 to 10. They decide nothing here: columns drawn "
        "independently of one another, which keep no relation at all, are often graded Good or Excellent by the first, "
        "a column that became empty costs it nothing, and the training table itself, published verbatim, is graded "
        "Moderate to Very Good by the second. Floor and ceiling beside each number show it for these very tables."
    )
    return f'<p class="words">{words}</p>{_by_table(found)}'


def _methods(scored: Scored) -> str:
    notes = [*scored.notes, *(f"{table.name}: {note}" for table in scored.tables for note in table.notes)]
    facts = (("Real", scored.real), ("Made", scored.made), ("Held out", scored.holdout or "nothing"),
             ("Kind", scored.kind), ("Measured", scored.started.replace("T", " ").replace("+00:00", " UTC")),
             ("Code", scored.code))  # fmt: skip
    listed = "".join(f"<div><dt>{name}</dt><dd><code>{text(value)}</code></dd></div>" for name, value in facts if value)
    noted = "".join(f"<li>{text(note)}</li>" for note in notes)
    methods = "".join(f"<li>{text(method)}</li>" for method in METHODS)
    head = f"<h3>Notes</h3><ul class=notes>{noted}</ul>" if noted else ""
    return f'<dl class="facts">{listed}</dl>{head}<h3>How it was measured</h3><ul class="notes">{methods}</ul>'


METHODS = (
    "Shape: one minus the Kolmogorov-Smirnov distance of numbers, one minus the total variation of labels. Trend: "
    "Pearson's correlation, else overlap of contingency tables (definitions of SDMetrics).",
    "Accuracy: agreement of all 1-, 2- and 3-way tables of ten bins (Platzer and Reutterer, 2021).",
    "Told apart: gradient-boosted trees, folds by entity and without equal rows on both sides; 1 where they can only "
    "guess (Lopez-Paz and Oquab, 2017).",
    "Utility: trees taught by made rows, judged on real rows held out, beside trees taught by real ones.",
    "Risks: (r_T - r_H) / (1 - r_H), of attacks on people learned from and on people not, with Wilson intervals (Giomi "
    "et al., 2023); membership by distance, density (van Breugel et al., 2023) and a given model's likelihood.",
    "Intervals hold with 95 % confidence, by resampling blocks of rows, or people. Seeds are drawn from names and "
    "sizes of the tables alone: the same tables give the same report.",
    "What could not be measured fails. Nothing is averaged into the verdict: the worst answer decides.",
)
"""How numbers come about, for who wants to check them."""
