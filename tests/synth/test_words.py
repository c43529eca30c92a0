"""Texts made of shared words: they read like the real ones, and no word or text of few rows is among them."""

from __future__ import annotations

import json
import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from understudy.synth.artifact import read, written
from understudy.synth.encoding.columns import Drawn, categories_of
from understudy.synth.encoding.identifiers import identifiers_of
from understudy.synth.encoding.patterns import Patterns
from understudy.synth.encoding.words import Chain, Words, words_of

K = 5
WHO = ["The patient", "A young patient", "The elderly patient", "An outpatient"]
DID = ["was admitted with", "was referred for", "complained of", "presented with", "returned with"]
HOW = ["severe", "mild", "recurrent", "acute", "chronic", "sudden"]
WHAT = ["headache", "chest pain", "back pain", "fever", "dizziness", "cough"]
COLOURS = ["red", "green", "blue", "dark", "light", "old"]
WHEN = ["in the evening", "after a fall", "at night", "since last week"]


def notes(count: int = 1_000, seed: int = 0) -> list[str]:
    """Different notes of two sentences, with a number in each."""
    rng = np.random.default_rng(seed)
    made = set()
    while len(made) < count:
        who, did, how, what, when = (str(rng.choice(some)) for some in (WHO, DID, HOW, WHAT, WHEN))
        made.add(f"{who} {did} {how} {what} {when}.\nReview in {rng.integers(2, 30)} days, please!")
    return sorted(made)


def learned(texts: list[str]) -> Words:
    words = words_of(texts, K)
    assert words is not None
    return words


def drawn(words: Words, count: int = 2_000, max_length: int | None = None) -> list[str]:
    made: list[str] = words.draw(np.random.default_rng(1), count, max_length).to_pylist()
    return made


def steps_of(chain: Chain) -> set[tuple[int, int]]:
    """What a chain tells, as contexts with what follows them."""
    sizes = np.diff([*chain.firsts, len(chain.after)])
    return set(zip(np.repeat(np.array(chain.contexts, np.int64), sizes).tolist(), chain.after, strict=True))


def in_zeros(text: str) -> str:
    return "".join("0" if c.isdecimal() else c for c in text)


def test_made_notes_have_the_words_spacing_and_line_breaks_of_real_ones() -> None:
    made = drawn(learned(notes()))
    assert {in_zeros(w) for text in made for w in text.split()} == {in_zeros(w) for n in notes() for w in n.split()}
    whole = [text for text in made if text.startswith(tuple(WHO)) and text.endswith(" days, please!")]
    assert len(whole) > 0.95 * len(made)
    assert all(".\nReview in " in text and "  " not in text and " ." not in text for text in whole)


def test_made_texts_are_about_as_long_as_real_ones() -> None:
    texts = [*notes(), *(text.split("\n")[0] for text in notes(seed=1))]
    made = drawn(learned(texts), 4_000)
    assert np.mean([len(t) for t in made]) == pytest.approx(np.mean([len(t) for t in texts]), rel=0.1)
    assert np.std([len(t) for t in made]) == pytest.approx(np.std([len(t) for t in texts]), rel=0.3)


def test_a_digit_inside_a_text_is_drawn_afresh() -> None:
    texts = [f"Reading taken by meter 77{n:03d} was found too high" for n in range(100)]
    words = learned(texts)
    assert " 00000" in words.words
    assert not any(c in "123456789" for word in words.words for c in word)
    numbers = [text.split("meter ")[1][:5] for text in drawn(words, 1_000)]
    assert len(set(numbers)) > 900 and {n[:2] for n in numbers} > {"77"}
    assert all(n.isdecimal() and n[0] != "0" for n in numbers)


def test_no_word_of_a_text_of_its_own_is_told() -> None:
    secret = ["Zebulon Quakenbrueck smuggled xylophones", "quetzal@aztec.example bribed Wolfenbuettel seventimes"]
    repeated = ["Ogorek confessed. " * 50 + str(n) for n in range(K - 1)]
    words = learned([*notes(), *secret, *repeated])
    told, made = json.dumps(written(words), ensure_ascii=False), " ".join(drawn(words, 5_000))
    for word in " ".join([*secret, "Ogorek confessed"]).split():
        assert word not in told and word not in made
    assert "headache" in told and "headache" in made


def test_a_word_is_told_from_the_kth_text_on() -> None:
    assert " Ogorek" not in learned([*notes(), *(f"Ogorek came {n} times" for n in range(K - 1))]).words
    assert " Ogorek" in learned([*notes(), *(f"Ogorek came {n} times" for n in range(K))]).words


def test_a_rare_word_leaves_a_gap_to_fill_only_where_k_texts_have_one() -> None:
    assert learned([*notes(), "The patient smuggled"]).slots == ()
    words = learned([*notes(), *(f"The patient smuggled{chr(97 + n)} at night" for n in range(K))])
    assert len(words.slots) == 1
    assert not any("smuggled" in text for text in drawn(words))


def test_a_walk_stops_where_no_end_is_told() -> None:
    frequent = [f"{a}{b}" for a in "bdfgklmnpr" for b in "aeioutsnrl"]
    texts = [
        " ".join(frequent[(37 * n + at) % 100] for at in range(20)) for n in range(100)
    ]  # each ends in its own way
    words = learned(texts)
    assert words.edge not in words.pairs.after
    assert max(len(text.split()) for text in drawn(words)) == 30


def test_what_stands_only_in_one_text_is_no_step_even_where_its_words_are_frequent() -> None:
    planted = "please headache please fever please cough please dizziness"
    words = learned([*notes(), planted])
    place = {word: at for at, word in enumerate(words.words)}
    pairs = [(place[" please"], place[f" {what}"]) for what in ("headache", "fever", "cough", "dizziness")]
    steps = steps_of(words.pairs)
    assert not steps & {*pairs, *((b, a) for a, b in pairs)}
    assert (place[" please"], place["!"]) in steps
    assert not any("please headache please" in text for text in drawn(words, 20_000))


def test_few_made_texts_equal_a_real_one_that_is_made_of_frequent_words() -> None:
    rng = np.random.default_rng(3)
    frequent = [f"{a}{b}" for a in ("ba", "do", "ki", "lu", "mes") for b in ("ran", "tor", "vel", "nix")]
    texts = sorted({" ".join(rng.choice(frequent, 6)) for _ in range(2_000)})
    made = drawn(learned(texts), 10_000)
    assert sum(text in set(texts) for text in made) < 0.01 * len(made)
    assert len(set(made)) > 0.95 * len(made)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.sampled_from(COLOURS), min_size=3, max_size=8), min_size=30, max_size=80))
def test_every_step_that_is_told_is_in_k_texts(phrases: list[list[str]]) -> None:
    texts = sorted({" ".join(phrase) for phrase in phrases})
    words = words_of(texts, K)
    assume(words is not None)
    assert words is not None
    shared = [" ".join(word for word in text.split() if f" {word}" in words.words) for text in texts]
    for context, after in steps_of(words.triples):
        step = (*divmod(context, words.edge + 1), after)
        if all(place < len(words.words) for place in step):
            told = "".join(words.words[place] for place in step)
            assert sum(f"{told} " in f" {text} " for text in shared) >= K
    assert all(count >= K for chain in (words.pairs, words.triples) for count in chain.counts)
    assert all(left == 0 or left >= K for chain in (words.pairs, words.triples) for left in chain.left)


def test_no_text_is_longer_than_it_may_be_and_none_is_cut_inside_a_word() -> None:
    real = {in_zeros(word) for text in notes() for word in text.split()}
    made = drawn(learned(notes()), max_length=30)
    assert all(0 < len(text) <= 30 for text in made)
    whole = {word.rstrip(".,!") for word in real}
    assert all(in_zeros(word).rstrip(".,!") in whole for text in made for word in text.split())


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        ["only one short sentence of words"],
        [f"{n * 7919 % 99991:x} {n * 104729 % 99991:x} {n * 1299709 % 99991:x} {n:x}" for n in range(300)],
        [f"Person{n} Name{n}" for n in range(300)],
        [f"DE{n:02d} 3704 {n:04d} 0532 0130 00" for n in range(300)],
        ["Dr. Anna Berg", "Dr. Otto Berg", "Dr. Anna Holm", "Dr. Otto Holm"],
    ],
)
def test_where_texts_share_too_little_no_words_are_told(texts: list[str]) -> None:
    assert words_of(texts, K) is None


def test_texts_without_spaces_between_words_are_made_of_characters() -> None:
    complaints, times = ["头痛", "发热", "咳嗽", "外伤", "胸痛"], ["明天", "下周", "三天后", "月底"]
    texts = [f"患者{who}因{what}入院，{when}复查。" for who in "甲乙丙" for what in complaints for when in times]
    made = drawn(learned(texts))
    assert {c for text in made for c in text} <= {c for text in texts for c in text}
    assert sum(text.startswith("患者") and text.endswith("复查。") for text in made) > 0.9 * len(made)


def test_vowel_signs_stay_in_their_words() -> None:
    texts = [f"रोगी को {what} की शिकायत {n} दिन" for what in ("सिरदर्द", "बुखार", "खांसी") for n in range(20)]
    real = {in_zeros(word) for text in texts for word in text.split()}
    assert {in_zeros(word) for text in drawn(learned(texts)) for word in text.split()} <= real


def test_the_same_chance_makes_the_same_texts_and_a_saved_fit_too() -> None:
    words = learned(notes())
    again = read(json.loads(json.dumps(written(words))))
    assert again == words
    assert drawn(again) == drawn(words) == drawn(learned(notes()))
    assert words.draw(np.random.default_rng(2), 50).to_pylist() != drawn(words, 50)
    assert words.draw(np.random.default_rng(2), 0).to_pylist() == []


def test_a_hundred_thousand_texts_are_made_in_seconds() -> None:
    words = learned(notes())
    start = time.process_time()
    assert len(words.draw(np.random.default_rng(0), 100_000)) == 100_000
    assert time.process_time() - start < 15


def test_patterns_of_phrases_speak_in_words_and_codes_beside_them_keep_their_shape() -> None:
    codes = [f"AB-{n:05d}" for n in range(1_000)]
    made = Patterns.of([*notes(), *codes], K).draw(np.random.default_rng(0), 1_000).to_pylist()
    coded = [text for text in made if text.startswith("AB-") and text[3:].isdecimal() and len(text) == 8]
    assert 400 < len(coded) < 600
    assert sum(text.startswith(tuple(WHO)) for text in made) > 0.95 * (1_000 - len(coded))


def test_phrases_of_one_shape_are_phrases_all_the_same() -> None:
    colours, forms, things = "Red Old Big Hot".split(), "tall wide slim flat".split(), "chair table bench shelf".split()
    texts = [f"{colour} {form} {thing}" for colour in colours for form in forms for thing in things]
    made = Patterns.of(texts, K).draw(np.random.default_rng(0), 200).to_pylist()
    assert {word for text in made for word in text.split()} == {word for text in texts for word in text.split()}


@pytest.mark.parametrize("max_length", [None, 40])
def test_unique_phrases_differ_in_every_batch_and_others_show_no_number(max_length: int | None) -> None:
    texts = pa.array([text.split(".\n")[0] for text in notes(2_000)])
    batches = [range(3_000), range(3_000, 6_000)]
    cells, levels = [np.zeros(3_000, np.int32)], [np.zeros(3_000, np.float32)]

    def made(unique: bool) -> list[str]:
        found = identifiers_of(texts, K, max_length=max_length, unique=unique)
        parts = [found.decode(Drawn(cells, levels, np.random.default_rng(0), rows)) for rows in batches]
        return [text for part in parts for text in part.to_pylist()]

    apart, free = made(True), made(False)
    assert len(set(apart)) == 6_000
    assert len(set(free)) < 6_000 and not any(c.isdecimal() for text in free for c in text)
    assert max_length is None or max(map(len, [*apart, *free])) <= max_length


def test_rare_labels_that_are_phrases_are_told_by_their_words() -> None:
    values = pa.array([*notes(400), *["None given"] * 100])
    found = categories_of(values, K)
    rare = np.full(100, len(found.shares) - 1, np.int32)
    made = found.decode(Drawn([rare], [np.zeros(100, np.float32)], np.random.default_rng(0), range(100)))
    assert found.labels == ("None given",)
    assert all(text.startswith(tuple(WHO)) for text in made.to_pylist())
