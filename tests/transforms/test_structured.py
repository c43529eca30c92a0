"""Rules for what is inside arrays, composites, ranges, hstore, lists in texts, addresses and XML."""

import html
import xml.etree.ElementTree as ElementTree
from urllib.parse import parse_qsl, quote, urlsplit

import psycopg
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from laws.cases.structured import array, composite, hstore, words
from transforms.sample import KEY, PEOPLE, batch, column, masked, people
from understudy import transforms
from understudy.errors import Error
from understudy.schema import Schema
from understudy.transforms import parse_rule

X = {"replace": "x"}
KEYED = {"key": {"domain": "any"}}
TEN = {"bucket": 10}
MONTH = {"bucket": "month"}
few = settings(max_examples=40, deadline=None)


def other(rule, values, native, **more):
    """What a rule makes of values that travel as the database's own text."""
    return masked(rule, values, "other", native_type=native, as_text=True, **more)


def refused(rule, kind="other", **more):
    schema = Schema((people(column("v", kind, **more)),))
    return [one.reason for one in transforms.refusals(schema, {(PEOPLE, "v"): parse_rule(rule)}, {})]


class TestArrays:
    def test_every_element_has_the_stand_in_it_has_alone(self):
        ada, bob = masked("email", ["ada@x.org", "bob@x.org"])
        assert other({"array": "email"}, ["{ada@x.org,NULL,bob@x.org}", "{}", None], "text[]") == [
            f"{{{ada},NULL,{bob}}}",
            "{}",
            None,
        ]

    def test_arrays_in_arrays_and_bounds_of_their_own(self):
        assert other({"array": X}, ['{{a,"b c"},{NULL,"NULL"}}', "[0:1]={a,b}"], "text[]") == [
            '{{x,"x"},{NULL,"x"}}',
            "[0:1]={x,x}",
        ]

    def test_stand_ins_are_quoted_where_they_must_be(self):
        assert other({"array": {"replace": 'a "b\\,{'}}, ["{x}"], "text[]") == ['{"a \\"b\\\\,{"}']
        assert other({"array": {"replace": "null"}}, ["{x}"], "text[]") == ['{"null"}']
        assert other({"array": "null"}, ["{x,y}"], "text[]") == ["{NULL,NULL}"]

    @pytest.mark.parametrize(
        ("native", "rule", "before", "after"),
        [
            ("integer[]", TEN, "{17,-3,NULL}", "{10,-10,NULL}"),
            ("numeric(10,2)[]", TEN, "{17.50,3.00}", "{10.00,0.00}"),
            ("double precision[]", TEN, "{17.5,1e+02}", "{10.0,100}"),
            ("boolean[]", "redact", "{t,f}", "{f,f}"),
            ("date[]", MONTH, "{2024-05-17,infinity}", "{2024-05-01,infinity}"),
            ("timestamp with time zone[]", MONTH, '{"2024-05-17 10:11:12.5+02"}', '{"2024-05-01 00:00:00.0+02"}'),
            ("character varying(4)[]", "redact", "{ada}", "{REDA}"),
            ("jsonb[]", {"json": {"$.a": X}}, '{"{\\"a\\": \\"b\\"}"}', '{"{\\"a\\": \\"x\\"}"}'),
        ],
    )
    def test_elements_are_what_the_array_is_of(self, native, rule, before, after):
        assert other({"array": rule}, [before], native) == [after]

    def test_a_key_in_an_array_agrees_with_the_column_it_refers_to(self):
        rule = {"key": {"domain": "users.id", "within": "int32"}}
        (one,) = masked(rule, [7], "integer")
        assert other({"array": rule}, ["{7}"], "integer[]") == [f"{{{one}}}"]
        uuid = "00000000-0000-4000-8000-000000000007"
        import uuid as uuids

        (one,) = masked({"key": {"domain": "u"}}, [uuids.UUID(uuid)], "uuid")
        assert other({"array": {"key": {"domain": "u"}}}, [f"{{{uuid}}}"], "uuid[]") == [f"{{{one}}}"]

    def test_lists_of_arrow_change_too_whatever_their_depth(self):
        nested = pa.list_(pa.large_list(pa.string()))
        values = [[["ada"], None, []], None, [], [[None, "bob"]]]
        assert masked({"array": "redact"}, values, "other", arrow_type=nested) == [
            [["REDACTED"], None, []],
            None,
            [],
            [[None, "REDACTED"]],
        ]
        pairs = pa.list_(pa.int32(), 2)
        assert masked({"array": TEN}, [[1, 19], None, [25, None]], "other", arrow_type=pairs) == [
            [0, 10],
            None,
            [20, None],
        ]

    @pytest.mark.parametrize(
        "text", ["{secret", "secret}", "{a}}", "x{a}", "{a}x", "{a},{b}", "secret", '{"a}', "{{a},b"]
    )
    def test_what_is_no_array_stops_the_run_with_a_count_and_no_value(self, text):
        with pytest.raises(Error, match=r"2 rows of people\.v hold no array") as caught:
            other({"array": X}, [text, "{b}", text, None], "text[]")
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        ("rule", "more", "reason"),
        [
            (
                {"array": "email"},
                {"native_type": "integer[]", "as_text": True},
                "every element: email does not take integer",
            ),
            ({"array": "email"}, {"native_type": "point", "as_text": True}, "point is no array"),
            ({"array": "email"}, {"arrow_type": pa.list_(pa.date32())}, "every element: email does not take date32"),
        ],
    )
    def test_rules_that_cannot_work_are_refused(self, rule, more, reason):
        assert [reason in one for one in refused(rule, **more)] == [True]

    def test_an_array_is_as_unique_as_its_elements(self):
        def kind(rule):
            table = people(column("v", "other", native_type="text[]", as_text=True))
            return transforms.placed(table, table.column("v"), parse_rule({"array": rule})).uniqueness.kind

        assert (kind("key"), kind("keep"), kind("email"), kind("redact")) == (
            "preserved",
            "preserved",
            "lossy",
            "lossy",
        )

    @few
    @given(st.lists(st.none() | words, max_size=6))
    @example(["NULL", "null", "", " ", "\\", '"', "{", "a,b", None, "é"])
    def test_any_array_is_read_and_written_back(self, values):
        text = array(values)
        assert other({"array": {"when": {"where": "value = '-'", "then": X, "else": "keep"}}}, [text], "text[]") == [
            text
        ]
        filled = [value for value in values if value is not None]
        stand_ins = iter(masked(KEYED, filled)) if filled else iter(())
        expected = array([None if value is None else next(stand_ins) for value in values])
        assert other({"array": KEYED}, [text], "text[]") == [expected]


class TestComposites:
    def test_fields_are_told_by_their_positions(self):
        rule = {"fields": {1: X, 3: "keep"}, "default": {"replace": "-"}}
        assert other(rule, ['(ada,"a b",c,d)', "(,,,)", None], "person") == ['(x,"-",c,-)', "(,,,)", None]

    def test_quotes_are_doubled_and_undone(self):
        assert other({"fields": {1: {"replace": 'a"b\\ (c)'}}}, ['("x ""y",z)'], "person") == ['("a""b\\\\ (c)",z)']

    def test_a_composite_in_a_composite_is_one_field(self):
        assert other({"fields": {1: {"fields": {2: X}}}}, ['("(1,b)",c)'], "person") == ['("(1,x)",c)']

    def test_structs_of_arrow_change_by_name_or_position(self):
        kind = pa.struct({"mail": pa.string(), "n": pa.int32(), "w": pa.bool_()})
        values = [{"mail": "a", "n": 17, "w": True}, None, {"mail": None, "n": None, "w": None}]
        found = masked({"fields": {"mail": X, 2: TEN}}, values, "other", arrow_type=kind)
        assert found == [{"mail": "x", "n": 10, "w": True}, None, {"mail": None, "n": None, "w": None}]
        assert refused({"fields": {"email": X}}, arrow_type=kind) == ["there is no field 'email' in other"]

    @pytest.mark.parametrize("text", ["(secret", "a,b", "(a)(b)", "(a,(b))", "x(a)", '(a,"b)'])
    def test_what_is_no_composite_stops_the_run(self, text):
        with pytest.raises(Error, match=r"1 rows of people\.v hold no composite value"):
            other({"fields": {1: X}}, [text, "(a)"], "person")

    @pytest.mark.parametrize(
        ("rule", "reason"),
        [({"fields": {"mail": X}}, "'mail' is no position: the first is 1"), ({"fields": None}, "names no rule")],
    )
    def test_rules_that_cannot_work_are_refused(self, rule, reason):
        assert [reason in one for one in refused(rule, native_type="person", as_text=True)] == [True]

    @few
    @given(st.lists(st.none() | words, min_size=1, max_size=5))
    def test_any_composite_is_read_and_written_back(self, values):
        filled = [value for value in values if value is not None]
        stand_ins = iter(masked(KEYED, filled)) if filled else iter(())
        expected = composite([None if value is None else next(stand_ins) for value in values])
        assert other({"fields": None, "default": KEYED}, [composite(values)], "person") == [expected]


class TestRanges:
    def test_bounds_change_as_their_kind_and_what_has_none_stays(self):
        assert other(
            {"range": MONTH},
            ["[2024-05-17,2024-07-03)", "(,2024-05-17]", "empty", "[2024-05-17,infinity)"],
            "daterange",
        ) == [
            "[2024-05-01,2024-07-01)",
            "(,2024-05-01]",
            "empty",
            "[2024-05-01,infinity)",
        ]
        assert other({"range": TEN}, ["[17,39)"], "int8range") == ["[10,30)"]
        moments = ['["2024-05-17 10:00:00+02","2024-06-03 00:00:00+02")']
        assert other({"range": MONTH}, moments, "tstzrange") == ['["2024-05-01 00:00:00+02","2024-06-01 00:00:00+02")']
        assert other({"range": TEN}, ["{[17,39),[57,)}", "{}"], "int4multirange") == ["{[10,30),[50,)}", "{}"]

    def test_the_smaller_bound_comes_first_whatever_became_of_them(self):
        texts = [f"[{day},{day + 1})" for day in range(1, 90)]
        for text in other({"range": {"noise": 0.9}}, texts, "int4range"):
            low, high = map(int, text.strip("[)").split(","))
            assert low <= high
        prices = other({"range": {"noise": 0.9}}, [f"[{n}.50,{n}.75)" for n in range(9, 99)], "numrange")
        assert all(float(low) <= float(high) for low, high in (text.strip("[)").split(",") for text in prices))

    @pytest.mark.parametrize("text", ["[1,2", "1,2", "[1)", "[1,2,3)", "secret"])
    def test_what_is_no_range_stops_the_run(self, text):
        with pytest.raises(Error, match=r"1 rows of people\.v hold no range"):
            other({"range": TEN}, [text, "[1,2)"], "int4range")

    def test_rules_that_cannot_work_are_refused(self):
        assert refused({"range": TEN}, native_type="text[]", as_text=True) == ["text[] is no range"]
        assert refused({"range": "email"}, native_type="daterange", as_text=True) == [
            "bounds: email does not take date"
        ]


class TestHstore:
    def test_values_are_told_by_their_keys(self):
        rule = {"hstore": {"mail": X, 'q"k': {"replace": '"\\'}}, "default": "redact"}
        before = '"mail"=>"ada", "q\\"k"=>"b", "n"=>"7", "e"=>NULL'
        assert other(rule, [before, "", None], "hstore") == [
            '"mail"=>"x", "q\\"k"=>"\\"\\\\", "n"=>"REDACTED", "e"=>NULL',
            "",
            None,
        ]

    def test_numbers_and_dates_in_it_may_have_rules_of_their_own(self):
        assert other({"hstore": {"n": TEN, "d": MONTH}}, ['"n"=>"17", "d"=>"2024-05-17"'], "hstore") == [
            '"n"=>"10", "d"=>"2024-05-01"'
        ]

    def test_keys_may_change_and_must_stay_different(self):
        (ada,) = masked("email", ["ada@x.org"])
        assert other({"hstore": None, "keys": "email"}, ['"ada@x.org"=>"1"'], "hstore") == [f'"{ada}"=>"1"']
        assert refused({"hstore": None, "keys": "redact"}, native_type="hstore", as_text=True) == [
            "keys: redact may make two of them the same"
        ]

    def test_a_key_may_be_called_like_an_option(self):
        assert other({"hstore": {"default": X, "keys": X}}, ['"default"=>"a", "keys"=>"b", "c"=>"d"'], "hstore") == [
            '"default"=>"x", "keys"=>"x", "c"=>"d"'
        ]

    def test_what_is_no_hstore_stops_the_run(self):
        with pytest.raises(Error, match=r"2 rows of people\.v hold no hstore"):
            other({"hstore": {"a": X}}, ["a=>b", '"a"=>"b', '"a"=>"b"'], "hstore")
        assert refused({"hstore": {"a": X}}, native_type="text[]", as_text=True) == ["text[] is no hstore"]

    @few
    @given(st.dictionaries(words, st.none() | words, max_size=4))
    def test_any_hstore_is_read_and_written_back(self, values):
        filled = [value for value in values.values() if value is not None]
        stand_ins = iter(masked(KEYED, filled)) if filled else iter(())
        expected = hstore({key: None if value is None else next(stand_ins) for key, value in values.items()})
        assert other({"hstore": None, "default": KEYED}, [hstore(values)], "hstore") == [expected]


class TestDelimited:
    def test_every_part_by_one_rule_and_the_blanks_around_it_stay(self):
        assert masked({"delimited": ";", "each": X}, ["a; b ;;c\n d;", "", "one", None]) == [
            "x; x ;;x\n x;",
            "",
            "x",
            None,
        ]

    def test_parts_are_told_by_their_positions_in_each_line(self):
        rule = {"delimited": None, "fields": {2: X}, "each": {"replace": "-"}}
        assert masked(rule, ["a,b,c\nd,e", "a"]) == ["-,x,-\n-,x", "-"]

    def test_a_part_in_quotes_is_one_part(self):
        assert masked({"delimited": ";", "fields": {1: X}}, ['"a;b ""c""";d', '5" pipe;d']) == ['"x";d', "x;d"]
        assert masked({"delimited": ";", "fields": {1: {"replace": 'a;"b'}}}, ["c;d"]) == ['"a;""b";d']

    def test_or_quotes_are_characters_like_others(self):
        rule = {"delimited": ";", "each": {"replace": "a;b"}, "quotes": False}
        assert masked(rule, ['"a;b";c']) == ["a b;a b;a b"]

    def test_stand_ins_are_cut_where_the_column_has_no_room(self):
        (long,) = masked({"delimited": ";", "each": "hash"}, ["abcde;fghij;k"], max_length=20)
        assert [len(part) for part in long.split(";")] == [5, 5, 1]
        (short,) = masked({"delimited": ";", "each": {"hash": 8}}, ["abcde;k"], max_length=20)
        assert [len(part) for part in short.split(";")] == [8, 8]

    @pytest.mark.parametrize(
        ("rule", "reason"),
        [
            ({"delimited": "; ", "each": X}, "one ASCII character"),
            ({"delimited": ";"}, "names no rule"),
            ({"delimited": ";", "fields": {"0": X}}, "'0' is no position"),
        ],
    )
    def test_rules_that_cannot_work_are_refused(self, rule, reason):
        assert [reason in one for one in refused(rule, "text")] == [True]


class TestUrlQuery:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("https://x.org/p?email=ada%40x.org&q=1#top", "https://x.org/p?email=x&q=1#top"),
            ("/p?q=1&e%6Dail=a&email=b&email=", "/p?q=1&e%6Dail=x&email=x&email="),
            ("email=ada@x.org", "email=x"),
            ("https://x.org/cb#state=1&email=a", "https://x.org/cb#state=1&email=x"),
            ("https://x.org/email=a?q=email", "https://x.org/email=a?q=email"),
            ("#email=a?email=b", "#email=x"),
            ("?q=?email=b", "?q=?email=b"),
            ("no address", "no address"),
        ],
    )
    def test_parameters_of_a_name(self, before, after):
        assert masked({"url_query": {"email": X}}, [before]) == [after]

    def test_stand_ins_are_escaped_as_their_originals_were(self):
        rule = {"url_query": None, "default": {"replace": "a b@c&d/é"}}
        assert masked(rule, ["?a=x", "?a=x@y", "?a=x+y"]) == [
            "?a=a%20b%40c%26d%2F%C3%A9",
            "?a=a%20b@c%26d/%C3%A9",
            "?a=a+b%40c%26d%2F%C3%A9",
        ]

    def test_what_escapes_spell_is_what_changes(self):
        (ada,) = masked("email", ["ada l@x.org"])
        for spelled in ("ada%20l%40x.org", "ada+l@x.org", "%61da%20l@x.org"):
            (found,) = masked({"url_query": {"m": "email"}}, [f"?m={spelled}"])
            assert parse_qsl(urlsplit(found).query) == [("m", ada)]

    def test_odd_escapes_are_no_trouble(self):
        assert masked({"url_query": None, "default": X}, ["a=%zz&b=%ff&c=%", "a=%"]) == ["a=x&b=x&c=x", "a=x"]

    @few
    @given(
        st.lists(st.tuples(st.text("ab&=%+ é", min_size=1), st.text("ab&=%+ é", min_size=1)), min_size=1, max_size=4)
    )
    def test_python_reads_the_stand_ins_where_it_read_the_originals(self, pairs):
        address = "https://x.org/?" + "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)
        (found,) = masked({"url_query": None, "default": KEYED}, [address])
        stand_ins = masked(KEYED, [value for _, value in pairs])
        expected = [(name, stand_in) for (name, _), stand_in in zip(pairs, stand_ins, strict=True)]
        assert parse_qsl(urlsplit(found).query, keep_blank_values=True) == expected


class TestXml:
    ORDER = (
        '<?xml version="1.0"?><order id="7" note="a>b"><!-- <mail>no</mail> --><c:customer id=\'8\'>'
        "<mail>ada@x.org</mail><n>A &amp; B</n><br/><raw><![CDATA[<x>]]> tail</raw></c:customer> end </order>"
    )

    def change(self, paths, **more):
        return masked({"xml": paths, **more}, [self.ORDER])[0]

    def test_elements_and_attributes_of_a_path(self):
        assert self.change({"//mail": X}) == self.ORDER.replace("ada@x.org", "x")
        assert self.change({"/order/customer/n": X}) == self.ORDER.replace("A &amp; B", "x")
        assert self.change({"//@id": X}) == self.ORDER.replace('"7"', '"x"').replace("'8'", "'x'")
        assert self.change({"/order/@*": X}) == self.ORDER.replace('"7"', '"x"').replace("a>b", "x")
        assert self.change({"/customer": X, "/order/mail": X, "//x:customer": X}) == self.ORDER

    def test_everything_below_an_element_and_cdata_too(self):
        expected = self.ORDER.replace("ada@x.org", "x").replace("A &amp; B", "x").replace("<x>]]> tail", "x]]> x")
        assert self.change({"//c:customer": X}) == expected

    def test_the_first_path_that_names_a_text_gets_it_and_the_rest_has_the_default(self):
        found = self.change({"//mail": "keep", "//n": X}, default={"replace": "-"})
        assert found == (
            '<?xml version="1.0"?><order id="-" note="-"><!-----><c:customer id=\'-\'><mail>ada@x.org</mail>'
            "<n>x</n><br/><raw><![CDATA[-]]> -</raw></c:customer> - </order>"
        )

    def test_namespaces_are_not_texts(self):
        assert masked({"xml": None, "default": X}, ['<a xmlns="u" xmlns:b="v" c="w"/>']) == [
            '<a xmlns="u" xmlns:b="v" c="x"/>'
        ]

    def test_entities_are_read_and_written(self):
        (found,) = masked({"xml": {"//a": KEYED}}, ["<a>Ada &lt;&#65;&#x42;&gt;</a>"])
        assert html.unescape(found.removeprefix("<a>").removesuffix("</a>")) == masked(KEYED, ["Ada <AB>"])[0]
        assert masked({"xml": {"//a": {"replace": "<&>\"'"}}}, ["<a>b</a>"]) == ["<a>&lt;&amp;&gt;&quot;&apos;</a>"]
        assert masked({"xml": {"//a": {"replace": "]]>"}}}, ["<a><![CDATA[b]]></a>"]) == [
            "<a><![CDATA[]]]]><![CDATA[>]]></a>"
        ]

    @pytest.mark.parametrize(
        "text", ["<a>", "</a>", "<a></b>", "<a", "<a <b>", "<>", "<a/><b>", "<a x='<'/>", "<a x='></a>", "<!-- <a/>"]
    )
    def test_what_is_not_well_formed_stops_the_run(self, text):
        with pytest.raises(Error, match=r"1 rows of people\.v hold no well-formed XML"):
            masked({"xml": {"//a": X}}, [text, "<a>b</a>", "<a>c</a><!-- -->"])

    @pytest.mark.parametrize("path", ["mail", "/", "//a/", "/a[1]", "/@a/b", "/a b"])
    def test_what_is_no_path_is_refused_with_an_example(self, path):
        assert [f"{path!r} is not a path: write /order" in one for one in refused({"xml": {path: X}}, "text")] == [True]

    @few
    @given(
        st.recursive(
            st.text("ab<&>\"'=é", min_size=1),
            lambda inner: st.lists(inner, max_size=3),
            max_leaves=8,
        )
    )
    def test_a_parser_finds_the_stand_ins_where_it_found_the_originals(self, tree):
        def build(parent, value):
            element = ElementTree.SubElement(parent, "a", {"id": str(value)})
            if isinstance(value, list):
                for inner in value:
                    build(element, inner)
            else:
                element.text = value

        root = ElementTree.Element("r")
        build(root, tree)
        (found,) = masked({"xml": {"//a": {"replace": "<-"}}}, [ElementTree.tostring(root, encoding="unicode")])
        for element in root.iter():
            element.text = "<-" if element.text else None
        assert ElementTree.tostring(ElementTree.fromstring(found)) == ElementTree.tostring(root)


class TestRows:
    """What is inside a value reads the row that the value stands in."""

    TABLE = people(column("v", "other", native_type="text[]", as_text=True), column("owner", "integer"))

    def test_rules_inside_read_their_rows(self):
        rows = batch(self.TABLE, v=["{a,b}", "{}", "{c}"], owner=[7, 8, 9])
        rules = {"v": parse_rule({"array": {"template": "{owner}/{id}"}})}
        assert transforms.compile(self.TABLE, rules, key=KEY, domains={})(rows)["v"].to_pylist() == [
            "{7/1,7/1}",
            "{}",
            "{9/3}",
        ]
        assert transforms.needs(self.TABLE, rules) == {"owner", "id"}

    def test_rules_stand_inside_rules_at_any_depth(self):
        rule = {
            "array": {
                "when": {"where": "owner > 7", "then": {"delimited": ";", "each": {"json": {"$.m": X}}}, "else": "keep"}
            }
        }
        text = '{"{\\"m\\":1};{\\"m\\":\\"b\\"}"}'
        rows = batch(self.TABLE, v=[text, text], owner=[7, 8])
        found = transforms.compile(self.TABLE, {"v": parse_rule(rule)}, key=KEY, domains={})(rows)["v"].to_pylist()
        assert found == [text, '{"{\\"m\\":\\"x\\"};{\\"m\\":\\"x\\"}"}']


class TestServer:
    """PostgreSQL reads what is written for it, as the stand-ins that values have alone."""

    VALUES = ("ada", "", "NULL", "null", 'a"b', "a\\b", "a,b", "{x}", "(y)", " z ", "é", "a=>b", None)

    def test_of_arrays_composites_and_hstore(self, postgres):
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute("CREATE TYPE pair AS (a text, b text)")
            connection.execute("CREATE EXTENSION IF NOT EXISTS hstore")
            try:
                self.compare(connection)
            finally:
                connection.execute("DROP TYPE pair")

    def compare(self, connection):
        stand_ins = dict(zip(self.VALUES[:-1], masked(KEYED, self.VALUES[:-1]), strict=True)) | {None: None}
        expected = [stand_ins[value] for value in self.VALUES]

        def there(sql, value):
            return connection.execute(sql, [value]).fetchone()[0]

        (made,) = other({"array": KEYED}, [there("SELECT %s::text[]::text", list(self.VALUES))], "text[]")
        assert there("SELECT %s::text[]", made) == expected
        for value, stand_in in zip(self.VALUES, expected, strict=True):
            (made,) = other({"fields": {1: KEYED}}, [there("SELECT ROW(%s::text, 'w')::pair::text", value)], "pair")
            assert there("SELECT (%s::pair).a", made) == stand_in
            (made,) = other({"hstore": {'k"': KEYED}}, [there("SELECT hstore('k\"', %s::text)::text", value)], "hstore")
            assert there("SELECT %s::hstore -> 'k\"'", made) == stand_in
        text = there("SELECT array[daterange('2024-01-05', %s)]::text", "2024-03-01")
        (made,) = other({"array": {"range": MONTH}}, [text], "daterange[]")
        assert there("SELECT %s::daterange[]::text", made) == '{"[2024-01-01,2024-03-01)"}'
