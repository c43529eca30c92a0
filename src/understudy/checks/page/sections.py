"""The parts of the page, each as a piece of HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from understudy.checks.page.advice import ADVICE, Advice, advice
from understudy.checks.page.meaning import meaning
from understudy.checks.page.words import attribute, number, plural, seconds, share, size, text
from understudy.checks.report import ColumnReport, Report, StepReport, TableReport, without_secrets
from understudy.interfaces import Result

_BAD = ("fail", "error")
_VERDICTS = {"fail": "Failed", "error": "Not run", "note": "Note", "pass": "Passed"}
_ORDER = {"fail": 0, "error": 1, "note": 2, "pass": 3}
SHOWN = 200
"""Passed results listed per check; the JSON report has all of them."""


def header(report: Report) -> str:
    """The verdict in one sentence, and where rows came from and went."""
    bad = sum(result.verdict in _BAD for result in report.results)
    if report.passed:
        asked = len({result.check for result in report.results})
        mark, verdict = "pass", "Passed"
        told = f"{plural(asked, 'check')} gave {plural(len(report.results), 'answer')}; none of them failed."
    else:
        mark, verdict = "fail", "Failed"
        told = f"{plural(bad, 'finding')} to look at; nothing was published and no destination was touched."
    way = f"<bdi>{text(report.source)}</bdi>"
    if report.destination:
        way += f' <span aria-hidden="true">→</span><span class="unseen">to</span> <bdi>{text(report.destination)}</bdi>'
    return (
        f'<div class="verdict {mark}"><span class="sign" aria-hidden="true">{"✓" if report.passed else "✕"}</span>'
        f"<div><h1>{verdict}: <bdi>{text(report.job)}</bdi></h1><p>{told}</p></div></div>"
        f'<p class="way">{way}</p>'
    )


def failures(report: Report) -> str:
    """What failed, with what to do about it; empty where nothing did."""
    bad = [result for result in report.results if result.verdict in _BAD]
    if not bad:
        return ""
    items = "".join(
        f'<li><p><span class="tag {result.verdict}">{_VERDICTS[result.verdict]}</span> '
        f"<strong>{text(_words(result.check).title)}</strong> <code>{text(result.subject)}</code></p>"
        f'<p>{text(result.detail)}</p><p class="remedy">{_remedy(result)}</p></li>'
        for result in sorted(bad, key=lambda result: _ORDER[result.verdict])
    )
    head = '<section class="failures" aria-labelledby="failures"><h2 id="failures">What to do</h2>'
    return f"{head}<ol>{items}</ol></section>"


def _remedy(result: Result) -> str:
    if result.verdict == "error":
        return "The check could not answer, which blocks like a failure. Mend what it names and run again."
    return code(_words(result.check).remedy)


def _words(check: str) -> Advice:
    return advice(check) if check in ADVICE else meaning(check)


def code(told: str) -> str:
    """Backquoted words as code."""
    parts = text(told).split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))


def figures(report: Report) -> str:
    """Five numbers that say what happened."""
    kept, there = sum(table.kept for table in report.tables), sum(table.source_rows for table in report.tables)
    changed = [column for table in report.tables for column in table.columns if column.changed is not None]
    sound = sum(result.verdict == "pass" for result in report.results)
    notes = sum(result.verdict == "note" for result in report.results)
    bad = len(report.results) - sound - notes
    filled = sum(table.kept > 0 for table in report.tables)
    cards = (
        ("Rows kept", number(kept), f"of about {number(there)}{f' · {share(kept, there)}' if there else ''}"),
        ("Tables", number(filled), f"with rows, of {number(len(report.tables))}"),
        ("Columns changed", number(len(changed)), f"{number(sum(column.changed or 0 for column in changed))} values"),
        ("Checks", f"{number(sound)} passed", f"{number(bad)} failed · {plural(notes, 'note')}"),
        ("Time", seconds(report.seconds), _size(report)),
    )
    return "".join(f"<div><dt>{name}</dt><dd>{value}<small>{more}</small></dd></div>" for name, value, more in cards)


def _size(report: Report) -> str:
    return f"{size(sum(table.bytes for table in report.tables))} staged"


def tables(report: Report) -> str:
    """One row per table, each with its columns folded away below."""
    return "".join(_table(at, table) for at, table in enumerate(report.tables))


def _table(at: int, table: TableReport) -> str:
    changed = sum(column.changed is not None for column in table.columns)
    share_of_rows = table.kept / table.source_rows if table.source_rows else 0
    cells = (
        _cell("Source rows", number(table.source_rows), table.source_rows),
        _cell("Kept", number(table.kept), table.kept),
        _cell("Share", _share(table), share_of_rows),
        _cell("Changed", f"{changed} of {len(table.columns)}" if table.columns else "–", changed),
        _cell("Size", size(table.bytes) if table.bytes else "–", table.bytes),
        f'<td class="why" data-label="Why" data-sort="{attribute(table.why)}">{text(table.why)}</td>',
    )
    name, key = f"<bdi>{text(table.name)}</bdi>", attribute(table.name.lower())
    if table.columns or table.read:
        name = f'<button class="fold" aria-expanded="false" aria-controls="columns-{at}">{name}</button>'
    return (
        f'<tbody data-name="{key}"{"" if table.kept else " class=empty"}>'
        f'<tr><th scope="row" data-sort="{key}">{name}</th>{"".join(cells)}</tr>'
        f'<tr class="inside" id="columns-{at}" hidden><td colspan="7">{_rows(at, table)}{_columns(table.columns)}</td>'
        "</tr></tbody>"
    )


def _cell(label: str, shown: str, sort: float | None = None) -> str:
    """A cell of a number; ``label`` stands beside it where there is no room for a head."""
    by = "" if sort is None else f' data-sort="{sort}"'
    return f'<td class="n" data-label="{label}"{by}>{shown}</td>'


def _share(table: TableReport) -> str:
    if not table.source_rows:
        return "–"
    width = 100 * min(1.0, table.kept / table.source_rows)
    told = share(table.kept, table.source_rows)
    return f'<span class="bar"><i style="width:{width:.1f}%"></i></span><span class="part">{told}</span>'


def _rows(at: int, table: TableReport) -> str:
    parts = [f"{number(table.read)} read"]
    if table.dropped:
        parts.append(f"{number(table.dropped)} dropped")
    if table.expand or table.support:
        parts.append(f"{number(table.expand)} reached from a target")
        parts.append(f"{number(table.support)} only because others point at them")
    return f'<p>{" · ".join(parts)}<button class="find" data-find="{at}">show in graph</button></p>'


_HEADS = (
    '<th scope="col">Column</th><th scope="col">Type</th><th scope="col">Rule</th>'
    '<th scope="col" class="n" title="values that came out different">Changed</th>'
    '<th scope="col" class="n" title="values that came out as they went in">Stayed</th>'
    '<th scope="col" class="n" title="values that were and stayed null">Null</th><th scope="col">Note</th>'
)


def _columns(columns: Sequence[ColumnReport]) -> str:
    if not columns:
        return ""
    rows = "".join(_column(column) for column in columns)
    return f'<table class="columns"><thead><tr>{_HEADS}</tr></thead><tbody>{rows}</tbody></table>'


def _column(column: ColumnReport) -> str:
    keep = " keep" if column.changed is None else ""
    cells = (
        f'<th scope="row"><bdi>{text(column.name)}</bdi></th>',
        f'<td data-label="Type"><code>{text(column.type)}</code></td>',
        f'<td data-label="Rule"><span class="rule{keep}">{text(column.rule)}</span></td>',
        _cell("Changed", _count(column.changed)),
        _cell("Stayed", _count(column.fixed_points)),
        _cell("Null", _count(column.nulls)),
        f'<td class="why" data-label="Note">{text(column.note)}</td>',
    )
    return f"<tr>{''.join(cells)}</tr>"


def _count(value: int | None) -> str:
    return "–" if value is None else number(value)


def graph(report: Report, svg: str) -> str:
    """The drawing with its legend and controls."""
    if not svg:
        return "<p>There are no tables.</p>"
    known = {table.name for table in report.tables}
    policies: list[str] = [edge.policy for edge in report.edges if edge.child in known and edge.parent in known]
    legend = "".join(
        f'<li class="{kind}"><svg width="30" height="8" aria-hidden="true"><path d="M0 4H30"/></svg>{name} '
        f"<small>{policies.count(policy)}</small></li>"
        for kind, name, policy in (
            ("followed", "followed", "followed"),
            ("nulled", "set to null", "nulled"),
            ("left", "not followed", "not followed"),
        )
    )
    return (
        f'<div class="controls"><ul class="legend">{legend}</ul><div class="buttons" role="group" aria-label="Zoom">'
        '<button data-zoom="in" aria-label="Zoom in">+</button><button data-zoom="out" aria-label="Zoom out">−</button>'
        '<button data-zoom="fit">Fit</button><button data-zoom="tall" aria-pressed="false">Larger</button></div></div>'
        f'<div class="canvas">{svg}</div>'
        '<div id="picked" class="picked" aria-live="polite"><p>Arrows point from a table to the one it refers to. '
        "Choose a table to see its keys.</p></div>"
    )


def checks(report: Report) -> str:
    """All answers by check, failures first; what passed is folded away."""
    groups: dict[str, list[Result]] = {}
    for result in report.results:
        groups.setdefault(result.check, []).append(result)
    worst_first = sorted(groups.items(), key=lambda item: min(_ORDER[result.verdict] for result in item[1]))
    return "".join(_check(name, results) for name, results in worst_first) or "<p>No check was asked.</p>"


def _check(name: str, results: Sequence[Result]) -> str:
    words = _words(name)
    counts = {verdict: sum(result.verdict == verdict for result in results) for verdict in _ORDER}
    tags = "".join(
        f'<span class="tag {verdict}">{number(count)} {_VERDICTS[verdict].lower()}</span>'
        for verdict, count in counts.items()
        if count
    )
    bad = counts["fail"] + counts["error"]
    ordered = sorted(results, key=lambda result: _ORDER[result.verdict])
    shown = ordered[: bad + counts["note"] + SHOWN]
    more = len(ordered) - len(shown)
    rest = f"<p class=more>and {number(more)} more that passed, listed in the JSON report</p>" if more else ""
    remedy = f'<p class="remedy">{code(words.remedy)}</p>' if counts["fail"] else ""
    return (
        f'<details class="check"{" open" if bad else ""}><summary><span class="title">{text(words.title)}</span>'
        f'<span class="question">{text(words.question)}</span><span class="tags">{tags}</span></summary>'
        f'{remedy}<ul class="results">{_results(shown)}</ul>{rest}</details>'
    )


def _results(results: Iterable[Result]) -> str:
    return "".join(
        f'<li class="{result.verdict}"><span class="mark" title="{_VERDICTS[result.verdict]}"></span>'
        f'<span class="unseen">{_VERDICTS[result.verdict]}: </span><code>{text(result.subject)}</code> '
        f"<span>{text(result.detail)}</span></li>"
        for result in results
    )


def timings(report: Report) -> str:
    """How long each step took."""
    longest = max((step.seconds for step in report.steps), default=0.0)
    return "".join(_step(step, longest) for step in report.steps) or "<li>Nothing was timed.</li>"


def _step(step: StepReport, longest: float) -> str:
    part = 100 * step.seconds / longest if longest else 0
    rate = ""
    if step.rows:
        per_second = f", {number(round(step.rows / step.seconds))} a second" if step.seconds >= 0.01 else ""
        rate = f"{number(step.rows)} rows{per_second}"
    return (
        f'<li><span class="step">{text(step.name)}</span><span class="bar"><i style="width:{part:.1f}%"></i></span>'
        f'<span class="n">{seconds(step.seconds)}</span><span class="rate">{rate}</span></li>'
    )


def again(report: Report) -> str:
    """What it takes to do the same again: job, source and moment, key, code."""
    facts = (
        ("Run", report.run),
        ("Started", f"{report.started.replace('T', ' ').replace('+00:00', '')} UTC"),
        ("Source", report.source),
        ("Position", report.position),
        ("Engine", report.engine),
        ("Destination", report.destination or "none"),
        ("Key id", report.key_id),
        ("Code", report.code),
    )
    listed = "".join(f"<div><dt>{name}</dt><dd><code>{text(value)}</code></dd></div>" for name, value in facts if value)
    notes = "".join(f"<li>{code(note)}</li>" for note in report.notes)
    noted = f"<h3>Notes</h3><ul class=notes>{notes}</ul>" if notes else ""
    job = text(without_secrets(report.job_text))
    return (
        f'<dl class="facts">{listed}</dl>{noted}<h3>Job <code>{text(report.job)}</code></h3>'
        f'<pre tabindex="0" aria-label="Job file">{job}</pre>'
    )
