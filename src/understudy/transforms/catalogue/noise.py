"""``noise`` and ``scale``: numbers move a little, or all by one secret factor."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from understudy.transforms import arithmetic
from understudy.transforms.arithmetic import NUMBERS, Chosen, Floats
from understudy.transforms.declare import DOMAIN, PER, Change, Declaration, Option, Place, Rows, Setting
from understudy.transforms.draws import Draw, by_value, fraction, needs_subject
from understudy.transforms.prf import Words, digest

_SHAPES: dict[str, Callable[[Words], Floats]] = {
    "uniform": arithmetic.uniform,
    "gaussian": arithmetic.normal,
    "laplace": arithmetic.laplace,
}

_NEAREST = 0.25  # a secret factor is never nearer to 1 than this power of the largest


def _build(setting: Setting) -> Change:
    options = setting.place.options
    draw, shape = by_value(setting, "noise"), _SHAPES[options["distribution"]]
    ratio, absolute = options["ratio"], options["absolute"]
    hold = arithmetic.between(setting.place.column, options["least"], options["most"])
    limited = options["least"] is not None or options["most"] is not None

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        random = shape(draw(values, rows))

        def difference(numbers: Floats, chosen: Chosen) -> Floats:
            found = random[chosen] * (float(absolute) if ratio is None else np.abs(numbers) * float(ratio))
            if options["keep_sign"]:
                crossing = np.where(numbers < 0, numbers + found > 0, numbers + found < 0)
                found = np.where(crossing, -2.0 * numbers - found, found)
            return np.where(numbers == 0, 0.0, found) if options["keep_zero"] else found

        moved = arithmetic.move(values, difference)
        return hold(moved) if limited else moved

    return change


def _problem(place: Place) -> str:
    given = [name for name in ("ratio", "absolute") if place.options[name] is not None]
    if len(given) != 1:
        return "noise takes either a ratio or an absolute amount"
    return arithmetic.limits_problem(place)


def _build_scale(setting: Setting) -> Change:
    largest = math.log(float(setting.place.options["factor"]))
    draw = by_value(setting, "scale") if setting.place.subject else _one_draw(setting)

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        words = draw(values, rows)
        power = _NEAREST + (1.0 - _NEAREST) * fraction(words, 0)
        up = (words[:, 1] & np.uint64(1)).astype(bool)
        plus = np.expm1(np.where(up, power, -power) * largest)
        return arithmetic.move(values, lambda numbers, chosen: numbers * plus[chosen])

    return change


def _one_draw(setting: Setting) -> Draw:
    """The same random bits for every value of the domain."""
    name = setting.domain or setting.own_name(setting.place.column.name)
    words = digest(pa.array([0]), setting.key.subkey(f"scale all of:{name}"))
    return lambda values, _rows: np.broadcast_to(words, (len(values), 2))


NOISE = Declaration(
    name="noise",
    summary=(
        "A number moves by a share of itself or by an amount, evenly either way; equal numbers move alike, "
        "or all of one subject by the same share."
    ),
    example="{noise: 0.1}",
    kinds=NUMBERS,
    build=_build,
    main="ratio",
    options=(
        Option("ratio", "number", "the largest share of itself by which a number moves", least=0.000001, most=1),
        Option("absolute", "number", "the largest amount by which a number moves", least=0.000001),
        Option(
            "distribution",
            "text",
            "uniform up to there; gaussian and laplace have it as their deviation or scale, and no end",
            default="uniform",
            choices=tuple(_SHAPES),
        ),
        Option("keep_sign", "yes or no", "no number passes zero", default=False),
        Option("keep_zero", "yes or no", "zero stays zero", default=False),
        Option("least", "number", "the least number there may be"),
        Option("most", "number", "the largest number there may be"),
        PER,
        DOMAIN,
    ),
    needs=needs_subject,
    problem=_problem,
    sensitive=False,
)

SCALE = Declaration(
    name="scale",
    summary=(
        "All numbers of a column, or of one subject, are multiplied by one secret factor: ratios between them "
        "are kept, up to rounding."
    ),
    example="{scale: 3, per: orders.customer_id}",
    kinds=NUMBERS,
    build=_build_scale,
    main="factor",
    options=(
        Option("factor", "number", "how many times larger or smaller numbers may become", default=2, least=1.01),
        PER,
        DOMAIN,
    ),
    needs=needs_subject,
    sensitive=False,
)
