"""Texts made of words that many texts share: which words follow one another, and nothing of any single text.

Told is only what ``k`` different texts have in common: a word, a word after one or two others, the end of a text after
one or two words.  Each text counts once for each of these, so that one that repeats itself weighs as much as any other.
A walk from word to word by these frequencies then makes a fresh text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.synth.encoding.curves import Curve, curve_of

Ids = NDArray[np.int64]

WORDS = 5_000
"""Words that are told at most: more would hardly be frequent, and a saved fit is read whole."""
STEPS = 20_000
"""Steps from one word to the next that are told at most, and as many from two: about half a megabyte of a saved fit."""
_LEARNED = 5_000_000  # characters of text from which more teach little, and which take seconds to read
_COVERED = 0.25  # share of the words of texts that must be told ones: below, texts would be stand-ins throughout
_FEWEST = 1.5  # words of a text on average from which texts are phrases; names and codes are better told as shapes
_LONGEST = 1_000  # words and marks of one text
_AT_ONCE = 8_192  # rows that are walked together, so that memory is bounded
_EARLY, _LATE = 0.8, 1.5  # of the wanted length: before it a text ends only where it must, after it it is cut
_FILLERS = 4  # told words with an ending in common, from which they stand in for others with that ending

# Thai, Lao, Burmese, Khmer, Japanese and Chinese have no spaces between words: there, a word is one character.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)


@dataclass(frozen=True)
class Chain:
    """What follows what: for each context the words that come next in ``k`` texts or more, and in how many."""

    edge: int
    """What stands for the end of a text, as for its begin."""
    contexts: tuple[int, ...]
    firsts: tuple[int, ...]
    """Where the words after each context begin."""
    after: tuple[int, ...]
    counts: tuple[int, ...]
    left: tuple[int, ...]
    """In how many texts each context goes on in a way that is not told; 0 where those are fewer than ``k``."""

    @cached_property
    def _arrays(self) -> tuple[Ids, Ids, Ids, Ids, Ids]:
        contexts, after, left = (np.array(one, np.int64) for one in (self.contexts, self.after, self.left))
        firsts = np.array([*self.firsts, len(after)], np.int64)
        sums = np.concatenate([[0], np.cumsum(np.array(self.counts, np.int64))])
        return contexts, firsts, after, sums, left

    @cached_property
    def _ending(self) -> NDArray[np.bool_]:
        """Where a text may end: words come in order, and the edge is the last."""
        _, firsts, after, _, _ = self._arrays
        ending: NDArray[np.bool_] = after[firsts[1:] - 1] == self.edge
        return ending

    def _place(self, context: Ids) -> tuple[Ids, NDArray[np.bool_]]:
        """Where contexts are, and whether they are there."""
        contexts = self._arrays[0]
        at = np.minimum(np.searchsorted(contexts, context), max(len(contexts) - 1, 0))
        return at, contexts[at] == context if len(contexts) else np.zeros(len(context), bool)

    def draw(self, context: Ids, rng: np.random.Generator, stay: NDArray[np.bool_]) -> Ids:
        """What comes next after each context; -1 where that is not told, or is the end of a text that is to stay."""
        _, firsts, after, sums, left = self._arrays
        drawn = np.full(len(context), -1, np.int64)
        at, there = self._place(context)
        at = at[there]
        stop = firsts[at + 1] - (stay[there] & self._ending[at])
        told = sums[stop] - sums[firsts[at]]
        chance = np.floor(rng.random(len(at)) * (told + left[at])).astype(np.int64)
        step = np.searchsorted(sums, sums[firsts[at]] + chance, "right") - 1
        drawn[there] = np.where(chance < told, after[np.minimum(step, len(after) - 1)], -1)
        return drawn

    def ends(self, context: Ids) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether a text may end after each context, and whether the context is told at all."""
        at, there = self._place(context)
        return (there & self._ending[at] if there.any() else there), there


@dataclass(frozen=True)
class Words:
    """Words, marks and line breaks with the space before them, and the chance of each after one or two others.

    A digit is written 0 in them and drawn anew each time.  Words are known by their place; the places behind theirs
    are slots, where the texts had a word that is not told, and the last one is the edge: a text's begin and its end.
    """

    words: tuple[str, ...]
    counts: tuple[int, ...]
    """In how many texts each word is."""
    slots: tuple[tuple[int, ...], ...]
    """Told words of the same kind, that stand in for those that are not told."""
    like: tuple[int, ...]
    """The slot of each word's kind, or its own place: what follows there follows it where nothing else is told."""
    pairs: Chain
    """What follows one word."""
    triples: Chain
    """What follows two words."""
    lengths: Curve
    """How many words and marks texts have."""

    @property
    def edge(self) -> int:
        """The place that stands for the begin and the end of a text."""
        return len(self.words) + len(self.slots)

    @cached_property
    def _spelled(self) -> tuple[pa.Array, Ids]:
        return pa.array(self.words, pa.string()), np.array([len(word) for word in self.words], np.int64)

    @cached_property
    def _fillers(self) -> tuple[Ids, Ids, Ids]:
        """All fillers, and where those of each slot begin and how many they are."""
        sizes = np.array([len(slot) for slot in self.slots], np.int64)
        return np.array([word for slot in self.slots for word in slot], np.int64), np.cumsum(sizes) - sizes, sizes

    def draw(self, rng: np.random.Generator, count: int, max_length: int | None = None) -> pa.Array:
        """Fresh texts, none longer than ``max_length`` characters."""
        made = [
            self._written(self._walked(rng, min(_AT_ONCE, count - first)), rng, max_length)
            for first in range(0, count, _AT_ONCE)
        ]
        return pa.concat_arrays(made) if made else pa.array([], pa.string())

    def _walked(self, rng: np.random.Generator, count: int) -> Ids:
        """The words of texts, one text a row, with the edge behind its last."""
        wanted = np.clip(self.lengths.values_at(rng.random(count), 1.0), 1, _LONGEST)
        before, last = np.full((2, count), self.edge, np.int64)
        rows = np.arange(count)
        columns: list[NDArray[np.int16]] = []
        while len(rows):
            done = len(columns) / wanted[rows]
            word = self._next(before[rows], last[rows], rng, done < _EARLY)
            late = np.flatnonzero(done >= 1)
            ends = self._may_end(before[rows[late]], last[rows[late]]) | (done[late] >= _LATE)
            word[late[ends]] = self.edge
            columns.append(np.full(count, self.edge, np.int16))
            columns[-1][rows] = word
            before[rows], last[rows] = last[rows], word
            rows = rows[word != self.edge]
        return np.stack(columns, 1).astype(np.int64) if columns else np.zeros((count, 0), np.int64)

    def _next(self, before: Ids, last: Ids, rng: np.random.Generator, stay: NDArray[np.bool_]) -> Ids:
        """The next word after two, else after one, else after one like it, else any; to ``stay`` is to find no end."""
        word = self.triples.draw(before * (self.edge + 1) + last, rng, stay)
        rows = np.flatnonzero(word < 0)
        word[rows] = self.pairs.draw(last[rows], rng, stay[rows])
        rows = np.flatnonzero(word < 0)
        other = self.pairs.draw(self._alike[last[rows]], rng, stay[rows])
        word[rows] = np.where(self._may_end(before[rows], last[rows]), self.edge, other)
        rows = np.flatnonzero(word < 0)
        word[rows] = np.searchsorted(self._sums, rng.integers(0, self._sums[-1], len(rows)), "right")
        return word

    def _may_end(self, before: Ids, last: Ids) -> NDArray[np.bool_]:
        ends, there = self.triples.ends(before * (self.edge + 1) + last)
        return np.where(there, ends, self.pairs.ends(last)[0])

    @cached_property
    def _alike(self) -> Ids:
        return np.concatenate([np.array(self.like, np.int64), np.arange(len(self.words), self.edge + 1)])

    @cached_property
    def _sums(self) -> Ids:
        return np.cumsum(np.array(self.counts, np.int64))

    def _written(self, walked: Ids, rng: np.random.Generator, max_length: int | None) -> pa.Array:
        """Walks as texts: slots filled, cut between words where they are too long, digits drawn."""
        spelled, sizes = self._spelled
        fillers, firsts, many = self._fillers
        row, column = np.nonzero((walked >= len(self.words)) & (walked < self.edge))
        slot = walked[row, column] - len(self.words)
        walked[row, column] = fillers[firsts[slot] + np.floor(rng.random(len(slot)) * many[slot]).astype(np.int64)]
        kept = walked < self.edge
        if max_length is not None:
            long = np.cumsum(np.where(kept, sizes[np.where(kept, walked, 0)], 0), 1)
            fits = long <= max_length + 1  # the space before the first word goes
            fits[:, :1] = True
            kept &= fits
        offsets = np.concatenate([[0], np.cumsum(kept.sum(1))]).astype(np.int32)
        texts = pc.binary_join(pa.ListArray.from_arrays(offsets, spelled.take(pa.array(walked[kept]))), "")
        texts = pc.utf8_trim_whitespace(texts)
        return _digits_drawn(texts if max_length is None else pc.utf8_slice_codeunits(texts, 0, max_length), rng)


def words_of(texts: Sequence[str], k: int) -> Words | None:
    """Learn what at least ``k`` of these different texts share; None where that is too little to make texts of."""
    read = _Read.of(texts)
    told = read.told(k)
    if not read.covers(told):
        return None
    place, like, slots = read.placed(told, k)
    edge = len(told) + len(slots)
    seen = place[read.ids] >= 0
    walk = np.append(place[read.ids[seen]], edge)
    last, word, text = walk[:-1], walk[1:], read.text[seen]
    before = np.where(last == edge, edge, np.concatenate([[edge], last[:-1]]))
    lengths, times = np.unique(np.diff(np.flatnonzero(walk == edge)) - 1, return_counts=True)
    return Words(
        tuple(read.words[at] for at in told.tolist()),
        tuple(_texts_with(read.ids, read.text, len(read.words))[told].tolist()),
        tuple(slots),
        tuple(like.tolist()),
        _chain(last, word, text, edge, k, backing=False),
        _chain(before * (edge + 1) + last, word, text, edge, k, backing=True),
        curve_of(lengths.astype(np.float64), times, k),
    )


@dataclass(frozen=True)
class _Read:
    """Texts as places in a list of all their words, one after another; place 0 is where a text begins."""

    words: list[str]
    kinds: list[str]
    endings: list[str]
    """Kinds that say how the word ends as well."""
    ids: Ids
    text: Ids
    """Of which text each word is."""

    @staticmethod
    def of(texts: Sequence[str]) -> _Read:
        """Read texts, or every so many of them where they are long."""
        every = max(1, -(-sum(map(len, texts)) // _LEARNED))
        found = {"": 0}
        ids = [found.setdefault(word, len(found)) for text in texts[::every] for word in _tokens(text)]
        read = np.array(ids, np.int64)
        kinds = [_kind(word) for word in found]
        ends = [word[-2:].lower() if word[-2:].isalpha() else "" for word in found]
        endings = [end and kind + end for kind, end in zip(kinds, ends, strict=True)]
        return _Read(list(found), kinds, endings, read, np.cumsum(read == 0))

    def told(self, k: int) -> Ids:
        """The words that may be told, the most frequent first."""
        counts = _texts_with(self.ids, self.text, len(self.words))
        counts[0] = 0
        order = sorted(np.flatnonzero(counts >= k).tolist(), key=lambda at: (-counts[at], self.words[at]))
        return np.array(order[:WORDS], np.int64)

    def covers(self, told: Ids) -> bool:
        """Whether texts are phrases that consist of these words for the most part; marks and numbers do not count."""
        if not len(told):
            return False
        real = np.array([kind.strip() not in ("", "0") for kind in self.kinds])
        known = real & np.isin(np.arange(len(real)), told)
        many = int(real[self.ids].sum())
        return bool(many >= _FEWEST * self.text[-1] and known[self.ids].sum() >= _COVERED * many)

    def placed(self, told: Ids, k: int) -> tuple[Ids, Ids, list[tuple[int, ...]]]:
        """The place of each word, -1 where it is left out; the slot each told word is like; and what fills each slot.

        Words that are not told share the slot of their ending, else of their kind, where k texts have such words.  The
        rarer half of the told words like them fill it: none of them is a "the" or an "of".
        """
        place, like = np.full(len(self.words), -1, np.int64), np.arange(len(told))
        place[told] = like
        slots: list[tuple[int, ...]] = []
        for kinds, fewest in ((self.endings, _FILLERS), (self.kinds, 1)):
            names, kind = np.unique(kinds, return_inverse=True)
            untold = place[self.ids] < 0
            many = _texts_with(kind[self.ids[untold]], self.text[untold], len(names))
            for at in np.flatnonzero((many >= k) & (names != "")).tolist():
                fillers = np.flatnonzero(kind[told] == at)
                if len(fillers) >= fewest:
                    slot = len(told) + len(slots)
                    place[(kind == at) & (place < 0)] = slot
                    like[fillers[like[fillers] == fillers]] = slot
                    slots.append(tuple(fillers[len(fillers) // 2 :].tolist()))
        place[0] = len(told) + len(slots)
        return place, like, slots


def _texts_with(ids: Ids, text: Ids, size: int) -> Ids:
    """In how many texts each of ``size`` words is."""
    return np.bincount(np.unique(text * size + ids) % size, minlength=size)


def _chain(context: Ids, word: Ids, text: Ids, edge: int, k: int, *, backing: bool) -> Chain:
    """Count what follows what; with ``backing``, also how often something else does, for which one backs off."""
    step = context * (edge + 1) + word
    order = np.lexsort((text, step))
    step, text = step[order], text[order]
    first = np.append(True, (step[1:] != step[:-1]) | (text[1:] != text[:-1]))
    steps, counts = np.unique(step[first], return_counts=True)
    kept = counts >= k
    if kept.sum() > STEPS:
        kept[np.argsort(-np.where(kept, counts, 0), kind="stable")[STEPS:]] = False
    before = steps // (edge + 1)
    contexts, firsts = np.unique(before[kept], return_index=True)
    other = ~kept & np.isin(before, contexts)
    left = np.bincount(np.searchsorted(contexts, before[other]), counts[other], len(contexts)).astype(np.int64)
    left[(left < k) | (not backing)] = 0
    return Chain(
        edge,
        tuple(contexts.tolist()),
        tuple(firsts.tolist()),
        tuple((steps[kept] % (edge + 1)).tolist()),
        tuple(counts[kept].tolist()),
        tuple(left.tolist()),
    )


@cache
def _pattern() -> re.Pattern[str]:
    """Words with the one space before them; addresses of the net whole; marks; and other white space."""
    marks = "".join(chr(c) for c in range(0x300, 0x10000) if unicodedata.category(chr(c)) in ("Mn", "Mc"))
    marks += "\u200c\u200d"  # joiners inside words
    letter = rf"(?:[^\W_{_UNSPACED}][{marks}]*)"
    return re.compile(
        r" ?(?:[^\s@]+@[^\s@]+|\w+://\S+"
        rf"|[{_UNSPACED}][{marks}]*"
        rf"|{letter}+(?:(?:[-'’_]|(?<=\d)[.,:/](?=\d)){letter}+)*"
        r"|([^\w\s]|_)\1*)"
        r"|\s+(?= \S)|\s+"
    )


def _tokens(text: str) -> Iterator[str]:
    """The words of a text, before them an empty one; digits as 0."""
    yield ""
    for found in _pattern().finditer(" " + text):
        yield re.sub(r"\d", "0", found[0])


def _kind(word: str) -> str:
    """What may stand in for a word: one with the same space, case and digits; empty for marks, that none does."""
    core = word.strip()
    if not any(map(str.isalnum, core)):
        return ""
    if "@" in core or "://" in core:
        kind = "@"
    elif "0" in core:
        kind = "0"
    elif core.isupper():
        kind = "A" if len(core) == 1 else "AA"
    else:
        kind = "Aa" if core[0].isupper() else "a" if core[0].islower() else "?"
    return word[: len(word) - len(word.lstrip())] + kind


def _digits_drawn(texts: pa.Array, rng: np.random.Generator) -> pa.Array:
    """Texts with a fresh digit in the place of each 0; a number of more digits than one begins with none."""
    _, offsets, content = texts.buffers()
    if content is None:
        return texts
    written = np.frombuffer(content, np.uint8).copy()
    digit = written == ord("0")
    at = np.flatnonzero(digit)
    begins = np.zeros(len(written) + 1, bool)
    begins[np.frombuffer(offsets, np.int32)[: len(texts) + 1]] = True
    beside = np.concatenate([[False], digit, [False]])
    leads = (begins[at] | ~beside[at]) & ~begins[at + 1] & beside[at + 2]
    written[at] = ord("0") + np.where(leads, rng.integers(1, 10, len(at)), rng.integers(0, 10, len(at)))
    return pa.StringArray.from_buffers(len(texts), offsets, pa.py_buffer(written.tobytes()))
