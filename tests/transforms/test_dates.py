"""What becomes of dates and times: shift_days, jitter, as_date, timeline, age."""

import re
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.sample import KEY, PEOPLE, batch, column, masked, people
from understudy import transforms
from understudy.errors import Error, InputError
from understudy.schema import Schema
from understudy.transforms import moments, parse_rule
from understudy.transforms.date_texts import DateFormat

SECOND, MINUTE, DAY = 1_000_000, 60_000_000, 86_400_000_000
FAR, INFINITY = 2**62, 2**63 - 1


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


MONTH = {"shift_days": 30}


class TestDateFormat:
    @pytest.mark.parametrize(
        ("text", "written", "day"),
        [
            ("%d.%m.%Y", "31.12.2020", "2020-12-31"),
            ("%Y%m%d", "20200229", "2020-02-29"),
            ("%-m/%-d/%Y", "3/14/2021", "2021-03-14"),
            ("%-m/%-d/%Y", "12/31/2021", "2021-12-31"),
            ("%d %b %y", "01 Mar 68", "2068-03-01"),
            ("%d %b %y", "01 Mar 69", "1969-03-01"),
            ("%Y-%m-%dT%H:%M:%S", "1815-12-10T23:59:59", "1815-12-10T23:59:59"),
            ("%Y-%m-%d %H:%M:%S.%3f", "2020-01-01 00:00:00.007", "2020-01-01T00:00:00.007"),
            ("%Y-%m-%d %H:%M:%S.%f%z", "2020-01-01 00:00:00.000007+05:30", "2020-01-01T00:00:00.000007"),
            ("%m/%Y", "02/2020", "2020-02-01"),
            ("100%% %Y", "100% 2020", "2020-01-01"),
        ],
    )
    def test_what_is_read_is_written_again(self, text, written, day):
        found, good = DateFormat(text).read(pa.array([written, None, "?"]))
        assert good.tolist() == [True, False, False] and np.datetime64(int(found[0]), "us") == np.datetime64(day)
        assert DateFormat(text).write(found[:1], pa.array([written])).to_pylist() == [written]

    @pytest.mark.parametrize(
        "written",
        [
            "30.02.2020",
            "29.02.1900",
            "00.01.2020",
            "01.13.2020",
            "1.1.2020",
            "01.01.0000",
            "01-01-2020",
            " 01.01.2020",
            "01.01.2020 ",
            "٠١.٠١.٢٠٢٠",
            "",
        ],
    )
    def test_what_is_no_date_or_not_written_so_is_not_read(self, written):
        assert not DateFormat("%d.%m.%Y").read(pa.array([written]))[1].any()
        assert not DateFormat("%-d.%-m.%Y").read(pa.array(["01.1.2020"]))[1].any()

    @given(
        st.lists(st.dates(), min_size=1), st.sampled_from(["%d.%m.%Y", "%-m/%-d/%Y", "%b %-d, %Y", "%Y-%m-%d %H:%M"])
    )
    @settings(max_examples=60, deadline=None)
    def test_every_day_is_written_as_python_writes_it(self, days, text):
        moments_there = np.array(days, "M8[us]").view(np.int64)
        written = DateFormat(text).write(moments_there, pa.nulls(len(days), pa.string())).to_pylist()
        assert written == [f"{day.strftime(text.replace('%Y', '~')).replace('~', f'{day.year:04}')}" for day in days]
        found, good = DateFormat(text).read(pa.array(written))
        assert good.all() and (found == moments_there).all()

    @pytest.mark.parametrize("text", ["%Q", "%d.%m", "%Y%Y", "%Y-%m-%b", "%Y %", "%z%Y", "%Y %f %3f"])
    def test_formats_that_are_none_are_named(self, text):
        with pytest.raises(InputError, match=re.escape(repr(text))):
            DateFormat(text)


GERMAN = {"as_date": "%d.%m.%Y", "rule": MONTH}


class TestAsDate:
    def test_dates_in_texts_move_as_dates_do(self):
        texts = [f"{day:02}.03.2020" for day in range(1, 32)]
        found = masked(GERMAN, texts)
        moves = [
            (datetime.strptime(b, "%d.%m.%Y") - datetime.strptime(a, "%d.%m.%Y")).days
            for a, b in zip(texts, found, strict=True)
        ]
        assert all(0 < abs(move) <= 30 for move in moves) and len(set(moves)) > 10

    def test_every_text_stays_in_the_format_it_came_in(self):
        rule = {"as_date": {"formats": ["%Y-%m-%d", "%-m/%-d/%y", "%Y-%m-%dT%H:%M:%S%z"], "rule": MONTH}}
        dashed, slashed, zoned = masked(rule, ["2020-03-01", "3/1/20", "2020-03-01T10:11:12+02:00"])
        assert re.fullmatch(r"2020-0\d-\d\d", dashed) and re.fullmatch(r"\d/\d{1,2}/20", slashed)
        assert re.fullmatch(r"2020-0\d-\d\dT10:11:12\+02:00", zoned)

    def test_blank_texts_and_dates_that_mean_never_stay(self):
        values = ["", "  ", None, "31.12.9999", "01.01.0001"]
        assert masked(GERMAN, values) == values

    def test_what_is_no_date_stops_the_run_or_is_redacted_and_never_passes(self):
        with pytest.raises(Error, match=r"2 values of people\.v are not written as %d\.%m\.%Y") as caught:
            masked(GERMAN, ["01.01.2020", "born in May", "2020-01-01"])
        assert "May" not in str(caught.value)
        found = masked({**GERMAN, "unreadable": "redact"}, ["born in May", "01.06.2020"], max_length=10)
        assert found[0] == "REDACTED" and found[1].endswith("20")

    def test_other_rules_for_dates_work_inside_too(self):
        assert masked({"as_date": "%d.%m.%Y", "rule": {"bucket": "year"}}, ["17.05.1980"]) == ["01.01.1980"]
        rule = {"as_date": "%Y-%m-%d %H:%M:%S", "rule": {"bucket": "hour"}}
        assert masked(rule, ["2020-01-01 10:59:59"]) == ["2020-01-01 10:00:00"]
        assert masked({"as_date": "%d.%m.%Y", "rule": {"clamp": {"least": "1935-01-01"}}}, ["01.05.1901"]) == [
            "01.01.1935"
        ]

    def test_subjects_move_alike_in_texts_counts_and_dates_and_all_come_back(self):
        table = people(column("text"), column("count", "integer"), column("day", "date"))
        shift = {"shift_days": 30, "per": "id"}
        rules = {
            "id": parse_rule("key"),
            "text": parse_rule({"as_date": "%Y-%m-%d", "rule": shift}),
            "count": parse_rule({"as_date": {"unit": "seconds", "rule": shift}}),
            "day": parse_rule(shift),
        }
        rows = batch(table, text=["1970-02-01", "1970-02-01"], count=[31 * 86_400] * 2, day=[31, 31])
        found = transforms.compile(table, rules, key=KEY, domains={})(rows)
        for row in found.to_pylist():
            assert row["text"] == str(row["day"]) and row["count"] == (row["day"] - date(1970, 1, 1)).days * 86_400
        back, lost = transforms.restore(table, rules, key=KEY, domains={})
        assert not lost and back(found).equals(rows)

    def test_counts_of_never_stay(self):
        zero, never, null, moved = masked(
            {"as_date": {"unit": "milliseconds", "rule": MONTH}}, [0, -1, None, 10**9], "integer"
        )
        assert (zero, never, null) == (0, -1, None) and (moved - 10**9) % 86_400_000 == 0 and moved != 10**9

    @pytest.mark.parametrize(
        ("rule", "kind", "reason"),
        [
            ({"as_date": "%d.%m", "rule": MONTH}, "text", "where the year is"),
            ({"as_date": {"rule": MONTH}}, "text", "either a format or several"),
            ({"as_date": {"rule": MONTH}}, "integer", "give its `unit`"),
            ({"as_date": "%d.%m.%Y", "rule": "email"}, "text", "email does not take date"),
            ({"as_date": "%d.%m.%Y", "rule": {"shift_days": 3, "step": "week"}}, "text", "at least 7 days"),
            ({"as_date": "%d.%m.%Y", "rule": {"shift_days": 3, "per": "nobody"}}, "text", "people.nobody"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, rule, kind, reason):
        assert reason in refused(rule, kind)


class TestTimeline:
    def orders(self, rules, **values):
        table = people(*(column(name, "timestamp") for name in ("created", "paid", "shipped")), column("due", "date"))
        parsed = {name: parse_rule(rule) for name, rule in rules.items()}
        data = batch(table, **values)
        return table, parsed, data, transforms.compile(table, parsed, key=KEY, domains={})(data)

    def test_distances_are_kept_whatever_the_other_date_became(self):
        rules = {"created": {"shift_days": 300}, "paid": {"timeline": "created"}, "due": {"timeline": "created"}}
        created, paid, due = [0, 5 * DAY, 9], [1, 5 * DAY, 9 + 40 * DAY], [14, 19, 14]
        _, _, _, found = self.orders(rules, created=created, paid=paid, due=due)
        starts = ticks(found["created"])
        assert [a - b for a, b in zip(ticks(found["paid"]), starts, strict=True)] == [1, 0, 40 * DAY]
        days = found["due"].view(pa.int32()).to_pylist()
        assert [day - start // DAY for day, start in zip(days, starts, strict=True)] == [14, 14, 14]

    @given(st.lists(st.tuples(*[st.integers(0, 10**13)] * 3), min_size=1, max_size=20))
    @settings(max_examples=50, deadline=None)
    def test_ordered_dates_stay_ordered_though_their_distances_change(self, rows):
        rules = {
            "created": {"random": {"least": "2000-01-01", "most": "2020-01-01", "per": "id"}},
            "paid": {"timeline": "created", "ratio": 0.9},
            "shipped": {"timeline": "paid", "ratio": 1},
        }
        values = [sorted(row) for row in rows]
        names = ("created", "paid", "shipped")
        _, _, _, found = self.orders(rules, **{name: [row[n] for row in values] for n, name in enumerate(names)})
        for created, paid, shipped in zip(*(ticks(found[name]) for name in names), strict=True):
            assert created <= paid <= shipped

    def test_where_the_other_date_is_empty_a_date_moves_by_itself(self):
        rules = {"created": MONTH, "paid": {"timeline": "created", "days": 5}}
        _, _, _, found = self.orders(rules, created=[None, INFINITY], paid=[0, DAY // 2])
        first, second = ticks(found["paid"])
        assert 0 < abs(first) <= 5 * DAY and (second - DAY // 2) % DAY == 0 and second != DAY // 2

    def test_distances_to_a_date_that_nobody_masks_would_show_the_original(self):
        with pytest.raises(Error, match=r"people\.paid keeps its distance to created, which has no rule"):
            self.orders({"paid": {"timeline": "created"}}, created=[0], paid=[5])

    def test_the_holder_of_the_key_gets_dates_back(self):
        table = people(column("created", "timestamp", nullable=False), column("paid", "timestamp"))
        rules = {"created": {"shift_days": 300, "per": "id"}, "paid": {"timeline": "created"}}
        parsed = {name: parse_rule(rule) for name, rule in rules.items()}
        rows = batch(table, created=[0, 5 * DAY], paid=[1, None])
        back, lost = transforms.restore(table, parsed, key=KEY, domains={})
        assert not lost and back(transforms.compile(table, parsed, key=KEY, domains={})(rows)).equals(rows)

    def test_what_does_not_fit_is_refused(self):
        assert "holds no dates" in refused({"timeline": "owner"}, "date")
        assert "no distance to itself" in refused({"timeline": "v"}, "date")
        assert "people.nobody" in refused({"timeline": "nobody"}, "date")


class TestAge:
    def ages(self, born, values, on="2025-06-15", **more):
        table = people(column("born", "date"), column("seen", "date"), column("v", "integer"))
        rule = {"v": parse_rule({"age": {"born": "born", "on": on, **more}})}
        rows = batch(
            table,
            born=[(date.fromisoformat(day) - date(1970, 1, 1)).days if day else None for day in born],
            seen=[20_000] * len(born),
            v=values,
        )
        return transforms.compile(table, rule, key=KEY, domains={})(rows)["v"].to_pylist()

    def test_birthdays_are_counted_and_nobody_is_older_than_the_limit(self):
        born = ["2000-06-15", "2000-06-16", "2024-07-01", "1900-01-01", "2030-01-01"]
        assert self.ages(born, [1] * 5) == [25, 24, 0, 90, 0]
        assert self.ages(["1900-01-01"], [1], most=80) == [80]

    def test_ages_may_be_counted_on_a_day_of_the_row(self):
        assert self.ages(["2000-10-05"], [1], on="seen") == [23]  # seen on 2024-10-04

    def test_without_a_date_of_birth_ages_are_told_in_steps_of_five_years(self):
        assert self.ages([None, None, None], [43, 104, None]) == [40, 90, None]

    def test_what_does_not_fit_is_refused(self):
        assert "holds no dates" in refused({"age": {"born": "owner", "on": "2020-01-01"}}, "integer")
        assert "people.noday" in refused({"age": {"born": "owner", "on": "noday"}}, "integer")


class TestBucketOfDates:
    def test_moments_become_the_start_of_their_hour(self):
        assert masked({"bucket": "hour"}, [3_600 * SECOND + 5, -1], "timestamp") == [3_600 * SECOND, -3_600 * SECOND]

    def test_times_of_day_become_the_start_of_their_hour(self):
        assert masked({"bucket": "hour"}, [MINUTE * 61, MINUTE * 59 + 5], "time") == [MINUTE * 60, 0]

    def test_dates_have_no_hours_and_hours_no_days(self):
        assert "one of day, week" in refused({"bucket": "hour"}, "date")
        assert "one of second, minute, hour" in refused({"bucket": "day"}, "time")
