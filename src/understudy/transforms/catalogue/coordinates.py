"""``latitude`` and ``longitude``: a city's, or the original's moved by some kilometres, or the middle of its cell.

The two columns of one position move together: each rule names the other column (``with``), and both draw
by the position as a whole, or by a subject.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import plain
from understudy.locales import places
from understudy.transforms.catalogue.localities import FAMILY, IN_COUNTRY, Where, reads
from understudy.transforms.declare import DOMAIN, LOSSY, PER, Change, Declaration, Option, Place, Rows, Setting
from understudy.transforms.draws import by_value, fraction, needs_subject, of_rows
from understudy.transforms.prf import digest

Axis = Literal["latitude", "longitude"]
Degrees = NDArray[np.float64]

_KM_PER_DEGREE = 111.32
_LEAST_SHARE = 0.1  # a move is at least this part of the most: the place itself must not be a likely answer
_NEAR_POLE = 0.01
_CIRCLE = 360
_CITY_DEGREES = 0.05  # how far from its city's middle a place may be, either way
_DIGITS = 6  # of a degree: 11 cm
_NUMBER = r"^\s*-?\d{1,3}(\.\d*)?\s*$"


def _build(axis: Axis) -> Callable[[Setting], Change]:
    def build(setting: Setting) -> Change:
        options = setting.place.options
        anywhere = _of_city(setting, axis)
        if options["jitter_km"] is None and options["grid_km"] is None:
            return lambda values, rows: _written(anywhere(values, rows), values)
        moved = _jittered(setting, axis) if options["jitter_km"] is not None else _snapped(setting.place, axis)

        def change(values: pa.Array, rows: Rows) -> pa.Array:
            degrees = _degrees(values)
            made = moved(degrees, rows)
            lost = np.isnan(degrees) & values.is_valid().to_numpy(zero_copy_only=False)
            if lost.any():  # a text that is no number, or a number that is no angle, says who knows what
                made = np.where(lost, anywhere(values, rows), made)
            return _written(made, values)

        return change

    return build


def _of_city(setting: Setting, axis: Axis) -> Callable[[pa.Array, Rows], Degrees]:
    """Coordinates in or near the city of the draw."""
    where = Where(setting.place)
    draw = by_value(setting, axis, family=FAMILY)

    def coordinates(values: pa.Array, rows: Rows) -> Degrees:
        drawn = draw(values, rows)
        cities = where.rows(drawn, *where.read(values, rows))
        middle = places().latitude[cities] if axis == "latitude" else places().longitude[cities]
        share = drawn[:, 1] >> np.uint64(32) if axis == "latitude" else drawn[:, 1] & np.uint64(0xFFFFFFFF)
        return np.round(middle + (share.astype(np.float64) / 2**31 - 1) * _CITY_DEGREES, _DIGITS)

    return coordinates


def _jittered(setting: Setting, axis: Axis) -> Callable[[Degrees, Rows], Degrees]:
    """Degrees moved by up to so many kilometres, both axes by one move in any direction."""
    place = setting.place
    most = float(place.options["jitter_km"])
    position_key = setting.key.subkey(f"coordinates:{place.options['domain'] or 'coordinates'}")
    per = place.subject
    subject_key = (
        setting.key.subkey(f"coordinates of:{place.options['domain'] or setting.own_name(per)}") if per else b""
    )

    def move(degrees: Degrees, rows: Rows) -> Degrees:
        other = _degrees(plain(rows.original(_other(place))))
        latitude, longitude = (degrees, other) if axis == "latitude" else (other, degrees)
        drawn = of_rows([pa.array(latitude), pa.array(longitude)], position_key)
        if per:
            subjects = rows.original(per)
            nobody = subjects.is_null().to_numpy(zero_copy_only=False)
            drawn = np.where(nobody[:, None], drawn, digest(subjects, subject_key))
        angle = 2 * np.pi * fraction(drawn, 0)
        distance = most * np.sqrt(_LEAST_SHARE**2 + (1 - _LEAST_SHARE**2) * fraction(drawn, 1)) / _KM_PER_DEGREE
        if axis == "latitude":
            return _within(degrees + distance * np.cos(angle), 90)
        return _around(degrees + distance * np.sin(angle) / _narrow(latitude))

    return move


def _snapped(place: Place, axis: Axis) -> Callable[[Degrees, Rows], Degrees]:
    """The middle of the cell, of so many kilometres each way, that a position lies in."""
    step = float(place.options["grid_km"]) / _KM_PER_DEGREE

    def snap(degrees: Degrees, rows: Rows) -> Degrees:
        if axis == "latitude":
            return _within(_middle(degrees, step), 90)
        latitude = _middle(np.nan_to_num(_degrees(plain(rows.original(_other(place))))), step)
        return _around(_middle(degrees, step / _narrow(latitude)))

    return snap


def _middle(degrees: Degrees, step: Degrees | float) -> Degrees:
    return (np.floor(degrees / step) + 0.5) * step


def _narrow(latitude: Degrees) -> Degrees:
    """How much shorter a degree of longitude is there than one of latitude."""
    return np.maximum(np.cos(np.radians(np.nan_to_num(latitude))), _NEAR_POLE)


def _within(degrees: Degrees, most: float) -> Degrees:
    return np.clip(degrees, -most, most)


def _around(degrees: Degrees) -> Degrees:
    """Longitudes from -180 to below 180."""
    return (degrees + _CIRCLE / 2) % _CIRCLE - _CIRCLE / 2


def _other(place: Place) -> str:
    """The column of the position's other axis."""
    return str(place.named("with"))


def _degrees(values: pa.Array) -> Degrees:
    """Angles in numbers of any type; NaN where there is none."""
    if pa.types.is_string(values.type):
        values = pc.if_else(pc.match_substring_regex(values, _NUMBER), pc.utf8_trim_whitespace(values), None)
    degrees = values.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
    return np.where(np.abs(degrees) <= _CIRCLE, degrees, np.nan)


def _written(degrees: Degrees, values: pa.Array) -> pa.Array:
    """Degrees in the type of the values; what was no number there stays."""
    kind = values.type
    if pa.types.is_floating(kind):
        numbers = values.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
        return pa.array(np.where(np.isfinite(numbers), np.round(degrees, _DIGITS), numbers)).cast(kind)
    there = pa.array(degrees, from_pandas=True)
    if pa.types.is_decimal(kind):
        return there.cast(pa.decimal128(38, kind.scale)).cast(kind)
    return pc.coalesce(there.cast(pa.decimal128(38, _DIGITS)).cast(pa.string()), values)


def _needs(place: Place) -> frozenset[str]:
    moves = place.options["jitter_km"] is not None or place.options["grid_km"] is not None
    return needs_subject(place) | (frozenset({_other(place)}) if moves else frozenset())


def _problem(place: Place) -> str:
    reads(place)
    options = place.options
    moves = [name for name in ("jitter_km", "grid_km") if options[name] is not None]
    if len(moves) == 2:
        return "a position is either moved by `jitter_km` or put on a grid"
    if moves and options["with"] is None:
        return f"`{moves[0]}` needs the position's other column: `with: longitude`"
    _needs(place)
    return ""


def _declare(axis: Axis, other: Axis) -> Declaration:
    return Declaration(
        name=axis,
        summary=(
            f"The {axis} of the city; or the position moved by some kilometres in any direction, or put in the middle "
            f"of its cell, together with the {other}."
        ),
        example=f"{{{axis}: {{jitter_km: 5, with: {other}}}}}",
        kinds=frozenset({"float", "decimal", "text"}),
        build=_build(axis),
        options=(
            Option("jitter_km", "number", "the most kilometres to move; a tenth of them is the least", least=0.01),
            Option("grid_km", "number", "the width of the cells whose middle is kept", least=0.01),
            Option("with", "column", "the column of the same position's other axis"),
            IN_COUNTRY,
            PER,
            DOMAIN,
        ),
        uniqueness=lambda _place: LOSSY,
        length=lambda _place: len("-179.000000"),
        needs=_needs,
        reads=reads,
        problem=_problem,
    )


LATITUDE = _declare("latitude", "longitude")
LONGITUDE = _declare("longitude", "latitude")
