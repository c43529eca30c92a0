"""XML read byte by byte."""

import pyarrow as pa
import pytest

from understudy.arrow import own_spans
from understudy.native.xml import find
from understudy.transforms.catalogue.xml import steps
from understudy.transforms.paths import told

EVERYTHING = told([None], [False])


def named(text, *paths):
    """What each of some paths names, in order, with the number of the path."""
    some = [steps(path) if path else None for path in paths]
    told_paths = told(some, [path is not None and path[-1].attribute for path in some])
    wrong, _, start, end, path = find(*own_spans(pa.array([text])), *told_paths)
    assert not wrong.any()
    return [(text[a:b], number) for a, b, number in zip(start, end, path.tolist(), strict=True)]


def test_texts_and_attributes():
    text = "<o id=\"1\"> a <b x = '&lt;' y=''/><n:m xmlns:n='u' n:id='2'>c<m>d</m></n:m></o> "
    assert named(text, "") == [("1", 0), ("a", 0), ("&lt;", 0), ("2", 0), ("c", 0), ("d", 0)]
    assert named(text, "/o/m", "//@id", "//b/@*") == [("1", 1), ("&lt;", 2), ("2", 1), ("c", 0), ("d", 0)]
    assert named(text, "/o/@id", "/o/n:m", "//n:m/@id", "//n:m//m") == [("1", 0), ("2", 2), ("c", 1), ("d", 1)]
    assert named(text, "/@id", "//m/m", "//*") == [("1", 0), ("a", 2), ("2", 0), ("c", 2), ("d", 1)]
    assert named(text, "/m", "/o/o", "//b/x", "/@o", "//b:m", "//o/@n") == []
    assert named("<a:b:c i:j:k='1'>x</a:b:c>", "//b:c", "//c", "//@j:k", "//@k") == []
    assert named("<a:b:c i:j:k='1'>x</a:b:c>", "//a:b:c", "//@i:j:k") == [("1", 1), ("x", 0)]


def test_sections_are_texts_or_nothing_and_hide_tags():
    text = '<?xml version="1.0"?><!DOCTYPE o [<!ENTITY a "b"> ]><o><!-- <x> --><![CDATA[<y>]]></o>'
    assert named(text, "/o") == [("<!-- <x> -->", 0), ("<![CDATA[<y>]]>", 0)]


def test_an_arrow_in_an_attribute_ends_no_tag():
    assert named('<o a=">" b=\'"\'>x</o>', "//@a", "//@b", "//o") == [(">", 0), ('"', 1), ("x", 2)]


@pytest.mark.parametrize("text", ["<o>", "</o>", "<o></p>", "<", "<o", "< o></ o>", "<o a='<'/>", "<a><b></a></b>"])
def test_what_is_not_well_formed_is_wrong(text):
    assert find(*own_spans(pa.array(["<o/>", text, "x"])), *EVERYTHING)[0].tolist() == [False, True, False]
