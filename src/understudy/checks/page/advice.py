"""What each check asks, and what to do where it fails."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Advice:
    """A check in words."""

    title: str
    question: str
    remedy: str


ADVICE: dict[str, Advice] = {
    "foreign_keys": Advice(
        "Foreign keys",
        "Does every row that points at another find it?",
        "Follow the edge to its parent, set it to null (`subset.follow`), or choose `on_excluded: null` where its "
        "parents are excluded.",
    ),
    "unique": Advice(
        "Unique keys",
        "Is everything unique that must be?",
        "A rule made two values alike: give the column one that keeps values apart (`key`, `token`, `hash`).",
    ),
    "not_null": Advice(
        "Required values",
        "Does every column that must hold a value hold one?",
        "A rule or an emptied edge took the value away: choose a rule that keeps one, or drop the row.",
    ),
    "nulls": Advice(
        "Gaps",
        "Are exactly those values missing that were missing before?",
        "A rule emptied or filled values it should have left alone: choose another for the column named.",
    ),
    "lengths": Advice(
        "Lengths and labels",
        "Does every text fit its column, is every label known?",
        "Choose a rule whose values fit the column, or give it a shorter pattern.",
    ),
    "constraints": Advice(
        "Check constraints",
        "Do changed values still satisfy the source's own constraints?",
        "Choose a rule whose values satisfy the constraint (`choice`, `bucket`, smaller `noise`), or keep the column.",
    ),
    "accounting": Advice(
        "Row accounting",
        "Is every row that was read in the result, or explained?",
        "Rows were lost or came twice. Run again; if it stays, report it with this file: it holds no data.",
    ),
    "leaks": Advice(
        "Originals",
        "Does any original value of an identifying column stand anywhere in the result?",
        "Give the column where originals were found a rule of its own (`redact`, a rule for paths of a document), or "
        "the column they came from a stronger one.",
    ),
    "quality": Advice(
        "Quality of made rows",
        "Are they like real rows that were not learned from?",
        "Look at what is measured of them below: more `effort` learns more; more rows teach more.",
    ),
    "privacy": Advice(
        "Privacy of made rows",
        "Do they tell who was learned from?",
        "Look at what is measured of them below. More rows help most; then stricter `filters`, or a bound: `epsilon`.",
    ),
    "model": Advice(
        "Privacy of the model",
        "Does the model itself tell who was learned from?",
        "Keep the model as you keep the source; it stays with the run. `gates: {model: fail}` lets no other pass.",
    ),
    "synthesize": Advice("Making rows", "How were the rows made?", "See what the note says."),
    "epsilon": Advice("Budget", "What may one row, or subject, have changed?", "See what the note says."),
}


def advice(check: str) -> Advice:
    """The words for a check; a user's own check is called by its name."""
    return ADVICE.get(check, Advice(check.replace("_", " ").capitalize(), "", "See what the check says."))
