"""Days as people write them, read and written again."""

from datetime import date, timedelta

import pytest

from understudy.transforms.written_dates import read


@pytest.mark.parametrize(
    ("text", "day", "later"),
    [
        ("2021-12-31", date(2021, 12, 31), "2022-01-05"),
        ("2021-12-31T14:48:14Z", date(2021, 12, 31), "2022-01-05T14:48:14Z"),
        ("12/31/2021", date(2021, 12, 31), "01/05/2022"),
        ("04/17/1960", date(1960, 4, 17), "04/22/1960"),
        ("31.12.2021", date(2021, 12, 31), "05.01.2022"),
        ("28.02.21", date(2021, 2, 28), "05.03.21"),
        ("4/5/75", date(1975, 4, 5), "4/10/75"),
        ("May 30th, 2021", date(2021, 5, 30), "June 4th, 2021"),
        ("Nov 28", date(2023, 11, 28), "Dec 3"),
        ("28. Dezember 2021", date(2021, 12, 28), "2. Januar 2022"),
        ("28. April 2021", date(2021, 4, 28), "3. Mai 2021"),
        ("28 avril 2021", date(2021, 4, 28), "3 mai 2021"),
        ("28 de dezembro de 2021", date(2021, 12, 28), "2 de janeiro de 2022"),
        ("December 2021", date(2021, 12, 15), "December 2021"),
        ("2021年12月31日", date(2021, 12, 31), "2022年01月05日"),
    ],
)
def test_a_day_is_read_and_one_five_days_later_is_written_alike(text, day, later):
    found = read(text)
    assert found is not None and found.day == day
    assert found.write(day) == text
    assert found.write(day + timedelta(days=5)) == later


def test_an_order_that_nothing_tells_is_the_american_one_unless_the_rule_says_otherwise():
    assert read("4/5/2021").day == date(2021, 4, 5)
    assert read("4/5/2021", day_first=True).day == date(2021, 5, 4)


@pytest.mark.parametrize("text", ["2021-02-30", "30/30/2021", "31 April", "soon", ""])
def test_what_is_no_day_is_none(text):
    assert read(text) is None
