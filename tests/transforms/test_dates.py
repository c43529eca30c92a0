"""What becomes of dates and times: shift_days, jitter."""

import pyarrow as pa
import pytest

from transforms.sample import KEY, PEOPLE, batch, column, masked, people
from understudy import transforms
from understudy.errors import InputError
from understudy.schema import Schema
from understudy.transforms import moments, parse_rule

SECOND, MINUTE, DAY = 1_000_000, 60_000_000, 86_400_000_000
FAR = 2**62


def refused(rule, kind, **more):
    """Why a rule is refused on a column ``v``; empty if it is not."""
    table = people(column("owner", "integer"), column("v", kind, **more))
    found = transforms.refusals(Schema((table,)), {(PEOPLE, "v"): parse_rule(rule)}, {})
    return "; ".join(f"{one.reason} {one.hint}" for one in found)


def ticks(values):
    return values.view(pa.int64()).to_pylist()


class TestShiftDays:
    def test_weeks_keep_the_weekday(self):
        moves = {
            after - before
            for before, after in enumerate(masked({"shift_days": 20, "step": "week"}, range(500), "date"))
        }
        assert moves == {-14, -7, 7, 14}

    @pytest.mark.parametrize("step", ["hour", "minute", "second"])
    def test_finer_steps_move_the_time_of_day_too(self, step):
        moves = [
            t - DAY * n
            for n, t in enumerate(masked({"shift_days": 3, "step": step}, [DAY * n for n in range(300)], "timestamp"))
        ]
        length = moments.LENGTHS[step]
        assert all(move % length == 0 and 0 < abs(move) <= 3 * DAY for move in moves)
        assert sum(move % DAY != 0 for move in moves) > 280

    def test_intervals_of_one_subject_are_kept_to_the_microsecond(self):
        table = people(column("owner", "integer"), column("start", "timestamp"), column("end", "timestamp"))
        rules = {name: parse_rule({"shift_days": 90, "step": "second", "per": "owner"}) for name in ("start", "end")}
        rows = batch(table, owner=[1, 2, 1], start=[0, 0, 5], end=[7 * DAY + 1, 3, 5])
        found = transforms.compile(table, rules, key=KEY, domains={})(rows)
        assert [end - start for start, end in zip(ticks(found["start"]), ticks(found["end"]), strict=True)] == [
            7 * DAY + 1,
            3,
            0,
        ]
        assert ticks(found["start"])[2] - ticks(found["start"])[0] == 5

    def test_the_holder_of_the_key_gets_dates_back_even_at_the_ends_of_time(self):
        table = people(column("seen", "timestamp"))
        rules = {"id": parse_rule("key"), "seen": parse_rule({"shift_days": 90, "per": "id"})}
        rows = batch(table, seen=[0, DAY, None, FAR + 5, -FAR - 5, FAR // 2, 2**63 - 1])
        masked_rows = transforms.compile(table, rules, key=KEY, domains={})(rows)
        back, lost = transforms.restore(table, rules, key=KEY, domains={})
        assert not lost and ticks(masked_rows["seen"]) != ticks(rows["seen"]) and back(masked_rows).equals(rows)

    def test_dates_that_moved_by_themselves_do_not_come_back(self):
        table = people(column("owner", "integer"), column("seen", "date"))
        for rule in ({"shift_days": 9}, {"shift_days": 9, "per": "owner"}):
            _, lost = transforms.restore(table, {"seen": parse_rule(rule)}, key=KEY, domains={})
            assert "lost" in lost["seen"]

    def test_steps_that_do_not_fit_are_refused(self):
        assert "by day or week, not by hour" in refused({"shift_days": 9, "step": "hour"}, "date")
        assert "at least 7 days" in refused({"shift_days": 6, "step": "week"}, "timestamp")


class TestJitter:
    def test_moments_move_by_whole_seconds_and_never_by_none(self):
        found = masked({"jitter": "2 minutes"}, [n * 10**9 for n in range(5000)], "timestamp")
        moves = [after - n * 10**9 for n, after in enumerate(found)]
        assert {move // SECOND for move in moves} == {*range(-120, 121)} - {0} and all(m % SECOND == 0 for m in moves)

    def test_equal_moments_move_alike_unless_drawn_by_the_row(self):
        assert len(set(masked({"jitter": "1 hour"}, [5] * 100, "timestamp"))) == 1
        assert len(set(masked({"jitter": {"most": "1 hour", "by": "row"}}, [5] * 100, "timestamp"))) > 90

    def test_times_of_day_go_round_the_clock(self):
        found = masked({"jitter": "3 hours"}, [MINUTE * n for n in range(1440)], "time")
        around = [(after - MINUTE * n + DAY // 2) % DAY - DAY // 2 for n, after in enumerate(found)]
        assert all(0 <= after < DAY for after in found) and all(0 < abs(move) <= 180 * MINUTE for move in around)
        assert min(found) < MINUTE * 10 and max(found) > DAY - MINUTE * 10

    @pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("ns", "UTC")], ids=str)
    def test_every_precision_moves_by_as_much(self, kind):
        per_second = {"s": 1, "ms": 1000, "ns": 10**9}[kind.unit]
        found = masked({"jitter": "1 minute"}, [0, 1000 * per_second], "timestamp", arrow_type=kind)
        assert 0 < abs(found[0]) <= 60 * per_second and found[0] % per_second == 0

    @pytest.mark.parametrize("length", ["", "30", "minutes", "30 parsecs", "0 hours", "-1 day", "1.5 hours"])
    def test_what_is_no_length_of_time_is_refused(self, length):
        with pytest.raises(InputError, match="no length of time"):
            moments.microseconds(length)
        assert "no length of time" in refused({"jitter": length}, "timestamp")

    def test_lengths_that_do_not_fit_are_refused(self):
        assert "less than 12 hours" in refused({"jitter": "12 hours"}, "time")
        assert "use shift_days" in refused({"jitter": "367 days"}, "timestamp")
