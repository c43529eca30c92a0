"""XML read byte by byte."""

import pyarrow as pa
import pytest

from understudy.arrow import own_spans
from understudy.native.xml import read


def nodes(text):
    """Every node as what stands there, its name and its parent; and every attribute as name, value and element."""
    wrong, _, start, end, parent, after, name, name_end, attributes = read(*own_spans(pa.array([text])))
    assert not wrong.any() and (after > range(len(after))).all()
    found = [(text[a:b], text[n:m] if n >= 0 else None) for a, b, n, m in zip(start, end, name, name_end, strict=True)]
    parts = attributes.reshape(-1, 5).tolist()
    return found, parent.tolist(), [(text[c:d], text[a:b], owner) for a, b, c, d, owner in parts]


def test_elements_texts_and_attributes():
    found, parent, attributes = nodes("<o id=\"1\"> a <b x = '<'/>".replace("<'", "&lt;'") + "<m>c</m></o>")
    assert found == [('<o id="1">', "o"), ("a", None), ("<b x = '&lt;'/>", "b"), ("<m>", "m"), ("c", None)]
    assert parent == [-1, 0, 0, 0, 3]
    assert attributes == [("id", "1", 0), ("x", "&lt;", 2)]


def test_sections_are_texts_or_nothing_and_hide_tags():
    text = '<?xml version="1.0"?><!DOCTYPE o [<!ENTITY a "b"> ]><o><!-- <x> --><![CDATA[<y>]]></o>'
    found, parent, _ = nodes(text)
    assert found == [("<o>", "o"), ("<!-- <x> -->", None), ("<![CDATA[<y>]]>", None)]
    assert parent == [-1, 0, 0]


def test_an_arrow_in_an_attribute_ends_no_tag():
    found, _, attributes = nodes('<o a=">" b=\'"\'>x</o>')
    assert found[0][0] == '<o a=">" b=\'"\'>' and attributes == [("a", ">", 0), ("b", '"', 0)]


@pytest.mark.parametrize("text", ["<o>", "</o>", "<o></p>", "<", "<o", "< o></ o>", "<o a='<'/>", "<a><b></a></b>"])
def test_what_is_not_well_formed_is_wrong(text):
    assert read(*own_spans(pa.array(["<o/>", text, "x"])))[0].tolist() == [False, True, False]
