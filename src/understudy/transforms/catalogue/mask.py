"""``mask``: a text shows its first or last characters only."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from understudy.transforms.declare import TEXT, Change, Declaration, Option, Place, Rows, Setting


def _build(setting: Setting) -> Change:
    options = setting.place.options
    first, last, character = int(options["first"]), int(options["last"]), str(options["char"])

    def change(values: pa.Array, _rows: Rows) -> pa.Array:
        length = pc.utf8_length(values).cast(pa.int64())
        hidden = pc.subtract(length, first + last)
        short = pc.less_equal(hidden, 0)  # showing all of it would hide nothing, so all is hidden
        middle = pc.binary_repeat(pa.scalar(character, values.type), pc.fill_null(pc.if_else(short, length, hidden), 0))
        head = pc.if_else(short, "", pc.utf8_slice_codeunits(values, 0, first))
        tail = pc.utf8_slice_codeunits(values, -last) if last else pa.scalar("", values.type)
        return pc.binary_join_element_wise(head, middle, pc.if_else(short, "", tail), "")

    return change


def _problem(place: Place) -> str:
    return "" if len(place.options["char"]) == 1 else "`char` is one character"


MASK = Declaration(
    name="mask",
    summary="All but the first or last characters are replaced; a text too short for that is replaced wholly.",
    example="{mask: {first: 1, last: 4}}",
    kinds=TEXT,
    build=_build,
    main="last",
    options=(
        Option("last", "whole number", "how many characters at the end stay", default=0, least=0),
        Option("first", "whole number", "how many characters at the start stay", default=0, least=0),
        Option("char", "text", "what stands for each of the others", default="*"),
    ),
    problem=_problem,
)
