"""Tables that a model makes, from learning them to what their gates say; what fails is made again, in other ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from understudy import transforms
from understudy.checks.scored import Scored
from understudy.interfaces import Progress, Result, Snapshot
from understudy.jobs.extract import Extracted
from understudy.jobs.made import Synthesis
from understudy.jobs.measuring import Attempt, after, as_told, filtering, first, measure, results, told
from understudy.jobs.planning import Plan
from understudy.jobs.replacing import Family, fresh_of, learn, make, state_of
from understudy.jobs.store import RunFolder


def replace_tables(
    plan: Plan, snapshot: Snapshot, made: Extracted, folder: RunFolder, *, key: transforms.Key, progress: Progress
) -> list[Result]:
    """Make the rows of every table that a model makes, and stage them beside those that are copied.

    Gives what the gates say of them.  The models are kept with the run, and so are the scores, as JSON and as a page.
    """
    found: list[Result] = []
    for one in plan.made:
        family = Family(plan, one, snapshot, key, made, progress)
        family.look()
        found += _made(family, folder)
    return found


def _made(family: Family, folder: RunFolder) -> list[Result]:
    """Make the tables of one entry until its gates pass, or nothing is left to try."""
    one, gates = family.one, family.one.spec.gates
    tried: list[tuple[Attempt, Sequence[Result]]] = []
    attempt, model, learned = first(one.spec), None, ""
    notes: list[Result] = []
    while True:
        if model is None or attempt.effort != learned:
            model, said = _model(family, attempt, folder)
            learned, notes = attempt.effort, [*notes, *said]
        fresh = fresh_of(model, one.names)
        rows = make(family, model, fresh, seed=attempt.seed, similarity=attempt.similarity, outliers=attempt.outliers)
        if gates.off:
            tried.append((attempt, [Result("synthesize", one.label, "note", detail="its gates are switched off")]))
            break
        scored = measure(family, rows, fresh, model)
        _keep(as_told(scored, one.spec), folder, one)
        tried.append((attempt, results(scored, family)))
        another = after(attempt, tried[-1][1], one.spec)
        if another is None or len(tried) > one.spec.retries:
            break
        attempt = another
    spent = getattr(model, "privacy", None)
    budget = [Result("epsilon", one.label, "note", one.spec.epsilon, detail=str(spent))] if spent else []
    return [*budget, *notes, *told(tried, one.label), *filtering(family), *tried[-1][1]]


def _model(family: Family, attempt: Attempt, folder: RunFolder) -> tuple[Any, list[Result]]:
    """The model of one entry: the one the job names, one that an earlier run learned from the same, or a new one.

    It is kept with the run under a name that says what it was learned from.
    """
    one = family.one
    name = f"{_file(one)}.{state_of(family, seed=attempt.seed, effort=attempt.effort)}.understudy"
    before = None if one.spec.model else folder.earlier(name)
    named = family.plan.file.path.parent / one.spec.model if one.spec.model else before
    model = learn(family, seed=attempt.seed, effort=attempt.effort, model=named)
    folder.models.mkdir(exist_ok=True)
    model.save(folder.models / name)
    if before is None:
        return model, []
    detail = f"nothing was learned: run {before.parents[1].name} learned from the same rows, in the same way"
    return model, [Result("synthesize", one.label, "note", detail=detail)]


def _keep(scored: Scored, folder: RunFolder, one: Synthesis) -> None:
    """Write the scores into the run's folder, whose page shows them."""
    from understudy.jobs.comparing import write

    write(scored, as_json=folder.score(_file(one)))


def _file(one: Synthesis) -> str:
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in str(one.names[0]))
