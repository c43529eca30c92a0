"""Ranges, hstores, arrays, composites, lists and queries, read as slow but simple readers read them."""

import re
from itertools import pairwise

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.arrow import spans
from understudy.native import literals, urls
from understudy.transforms.literals import meaning

many = settings(max_examples=150, deadline=None)

SPACE, BLANKS = r"[ \t\n\f\r]*", " \t\n\v\f\r"
STRING = r'"(?:[^"\\]|\\.)*"'
PAIR = rf"({STRING}){SPACE}=>{SPACE}(?:({STRING})|[nN][uU][lL][lL]){SPACE}"
BOUND = r'"(?:[^"\\]|\\.|"")*"|[^\[\](){},"\\ \t\n\f\r]*'
RANGE = rf"(?:empty|[\[(]({BOUND}),({BOUND})[\])])"


def texts_of(*tokens, around=("", "")):
    """Lists of texts that are put together of a few signs and words, with those around them that they should have."""
    text = st.lists(st.sampled_from(tokens), max_size=9).map("".join)
    return st.lists(text | text.map(lambda inside: inside.join(around)), min_size=1, max_size=4)


def pieces(texts, found):
    """What a kernel found, text by text: each piece as it is written, and whatever else is told of it."""
    data, (text, start, end, *told) = spans(texts)[0], found
    made = [[] for _ in texts]
    for number, first, last, *rest in zip(text, start, end, *told, strict=True):
        made[number].append((bytes(data[first:last]).decode(), *(one.item() for one in rest)))
    return made


def behind(texts):
    """Texts that stand between others in the same bytes."""
    return pa.array(['{"', *texts, '"}'])[1:-1]


def matched(texts, parts, whole):
    """Groups of all matches of one pattern in a text; None where another one does not match all of it."""
    return [
        [group for match in re.finditer(parts, text, re.DOTALL) for group in match.groups() if group]
        if re.fullmatch(whole, text, re.DOTALL)
        else None
        for text in texts
    ]


def read(kernel, texts, *more):
    """The pieces that a kernel finds, as they are written; None where it says that a text is wrong."""
    there = behind(texts)
    *found, wrong = kernel(*spans(there), *more)
    found = pieces(there, found[:3])
    return [None if bad else [one for (one,) in some] for bad, some in zip(wrong, found, strict=True)]


@many
@given(texts_of("1", "é", ",", '"', '""', "\\", " ", "[1,5)", "(,b]", "empty", "{", "[", around=("{", "}")))
def test_bounds_of_ranges(texts):
    whole = rf"{RANGE}|\{{(?:{RANGE}(?:,{RANGE})*)?\}}|"
    assert read(literals.bounds, texts) == matched(texts, RANGE, whole)


@many
@given(texts_of('"a"', '"é\\""', "=>", "NULL", "nul", ",", " ", "\v", '"', "\\", '"a"=>"b"', '"c" => null, '))
def test_keys_and_values_of_hstores(texts):
    assert read(literals.pairs, texts) == matched(texts, PAIR, rf"{SPACE}(?:{PAIR}(?:,{SPACE}{PAIR})*)?")
    assert all(text.startswith('"') for text in matched(['"a"=>NULL'], PAIR, PAIR)[0])


def signs_of(text, signs, escapes=True, quotes=True):
    """The places of signs outside quotes; None where there is half a pair of these."""
    found, place, within = [], 0, False
    while place < len(text):
        if text[place] == "\\" and escapes:
            place += 1
        elif text[place] == '"' and quotes:
            within = not within
        elif text[place] in signs and not within:
            found.append(place)
        place += 1
    return None if within else found


def elements(text):
    """The elements of an array; None where it is none."""
    signs, depth, found = signs_of(text, "{},"), 0, []
    if not text:
        return []
    if not signs or text[signs[0]] != "{" or text[: signs[0]][-1:] not in ("", "="):
        return None
    for number, place in enumerate(signs):
        depth += (text[place] == "{") - (text[place] == "}")
        if (depth < 1) != (number == len(signs) - 1):
            return None
    for one, two in pairwise(signs):
        inside = text[one + 1 : two].strip(BLANKS)
        if text[one] != "}" and text[two] != "{" and inside and inside.upper() != "NULL":
            found.append(inside)
    return found if depth == 0 and text.endswith("}") and signs[-1] == len(text) - 1 else None


@many
@given(texts_of("a", "é", "null", ",", '"', "\\", " ", '"b,c"', "{a,b}", "{", "}", "[0:1]=", around=("{", "}")))
def test_elements_of_arrays(texts):
    assert read(literals.elements, texts, meaning(b"{},", escapes=True)) == list(map(elements, texts))


def fields(text):
    """The fields of a composite with their positions; None where it is none."""
    signs = signs_of(text, "(),")
    if not text:
        return []
    if not signs or len(signs) < 2 or signs[0] != 0 or signs[-1] != len(text) - 1:
        return None
    if text[0] + text[-1] != "()" or any(text[place] != "," for place in signs[1:-1]):
        return None
    cuts = enumerate(pairwise(signs), start=1)
    return [(text[one + 1 : two], position) for position, (one, two) in cuts if two > one + 1]


@many
@given(texts_of("a", "é", ",", '"', '""', "\\", " ", '"b,c"', "(a,b)", "(", ")", around=("(", ")")))
def test_fields_of_composites(texts):
    there = behind(texts)
    *found, wrong = literals.fields(*spans(there), meaning(b"(),", escapes=True))
    made = [None if bad else some for bad, some in zip(wrong, pieces(there, found), strict=True)]
    assert made == list(map(fields, texts))


def parts(text, quotes):
    """The parts of a list with their positions in their lines."""
    signs = signs_of(text, ";\n", escapes=False, quotes=quotes)
    signs = signs_of(text, ";\n", escapes=False, quotes=False) if signs is None else signs
    found, position = [], 1
    for one, two in pairwise([-1, *signs, len(text)]):
        position = 1 if one < 0 or text[one] == "\n" else position + 1
        found.append((text[one + 1 : two].strip(BLANKS), position))
    return [one for one in found if one[0]]


@many
@given(texts_of("a", "é", ";", "\n", '"', "\\", " ", "\v", '"b;c"'), st.booleans())
def test_parts_of_lists(texts, quotes):
    there = behind(texts)
    found = literals.parts(*spans(there), meaning(b";\n", quotes=quotes), meaning(b";\n", quotes=False))
    assert pieces(there, found) == [parts(text, quotes) for text in texts]


def parameters(text):
    """The names and values of parameters."""
    address, fragment, after = text.partition("#")
    before, asked, query = address.partition("?")
    groups = before.split("&")[bool(asked) :] + query.split("&") * bool(asked) + after.split("&") * bool(fragment)
    return [tuple(group.split("=", 1)) for group in groups if "=" in group]


@many
@given(texts_of("a", "é", "b=", "&", "?", "#", "=", "http://x.org/", "&c=d"))
def test_parameters_of_addresses(texts):
    there = behind(texts)
    text, names, start, end = urls.parameters(*spans(there))
    found = [pieces(there, (text, *places)) for places in ((names, start - 1), (start, end))]
    assert [
        [(name, value) for (name,), (value,) in zip(*both, strict=True)] for both in zip(*found, strict=True)
    ] == list(map(parameters, texts))
