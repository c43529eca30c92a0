"""What was measured, as nouns, JSON and a page: the worst decides, nothing rare is shown, one page holds it all."""

import json
import re

import numpy as np
import pyarrow as pa
import pytest

from checks import sample
from checks.tables import KEY, ORDERS, shop
from checks.test_page import NASTY, read
from understudy.checks import scoring
from understudy.checks.page import page as run_page
from understudy.checks.page.meaning import MEANING
from understudy.checks.quality import LIMITS
from understudy.checks.quality_page import page, section
from understudy.checks.scored import Answer, Scored
from understudy.checks.scores import Score
from understudy.errors import InputError
from understudy.interfaces import Result
from understudy.schema import TableName

PEOPLE = TableName("", "people")
RARE, FORTUNE = "Zebedee Quux", 987_654_321


def people(seed, rare=False):
    """300 people of a town, a pay and a state; the rare ones have a value that is theirs alone in each column."""
    dice = np.random.default_rng(seed)
    town = np.array(["Aach", "Bonn", "Celle", "Dachau"], object)[dice.integers(0, 4, 300)]
    pay = dice.normal(3000, 400, 300).round()
    state = np.where(dice.random(300) < 0.1, None, "well")
    if rare:
        town[7], pay[7], town[20:29] = RARE, FORTUNE, f"{RARE} of nine"
    return pa.table({"town": town.tolist(), "pay": pay, "state": state.tolist(), NASTY: dice.integers(0, 5, 300)})


@pytest.fixture(scope="module")
def scored():
    """Of made rows, a fifth of which are real ones; one real row has values that nobody else has, and leaks."""
    real, made = people(1, rare=True), people(2)
    leaky = pa.concat_tables([real.slice(0, 60), made.slice(60)])
    asked = scoring.Asked(queries={"pay by town": "select town, avg(pay) as pay from people group by town"})
    return scoring.score({PEOPLE: real}, {PEOPLE: leaky}, {PEOPLE: people(3)}, asked, names=("a", "b", "c"))


def test_a_value_that_few_rows_have_is_neither_on_the_page_nor_in_the_json(scored):
    both = page(scored) + json.dumps(scored.json()) + section(scored) + repr(scored.rows(999)) + scored.verdict()
    for shown in (RARE, "Zebedee", str(FORTUNE), f"{FORTUNE:,}", "9.877e+08"):
        assert shown not in both
    assert "Celle" in both, "what many have is shown"


def test_every_bar_stands_for_ten_rows(scored):
    (table,) = scored.tables
    sides = {"real": 300, "made": 300, "holdout": 300}
    for picture in table.pictures:
        assert len(picture.bars) == len(picture.real) == len(picture.made) == len(picture.holdout)
        for side, rows in sides.items():
            assert all(share is None or share * rows >= 9.9 for share in getattr(picture, side))


def test_the_json_says_everything_again(scored):
    document = json.loads(json.dumps(scored.json()))
    again = Scored.from_json(document)
    assert json.loads(json.dumps(again.json())) == document
    assert page(again) == page(scored)
    assert {"version", "passed", "verdict", "real", "made", "holdout", "kind", "answers", "tables"} <= set(document)
    keys = "area table check subject value floor ceiling low high limit lift verdict higher_is_better detail breakdown"
    assert all(set(answer) == set(keys.split()) for answer in document["answers"])
    with pytest.raises(InputError, match="version 99"):
        Scored.from_json({**document, "version": 99})


def test_the_verdict_names_what_failed_worst_first(scored):
    assert not scored.passed
    assert scored.verdict().startswith("fails: ") and "copies" in scored.verdict()
    assert scored.rows()[0][0] == "FAIL" and scored.rows()[-1][0] in ("pass", "note")
    bad = [one for one in scored.worst() if one.bad]
    assert bad[0].area == "privacy"


def test_the_page_is_one_sound_document_without_a_script(scored):
    html = page(scored)
    reading = read(html)
    ids = reading.all("id")
    assert len(ids) == len(set(ids))
    assert {target.removeprefix("#") for target in reading.all("href") if target.startswith("#")} <= set(ids)
    assert "<script" not in html.replace("&lt;script", "") and len(html) < 1_000_000
    assert not re.search(r"@import|url\(|https?://", html)
    [policy] = [a["content"] for tag, a in reading.attributes if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "script-src" not in policy
    assert "prefers-color-scheme: dark" in html and "@media print" in html


def test_the_page_says_in_words_what_it_found_and_what_that_means(scored):
    text = read(page(scored)).text
    assert text.index("Fails:") < text.index("What to do") < text.index("Privacy Every attack")
    assert "Distance is not proof" in text and "Do not give these rows away" in text
    assert "What betrays the data" in text or "AUC" in text
    assert "Gretel" in text and "They decide nothing here" in text
    assert "pay by town" in text


def test_pictures_are_told_to_who_cannot_see_them(scored):
    labels = [label for label in read(page(scored)).all("aria-label") if "farthest apart" in label]
    assert len(labels) == len(scored.tables[0].pictures)


def test_a_run_s_page_takes_the_sections_in(scored):
    html = run_page(sample.small(), section(scored) + section(scored, "measured-2"))
    ids = read(html).all("id")
    assert len(ids) == len(set(ids)) and "measured-privacy" in ids
    assert 'href="#measured"' in html and 'href="#measured"' not in run_page(sample.small())


def test_without_a_holdout_privacy_fails_and_says_so():
    found = scoring.score({PEOPLE: people(1)}, {PEOPLE: people(2)})
    assert not found.passed and "could not be measured" in found.verdict()
    assert any("no holdout" in note for note in found.notes)


def test_a_lacking_table_fails_and_tables_are_judged_together():
    real, made, held = shop(1), shop(2, orphan=True), shop(3)
    asked = scoring.Asked(foreign_keys=(KEY,), rows=100, attacked=60, kind="masked")
    found = scoring.score(real, {ORDERS: made[ORDERS]}, held, asked)
    assert any(one.bad and one.table == "users" and "no such table" in one.score.detail for one in found.answers)
    both = scoring.score(real, made, held, asked)
    assert ("integrity", KEY.id) in {(one.score.name, one.score.subject) for one in both.of("relations") if one.bad}
    text = read(page(both)).text
    assert "Between tables" in text and f"Integrity {KEY.id}" in text
    privacy = text[text.index("Privacy Rows of a masked") : text.index("Between tables The bar")]
    assert privacy.index("users Check") < privacy.index("orders Check"), "each table has its own list"


def test_a_masked_copy_is_asked_for_originals_crowds_and_joins_not_attacked():
    real = pa.table({"mail": [f"p{n}@example.org" for n in range(200)], "town": ["a", "b", "c", "d"] * 50})
    masked = pa.table({"mail": [f"q{n}@example.org" for n in range(200)], "town": ["d", "a", "b", "c"] * 50})
    asked = scoring.Asked(kind="masked", quasi={PEOPLE: ["town"]}, identifying={PEOPLE: {"mail": "email"}})
    found = scoring.score({PEOPLE: real}, {PEOPLE: masked}, None, asked)
    by_name = {one.score.name: one for one in found.answers}
    assert found.passed and by_name["k-anonymity"].score.value == 50
    assert "near copies" not in by_name and "somebody's" in read(page(found)).text
    left = pa.table({"mail": real["mail"].slice(0, 20).to_pylist() + masked["mail"].slice(20).to_pylist(),
                     "town": masked["town"]})  # fmt: skip
    leaky = scoring.score({PEOPLE: real}, {PEOPLE: left}, None, asked)
    assert leaky.verdict() == "fails: originals"
    assert "20 of 200 originals" in leaky.worst()[0].score.detail


def test_every_check_that_has_a_limit_has_words():
    assert set(LIMITS) <= set(MEANING)


def test_nothing_measured_is_no_pass():
    assert not Scored("a", "b", "", (), ()).passed
    one = Answer("quality", "t", Score("trend", "t", 1.0), Result("trend", "t", "note", 1.0))
    assert Scored("a", "b", "", (), (one,)).passed


def test_numbers_that_only_name_rows_are_not_compared():
    def numbered(seed, first):
        return people(seed).append_column("id", pa.array(np.arange(300) * 17 + first))

    asked = scoring.Asked(kind="masked")
    found = scoring.score({PEOPLE: numbered(1, 0)}, {PEOPLE: numbered(2, 10**6)}, None, asked)
    assert "id not compared: keys" in found.tables[0].notes
    assert "id" not in {one.score.subject for one in found.answers if one.score.name == "shape"}
