"""Tables drawn from known rules, of kinds that synthesizers find hard: accounts month by month, and weather."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

Floats = np.ndarray


def accounts(rows: int = 24_000) -> pa.Table:
    """Half a year of credit cards: what is paid is often the very bill of the month before, a round sum, or nothing."""
    rng = np.random.default_rng(5)
    rich = rng.normal(size=rows)
    limit = np.clip(np.round(np.exp(11.6 + 0.75 * rich + rng.normal(0, 0.3, rows)) / 1e4) * 1e4, 1e4, 8e5)
    age = np.clip(np.round(rng.gamma(8, 2.2, rows) + 20), 21, 79)
    late = np.zeros((rows, 6))
    late[:, 0] = rng.choice([-2, -1, 0, 1, 2], rows, p=[0.1, 0.2, 0.5, 0.08, 0.12])
    for month in range(1, 6):
        fresh = rng.choice([-2, -1, 0, 2], rows, p=[0.12, 0.2, 0.53, 0.15])
        late[:, month] = np.where(rng.random(rows) < 0.75, late[:, month - 1], fresh)
    bill, paid = np.zeros((2, rows, 6))
    bill[:, 5] = np.round(limit * rng.beta(0.8, 1.5, rows) * (late[:, 5] > -2))
    paid[:, 5] = np.round(bill[:, 5] * rng.beta(1, 8, rows))
    for month in range(4, -1, -1):
        before, how = bill[:, month + 1], rng.random(rows)
        part = np.round(before * np.where(how < 0.25, 1, np.where(how < 0.45, 0, rng.beta(1, 8, rows))))
        round_sum = (how >= 0.45) & (rng.random(rows) < 0.5)
        paid[:, month] = np.clip(np.where(round_sum, np.round(part / 1_000) * 1_000, part), 0, None)
        spent = limit * 0.1 * rng.exponential(0.3, rows) * (late[:, month] > -2)
        left = before * rng.normal(1.02, 0.05, rows) - paid[:, month] + spent
        bill[:, month] = np.round(np.clip(left, -500, limit * 1.1))
    odds = 1.8 - 1.1 * (late[:, 0] > 0) - 0.5 * (late[:, 1] > 0) + 0.4 * rich
    months = {f"{name}_{month}": values[:, month].astype(int)
              for name, values in (("late", late), ("bill", bill), ("paid", paid)) for month in range(6)}  # fmt: skip
    person = {
        "limit": limit.astype(int),
        "sex": rng.integers(1, 3, rows),
        "education": np.clip(np.round(2 - 0.6 * rich + rng.normal(0, 0.8, rows)), 1, 4).astype(int),
        "marriage": np.where(rng.random(rows) < 1 / (1 + np.exp((33 - age) / 5)), 1, 2),
        "age": age.astype(int),
    }
    return pa.table({**person, **months, "default": (rng.random(rows) < 1 / (1 + np.exp(odds))).astype(int)})


def _drifting(rng: np.random.Generator, rows: int, keeps: float, step: float) -> Floats:
    """A series that keeps a part of what it was and moves a little, from each row to the next."""
    found, steps = np.zeros(rows), rng.normal(0, step, rows)
    for at in range(1, rows):
        found[at] = keeps * found[at - 1] + steps[at]
    return found


def weather(rows: int = 40_000) -> pa.Table:
    """Hours of nearly five years at one station: all depends on the season, the hour, and the hour before."""
    rng = np.random.default_rng(6)
    hours = np.arange(rows)
    when = np.datetime64("2010-01-02T00", "h") + hours
    month = when.astype("datetime64[M]")
    season = np.cos((hours / 24 - 200) / 365.25 * 2 * np.pi)
    heat = 12 + 15 * season + 4 * np.cos((hours % 24 - 15) / 24 * 2 * np.pi)
    warm = np.round(heat + _drifting(rng, rows, 0.985, 0.5))
    dew = np.round(warm - 8 - 6 * np.abs(_drifting(rng, rows, 0.97, 0.25)) + 3 * season)
    turn, which = rng.random(rows), rng.integers(0, 4, rows)
    gust = np.maximum(np.round(np.exp(rng.normal(0.8, 0.8, rows)) / 0.447) * 0.447, 0.447)
    wind, blown = np.zeros(rows, int), np.zeros(rows)
    for at in range(rows):
        turns = at == 0 or turn[at] < 0.25
        wind[at] = which[at] if turns else wind[at - 1]
        blown[at] = gust[at] + (0 if turns else blown[at - 1])
    haze = 4.2 + 0.03 * (dew - warm + 10) - 0.15 * np.log(blown) * (wind < 2) + _drifting(rng, rows, 0.97, 0.29)
    return pa.table(
        {
            "year": when.astype("datetime64[Y]").astype(int) + 1970,
            "month": month.astype(int) % 12 + 1,
            "day": (when.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(int) + 1,
            "hour": hours % 24,
            "haze": pa.array(np.round(np.exp(haze)).astype(int), mask=rng.random(rows) < 0.04),
            "dew_point": dew,
            "temperature": warm,
            "pressure": np.round(1016 - 9 * season + _drifting(rng, rows, 0.99, 0.4)),
            "wind": np.array(["NW", "NE", "SE", "calm"])[wind],
            "blown": np.round(blown, 2),
            "snow": np.where((warm < 1) & (rng.random(rows) < 0.05), rng.geometric(0.4, rows), 0),
            "rain": np.where(rng.random(rows) < 0.04, rng.geometric(0.3, rows), 0),
        }
    )
