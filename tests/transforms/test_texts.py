"""Texts: hidden, scrambled, replaced by others of the same form."""

import re

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laws.case import Case
from transforms.sample import KEY, OTHER_KEY, batch, column, mask_array, masked, people, restored
from understudy import transforms
from understudy.errors import Error, InputError
from understudy.transforms import Key, parse_rule
from understudy.transforms.matches import flaw, matches

few = settings(max_examples=30, deadline=None)


class TestScramble:
    def test_every_character_stays_of_its_kind(self):
        (found,) = masked("scramble", ["Ada Lovelace, 10 Downing Street (London)!"])
        assert re.fullmatch(r"[A-Z][a-z]{2} [A-Z][a-z]{7}, \d\d [A-Z][a-z]{6} [A-Z][a-z]{5} \([A-Z][a-z]{5}\)!", found)

    def test_first_and_last_characters_can_stay_where_others_are_left(self):
        found = masked({"scramble": {"first": 2, "last": 1}}, ["żółć-12", "abc", "abcd"])
        assert found[0].startswith("żó") and found[0].endswith("2") and found[0] != "żółć-12"
        assert found[1] != "abc" and found[1][0] + found[1][2] != "ac" and found[2][::3] + found[2][1] == "adb"

    def test_digits_alone_can_change(self):
        assert re.fullmatch(r"room \d\d, floor \d", masked({"scramble": {"only": "digits"}}, ["room 12, floor 3"])[0])
        assert masked({"scramble": {"only": "letters"}}, ["room 12"])[0].endswith(" 12")

    def test_a_column_that_ignores_case_gets_one_spelling(self):
        first, second = masked("scramble", ["Straße", "STRAßE"], key_sql="lower(v)")
        assert first == second == first.lower()

    @few
    @given(st.lists(st.text(max_size=40), max_size=15))
    def test_whoever_has_the_key_gets_them_back(self, texts):
        assert restored("scramble", texts) == texts
        assert restored({"scramble": {"first": 1, "last": 2, "only": "letters"}}, texts) == texts

    def test_article_numbers_keep_their_start_and_stay_different(self):
        found = masked({"sku": {"first": 3}}, [f"TV-{number:05}-X" for number in range(3000)])
        assert all(re.fullmatch(r"TV-\d{5}-[A-Z]", one) for one in found) and len(set(found)) == 3000


class TestMask:
    def test_what_stands_before_or_after_a_mark_can_stay(self):
        assert masked({"mask": {"first": 1, "until": "@"}}, ["ada@x.org", "żółć@x", "ada"]) == [
            "a**@x.org",
            "ż***@x",
            "a**",
        ]
        assert masked({"mask": {"after": ": "}}, ["name: Ada", "Ada"]) == ["name: ***", "***"]

    def test_the_number_of_marks_can_hide_how_much_is_hidden(self):
        assert masked({"mask": {"first": 1, "last": 1, "count": 3}}, ["ada", "lovelace", "ab", ""]) == [
            "a***a",
            "l***e",
            "***",
            "",
        ]
        assert masked({"mask": {"count": 9}}, ["ada"], max_length=4) == ["****"]

    @few
    @given(st.lists(st.text(st.characters(max_codepoint=127), max_size=12) | st.none(), max_size=6))
    def test_what_stays_does_not_depend_on_other_rows(self, texts):
        rule = {"mask": {"first": 1, "last": 2, "separators": True, "char": "x"}}
        assert masked(rule, texts) == masked(rule, [*texts, "żó-łć"])[:-1]

    def test_separators_can_stay(self):
        assert masked({"mask": {"last": 4, "separators": True}}, ["4111-2222 3333", "żó-łć"]) == [
            "****-**** 3333",
            "*ó-łć",
        ]

    @pytest.mark.parametrize(
        "options", [{"char": "ab"}, {"until": "@", "after": "@"}, {"until": ""}, {"separators": True, "count": 2}]
    )
    def test_options_that_exclude_one_another_are_refused(self, options):
        with pytest.raises(InputError):
            masked({"mask": options}, ["x"])

    def test_a_text_can_be_cut(self):
        assert masked({"truncate": 3}, ["SW1A 1AA", "żółć", "a", None]) == ["SW1", "żół", "a", None]


class TestRegexMatches:
    def test_matches_are_found_where_they_stand(self):
        found = matches(pa.array(["żó12 3", None, "", "45"]), r"\d+")
        assert found.starts.tolist() == [4, 7, 8] and found.stops.tolist() == [6, 8, 10]
        assert found.row.tolist() == [0, 0, 3]

    @few
    @given(st.lists(st.text(alphabet="a1 é\n", max_size=12), max_size=8))
    def test_they_are_those_that_everybody_finds(self, texts):
        found = matches(pa.array(texts, pa.string()), r"a+|1\s")
        got = [found.data[a:b].tobytes().decode() for a, b in zip(found.starts, found.stops, strict=True)]
        assert got == [one for text in texts for one in re.findall(r"a+|1\s", text)]
        assert found.data.tobytes().decode() == "".join(texts)

    def test_a_match_of_nothing_is_none(self):
        assert len(matches(pa.array(["abc"]), "x*").starts) == 0

    def test_a_flaw_is_told(self):
        assert flaw("a+") == "" and "missing )" in flaw("(")


class TestRegex:
    NOTE = "call 0170 1234567 or ada@x.org"

    def test_matches_are_replaced_and_groups_may_stay(self):
        assert masked({"regex_replace": {r"(\d\d)\d+": r"\1xx", r"\bor\b": "&"}}, [self.NOTE]) == [
            "call 01xx 12xx & ada@x.org"
        ]

    def test_matches_become_one_text_or_as_many_characters(self):
        assert masked({"regex_redact": r"\S+@\S+"}, [self.NOTE]) == ["call 0170 1234567 or REDACTED"]
        assert masked({"regex_redact": r"\d{5,}", "text": r"\1?"}, [self.NOTE]) == [r"call 0170 \1? or ada@x.org"]
        assert masked({"regex_redact": r"[\pL@.]{4,}", "char": "x"}, [self.NOTE, "żółć 1"]) == [
            "xxxx 0170 1234567 or xxxxxxxxx",
            "xxxx 1",
        ]

    def test_matches_can_change_by_rules_of_their_own(self):
        (found,) = masked({"regex": {r"\S+@\S+": "email", r"\d[\d ]+\d": "scramble"}}, [self.NOTE])
        assert re.fullmatch(r"call \d{4} \d{7} or [a-z.]+\.[a-z2-7]{10}@example\.\w{3}", found)
        assert found.endswith(masked("email", ["ada@x.org"])[0])

    def test_a_rule_for_matches_may_read_the_row(self):
        table = people(column("name"), column("v"))
        rules = {"name": parse_rule("first_name"), "v": parse_rule({"regex": {"@name": {"template": "{name}"}}})}
        rows = batch(table, name=["Ada", "Bob"], v=["Dear @name, @name!", "nobody"])
        found = transforms.compile(table, rules, key=KEY, domains={})(rows).to_pylist()
        assert found[0]["v"] == f"Dear {found[0]['name']}, {found[0]['name']}!" and found[1]["v"] == "nobody"

    def test_texts_in_which_nothing_matches_can_be_redacted(self):
        for rule in ({"regex": {r"\d": "scramble"}}, {"regex_replace": {r"\d": "#"}}, {"regex_redact": r"\d"}):
            first, second, third = masked({**rule, "unmatched": "redact"}, ["a1", "ada", None])
            assert first != "REDACTED" and second == "REDACTED" and third is None

    @pytest.mark.parametrize(
        ("rule", "why"),
        [
            ({"regex_replace": {"(": "x"}}, "no regular expression"),
            ({"regex_replace": {"a": r"\3"}}, "cannot stand for a match"),
            ({"regex_replace": {"a": {"b": "c"}}}, "is a text"),
            ({"regex_redact": "["}, "no regular expression"),
            ({"regex_redact": "a", "char": "é"}, "one ASCII character"),
            ({"regex": {"(": "email"}}, "no regular expression"),
            ({"regex": {"a": {"shift_days": 3}}}, "does not take text"),
        ],
    )
    def test_mistakes_are_told(self, rule, why):
        with pytest.raises(InputError, match=why):
            masked(rule, ["x"])


class TestFromRegex:
    def test_stand_ins_match(self):
        found = masked({"from_regex": r"[A-Z]{3}-\d{4}"}, ["ABC-1234", "anything", "ABC-123"])
        assert all(re.fullmatch(r"[A-Z]{3}-\d{4}", one) for one in found) and found[0] != "ABC-1234"

    def test_of_values_that_match_already_all_stay_different_and_none_stays(self):
        codes = [f"{sex}-{number:0{width}}" for sex in "MF" for width in (2, 3) for number in range(10**width)]
        rule = {"from_regex": {"pattern": r"(M|F)-\d{2,3}", "unmatched": "refuse"}}
        found = masked(rule, codes)
        assert sorted(found) == sorted(codes)
        assert all(before != after for before, after in zip(codes, found, strict=True))
        assert restored(rule, codes) == codes

    def test_shapes_that_overlap_do_not_collide(self):
        codes = [first + second for first in "abc" for second in "abcd"]
        rule = {"from_regex": {"pattern": "[ab][a-d]|[a-c][a-d]", "unmatched": "refuse"}}
        assert sorted(masked(rule, codes)) == codes and restored(rule, codes) == codes

    def test_what_does_not_match_can_be_refused_without_naming_it(self):
        with pytest.raises(Error, match="2 values do not match") as error:
            masked({"from_regex": {"pattern": r"\d", "unmatched": "refuse"}}, ["secret", "7", None, "other"])
        assert "secret" not in str(error.value)

    def test_drawn_values_do_not_come_back(self):
        with pytest.raises(InputError, match="lead nowhere back"):
            restored({"from_regex": r"\d"}, ["7"])

    def test_another_key_draws_others(self):
        rule, values = {"from_regex": r"\w{12}"}, [str(number) for number in range(50)]
        assert not set(masked(rule, values)) & set(mask_array(rule, values, key=OTHER_KEY).to_pylist())

    def test_how_far_a_single_choice_turns_is_the_keys_secret(self):
        rule = {"from_regex": {"pattern": "[a-z]", "unmatched": "refuse"}}
        steps = {mask_array(rule, ["a"], key=Key(bytes([number] * 32)))[0].as_py() for number in range(20)}
        assert len(steps) > 5 and "a" not in steps
        assert restored(rule, list("xyz")) == list("xyz")

    def test_all_of_a_pattern_is_drawn(self):
        found = masked({"from_regex": "[ab]?|x{3}"}, [f"other {number}" for number in range(200)])
        assert set(found) == {"", "a", "b", "xxx"}

    def test_a_simple_pattern_has_its_own_marks(self):
        assert re.fullmatch(r"[1-9]\d-[A-Z]{2}", masked({"pattern": "%#-??"}, ["x"])[0])
        assert re.fullmatch(r"[a-z]{3}", masked({"pattern": "???", "letters": "lower"}, ["x"])[0])

    def test_how_many_there_are_decides_whether_a_unique_column_may_have_it(self):
        assert Case({"pattern": "####"}).uniqueness.collision(1000) > 0.99
        assert Case({"from_regex": {"pattern": r"\d{4}", "unmatched": "refuse"}}).uniqueness.collision(1000) == 0


class TestLorem:
    TEXTS = ("Dear Ada, your parcel is lost.", "x", "ab", "żółć", "one two three " * 4000)

    def test_there_are_as_many_characters(self):
        assert [len(one) for one in masked("lorem", self.TEXTS)] == [len(text) for text in self.TEXTS]

    def test_or_as_many_words(self):
        found = masked({"lorem": {"like": "words"}}, self.TEXTS)
        assert [len(one.split()) for one in found] == [len(text.split()) for text in self.TEXTS]
        assert all(len(one.split()) == 3 for one in masked({"lorem": {"words": 3}}, self.TEXTS))

    def test_it_reads_like_latin(self):
        (found,) = masked("lorem", ["My name is Ada Lovelace and I live at 10 Downing Street in London."])
        assert re.fullmatch(r"[A-Z][a-z]+( [A-Za-z]+[.]?)+", found) and "Ada" not in found

    def test_blank_texts_stay_and_equal_ones_agree(self):
        assert masked("lorem", ["", "  ", None]) == ["", "  ", None]
        assert len(set(masked("lorem", ["same text here"] * 3))) == 1


class TestHtmlText:
    def test_tags_entities_and_looks_stay(self):
        (found,) = masked("html_text", ['<p class="big" title="Ada L"><b>Ada</b> &amp; Bob&#33;<br/></p>'])
        assert re.fullmatch(r'<p class="big" title="\w{3} \w"><b>\w{3}</b> &amp; \w{3}&#33;<br/></p>', found)
        assert "Ada" not in found and "Bob" not in found

    @pytest.mark.parametrize(
        ("text", "form"),
        [
            ("<!-- Ada -->", r"<!-- \w{3} -->"),
            ("<![CDATA[Ada]]>", r"<!\[CDATA\[\w{3}\]\]>"),
            ("mail <ada@x.org> now", r"\w{4} <\w{3}@\w\.\w{3}> \w{3}"),
            ("a < b", r"\w < \w"),
            ("<a href=/ada?x>Ada</a>", r"<a href=/\w{3}\?\w>\w{3}</a>"),
            ("<?xml version='1.0'?><n a='Ada'/>", r"<\?xml version='1\.0'\?><n a='\w{3}'/>"),
            ("<style>p {color: red}</style>", r"<style>p {color: red}</style>"),
            ("<!DOCTYPE html><i>x</i>", r"<!DOCTYPE html><i>\w</i>"),
        ],
    )
    def test_what_is_text_changes(self, text, form):
        (found,) = masked("html_text", [text])
        assert re.fullmatch(form, found) and "Ada" not in found and "ada" not in found

    def test_a_text_changes_alike_whatever_tags_are_around_it(self):
        texts = [
            "Ada Byron",
            "<b>Ada Byron",
            "<p class='x'><b title=y>Ada Byron</b></p>",
            "Ada Byron<br/><i>",
            "<i>&lt;Ada Byron",
        ]
        found = masked("html_text", texts)
        assert {re.sub("<[^>]*>|&lt;", "", one) for one in found} == {found[0]} and "Ada" not in found[0]

    def test_what_looks_like_a_kept_attribute_inside_a_value_parts_it(self):
        values = masked("html_text", ['<a title="Ada class=x Byron">', '<a title="Ada class=x Hopper">'])
        assert values[0][:13] == values[1][:13] and values[0] != values[1]

    def test_attributes_can_be_kept(self):
        (found,) = masked({"html_text": {"attributes": "keep"}}, ['<a href="/x/y">Ada</a>'])
        assert found.startswith('<a href="/x/y">') and "Ada" not in found

    @few
    @given(st.lists(st.text(alphabet="<>/!ab1=\"'& ;-", max_size=25), unique=True, max_size=10))
    def test_any_texts_stay_different_and_come_back(self, texts):
        assert len(set(masked("html_text", texts))) == len(texts)
        assert restored("html_text", texts) == texts


def test_no_rule_here_lengthens_a_text_it_only_scrambles():
    texts = pa.array(["żółć-1", "<b>x</b>", "a/b", "x.org"])
    for rule in ("scramble", "sku", "html_text"):
        assert pc.utf8_length(mask_array(rule, texts.to_pylist())).equals(pc.utf8_length(texts))
