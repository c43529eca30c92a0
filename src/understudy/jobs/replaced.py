"""Tables that a model makes, from learning them to what their gates say; what fails is made again, in other ways."""

from __future__ import annotations

from collections.abc import Sequence

from understudy import transforms
from understudy.checks.scored import Scored
from understudy.interfaces import Progress, Result, Snapshot
from understudy.jobs.extract import Extracted
from understudy.jobs.made import Synthesis
from understudy.jobs.measuring import Attempt, attempts, measure, results, told, worth_another
from understudy.jobs.planning import Plan
from understudy.jobs.replacing import Family, fresh_of, learn, make
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
    model, before = None, None
    for attempt in attempts(one.spec):
        if model is None or before is None or attempt.effort != before.effort:
            saved = (family.plan.file.path.parent / one.spec.model) if one.spec.model else None
            model = learn(family, seed=attempt.seed, effort=attempt.effort, model=saved)
        before, fresh = attempt, fresh_of(model, one.names)
        how = {"seed": attempt.seed, "similarity": attempt.similarity, "outliers": attempt.outliers}
        rows = make(family, model, fresh, **how)  # type: ignore[arg-type]
        if gates.quality == gates.privacy == "off":
            tried.append((attempt, [Result("synthesize", one.label, "note", detail="its gates are switched off")]))
            break
        scored = measure(family, rows, fresh, model)
        _keep(scored, folder, one)
        tried.append((attempt, results(scored, family)))
        if not worth_another(tried[-1][1]):
            break
    folder.models.mkdir(exist_ok=True)
    model.save(folder.models / f"{_file(one)}.understudy")  # type: ignore[union-attr]
    spent = getattr(model, "privacy", None)
    budget = [Result("epsilon", one.label, "note", one.spec.epsilon, detail=str(spent))] if spent else []
    return [*budget, *told(tried, one.label), *tried[-1][1]]


def _keep(scored: Scored, folder: RunFolder, one: Synthesis) -> None:
    """Write the scores into the run's folder, whose page shows them."""
    from understudy.jobs.comparing import write

    write(scored, as_json=folder.score(_file(one)))


def _file(one: Synthesis) -> str:
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in str(one.names[0]))
