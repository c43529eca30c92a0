"""What texts tell about people becomes what the columns make of it."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.sample import KEY, batch, column, masked, people
from understudy import entities, transforms
from understudy.errors import InputError
from understudy.schema import ForeignKey, Schema, Table, TableName, Unique
from understudy.transforms import parse_rule

USERS = TableName("public", "users")
NOTES = TableName("public", "notes")

users = Table(
    USERS,
    (column("id", "integer"), column("first_name"), column("last_name"), column("email", max_length=80)),
    (Unique("users_pkey", ("id",), primary=True),),
)
notes = Table(
    NOTES,
    (column("id", "integer"), column("user_id", "integer"), column("seen", "date"), column("note")),
    (Unique("notes_pkey", ("id",), primary=True),),
)
POINTS = ForeignKey("notes_user", NOTES, ("user_id",), USERS, ("id",))

ROWS = {
    "first_name": ["Ada", "Łukasz", "Will", None],
    "last_name": ["Lovelace", "Żak", "Gray", "Nobody"],
    "email": ["ada@x.org", "l.zak@poczta.pl", None, "n@x.org"],
}
USER_RULES = {
    "id": "key",
    "first_name": {"first_name": {"per": "id"}},
    "last_name": {"last_name": {"per": "id"}},
    "email": {"email": {"per": "id"}},
}
FULL = {"columns": ["users.first_name", "users.last_name", "users.email"], "per": "user_id"}


class Database:
    """Users in memory, beside notes."""

    def __init__(self, *foreign_keys):
        self.rows = batch(users, **ROWS)
        self.foreign_keys = foreign_keys

    def schema(self):
        return Schema((users, notes), self.foreign_keys)

    def read(self, scan):
        assert scan.table == USERS
        return pa.Table.from_batches([self.rows]).select(list(scan.columns)).to_reader(max_chunksize=2)


def mask_notes(texts, subjects, options=FULL, *, user_rules=USER_RULES, more=None):
    """The masked notes, and the masked users beside them."""
    database = Database(POINTS)
    rules = {name: parse_rule(rule) for name, rule in user_rules.items()}
    elsewhere = {(USERS, name): rule for name, rule in rules.items()}
    own = {name: parse_rule(rule) for name, rule in {"note": {"free_text": options}, **(more or {})}.items()}
    given = {"key": KEY, "domains": {(NOTES, "user_id"): "users.id", (USERS, "id"): "users.id"}}
    transform = transforms.compile(notes, own, dataset=database, elsewhere=elsewhere, **given)
    seen = [18_000] * len(texts)
    found = transform(batch(notes, note=texts, user_id=subjects, seen=seen, id=range(len(texts))))
    return found, transforms.compile(users, rules, **given)(database.rows).to_pydict()


def one(text, rule="free_text", **more):
    return masked(rule, [text], **more)[0]


def own_rows(text, **values):
    """A text masked beside columns of its own row."""
    table = people(*(column(name) for name in values), column("note"))
    rules = {"note": {"free_text": list(values)}, **{name: name for name in values}}
    transform = transforms.compile(table, {name: parse_rule(rule) for name, rule in rules.items()}, key=KEY, domains={})
    found = transform(batch(table, note=[text], **{name: [value] for name, value in values.items()}))
    return {name: column[0] for name, column in found.to_pydict().items()}


def test_ada_is_the_same_in_the_note_and_in_the_columns_of_her_row():
    found = own_rows("Ada (Ada Lovelace, ada@x.org) called.", first_name="Ada", last_name="Lovelace", email="ada@x.org")
    first, last, email = found["first_name"], found["last_name"], found["email"]
    assert found["note"] == f"{first} ({first} {last}, {email}) called."
    assert first != "Ada"


def test_ada_is_the_same_in_a_note_that_points_at_her_in_another_table():
    found, there = mask_notes(["Ada wrote: ada@x.org", "Żak, Łukasz", "Ada", "Ada"], [1, 2, None, 99])
    first, last, email = there["first_name"], there["last_name"], there["email"]
    assert found["note"].to_pylist()[:2] == [f"{first[0]} wrote: {email[0]}", f"{last[1]}, {first[1]}"]
    stranger = one("Ada")
    assert found["note"].to_pylist()[2:] == [stranger, stranger]


def test_another_table_is_found_by_its_primary_key_where_no_foreign_key_says_more():
    with_key, _ = mask_notes(["Ada"], [1])
    database = Database()
    elsewhere = {(USERS, name): parse_rule(rule) for name, rule in USER_RULES.items()}
    transform = transforms.compile(
        notes, {"note": parse_rule({"free_text": FULL})}, key=KEY, domains={}, dataset=database, elsewhere=elsewhere
    )
    found = transform(batch(notes, note=["Ada"], user_id=[1], seen=[1], id=[1]))
    assert found["note"][0].as_py() != "Ada" and with_key["note"][0].as_py() != "Ada"


def test_a_stranger_in_a_note_has_the_stand_in_of_every_column_drawn_by_the_value():
    text = "Grace Hopper <grace@navy.mil>, +49 170 1234567"
    stand_ins = [masked(rule, [value])[0] for rule, value in STRANGER]
    assert one(text) == "{} {} <{}>, {}".format(*stand_ins)


STRANGER = [("first_name", "Grace"), ("last_name", "Hopper"), ("email", "grace@navy.mil"), ("phone", "+49 170 1234567")]


def test_everything_else_stays_byte_for_byte():
    text = "  «Ada»\\t(ÄÖ\u00a0ada@x.org)\\r\\n— 山田 42% \\u200b"
    first, email = masked("first_name", ["Ada"])[0], masked("email", ["ada@x.org"])[0]
    assert one(text) == text.replace("ada@x.org", email).replace("Ada", first)


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet=" .,;!?()äöüßxyz\\n\\t🙂", max_size=40))
def test_a_text_that_names_nobody_stays_as_it_is(text):
    assert one(text) == text


def test_case_and_possessives_are_kept():
    first = masked("first_name", ["Ada"])[0]
    found = own_rows("ADA, ada's and Ada’s; adage", first_name="Ada")
    assert found["note"] == f"{first.upper()}, {first}'s and {first}’s; adage"


def test_a_name_that_is_also_a_word_stays_a_word():
    found = own_rows("Will will call, won't he?", first_name="Will")
    assert found["note"] == f"{found['first_name']} will call, won't he?"


def test_the_words_of_a_full_name_are_found_one_by_one():
    found = own_rows("Ada met Mrs. Lovelace and Maria", full_name="Ada Maria Lovelace")
    first, last = found["full_name"].split(" ")[0], found["full_name"].split(" ")[-1]
    assert found["note"] == f"{first} met Mrs. {last} and {first}"


def test_names_in_scripts_without_spaces_are_found():
    found = own_rows("昨日山田太郎さんが来た。王伟先生も", full_name="山田太郎")
    assert found["note"].startswith(f"昨日{found['full_name']}さんが来た。")
    assert "王伟" not in found["note"] and found["note"].endswith("先生も")


def test_an_address_that_holds_a_name_is_one_thing():
    found = own_rows("write to ada@x.org or stop by at 12 Ada Street", first_name="Ada")
    street = masked("street", ["12 Ada Street"])[0]
    assert found["note"] == f"write to {masked('email', ['ada@x.org'])[0]} or stop by at {street}"


def test_dates_move_with_their_subject_as_its_columns_do():
    found, _ = mask_notes(
        ["seen on 2019-04-14 and on 2019-04-24", "2019-04-14"],
        [1, 2],
        more={"seen": {"shift_days": 30, "per": "user_id"}},
    )
    first, second = (found["note"][0].as_py().removeprefix("seen on ").split(" and on "), found["note"][1].as_py())
    days = found["seen"].to_pylist()
    assert first[0] == str(days[0]) and second == str(days[1])
    assert (pa.scalar(first[1]).cast(pa.date32()).as_py() - days[0]).days == 10


def test_what_has_no_transformer_becomes_its_name():
    assert one("key AKIAIOSFODNN7EXAMPLE, pos 52.51704, 13.38886") == "key [SECRET], pos [COORDINATES]"


def test_entities_say_what_to_look_for_and_rules_how_it_changes():
    text = "Ada, ada@x.org, +49 170 1234567, 5 May 2021"
    assert one(text, {"free_text": {"entities": ["email"]}}) == text.replace(
        "ada@x.org", masked("email", ["ada@x.org"])[0]
    )
    rules = {"person": "redact", "email": {"replace": "(mail)"}, "phone": {"mask": 4}, "date": {"bucket": "year"}}
    assert one(text, {"free_text": {"rules": rules}}) == "[PERSON], (mail), ***********4567, 1 January 2021"
    kept = {"free_text": {"rules": {"first_name": "keep", "email": "keep", "phone": "keep", "date": "keep"}}}
    assert one(text, kept) == text


def test_a_column_that_was_emptied_leaves_a_mark():
    found, _ = mask_notes(["Ada and ada@x.org"], [1], user_rules={**USER_RULES, "first_name": None, "email": "keep"})
    assert found["note"][0].as_py() == "[REDACTED] and ada@x.org"


def test_a_text_that_became_too_long_is_cut():
    assert len(one("a@b.co, a@b.co", max_length=14)) == 14


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ["users.email"]}, "`per` names the column that points there"),
        ({"columns": ["mail"]}, "column 'people.mail' does not exist"),
        ({"columns": ["id"]}, "id is no text"),
        ({"columns": ["v"]}, "cannot be looked for in itself"),
        ({"entities": ["mail"]}, "entity 'mail' does not exist"),
        ({"rules": {"mail": "email"}}, "entity 'mail' does not exist"),
        ({"rules": {"email": {"shift_days": 3}}}, "shift_days does not take text"),
        ({"rules": {"person": "redact", "last_name": "redact"}}, "a rule for person changes names as a whole"),
    ],
)
def test_what_cannot_work_is_refused_before_a_row_is_read(options, message):
    with pytest.raises(InputError, match=message):
        one("x", {"free_text": options})


@pytest.mark.parametrize(
    ("options", "user_rules", "message"),
    [
        ({**FULL, "columns": ["users.mail"]}, USER_RULES, r"users\.mail"),
        ({**FULL, "columns": ["user.email"]}, USER_RULES, "table 'user' does not exist"),
        ({**FULL, "columns": ["users.id"]}, USER_RULES, r"users\.id is no text"),
        (FULL, {"id": "key"}, r"users\.\w+ has no rule here"),
    ],
)
def test_what_another_table_does_not_have_is_refused_too(options, user_rules, message):
    with pytest.raises(InputError, match=message):
        mask_notes(["x"], [1], options, user_rules=user_rules)


def test_a_slice_of_the_notes_becomes_what_it_becomes_among_the_others():
    texts = ["Ada", "İpek and Łukasz", "will Gray", None, "ADA@X.ORG"] * 3
    whole, _ = mask_notes(texts, [1, 2, 3, 4, 1] * 3)
    parts = [
        mask_notes(texts[place : place + 1], [[1, 2, 3, 4, 1][place % 5]])[0]["note"][0].as_py() for place in range(5)
    ]
    assert whole["note"].to_pylist() == parts * 3


def test_every_entity_that_can_be_asked_for_has_a_rule_that_fits():
    examples = {name: f"see {entity.example}!" for name, entity in entities.ENTITIES.items() if name != "initial"}
    found = masked({"free_text": {"entities": list(examples)}}, examples.values())
    for (name, example), after in zip(examples.items(), found, strict=True):
        assert after.startswith("see ") and after.endswith("!") and after != example, name


def test_a_name_after_a_title_is_a_family_name():
    stand_in = masked("last_name", ["Martin"])[0]
    assert one("ask Mr. Martin or Frau Martin") == f"ask Mr. {stand_in} or Frau {stand_in}"
    assert one("ask Martin") == f"ask {masked('first_name', ['Martin'])[0]}"


def test_a_rule_for_dates_is_one_for_all_kinds_of_them():
    text = "born 1990-05-17, seen on 2021-05-17 14:48 and on 17 May 2021"
    found = one(text, {"free_text": {"rules": {"date": {"bucket": "month"}}}})
    assert found == "born 1990-05-01, seen on 2021-05-01 14:48 and on 1 May 2021"


def test_numbers_with_check_digits_become_valid_ones_as_in_their_columns():
    text = "card 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00, CPF 111.444.777-35, CUIT 20-17254359-7"
    stand_ins = [
        masked("card", ["4111 1111 1111 1111"])[0],
        masked("iban", ["DE89 3704 0044 0532 0130 00"])[0],
        masked("cpf", ["111.444.777-35"])[0],
        masked({"national_id": {"kind": "cuit"}}, ["20-17254359-7"])[0],
    ]
    assert one(text) == "card {}, IBAN {}, CPF {}, CUIT {}".format(*stand_ins)


def test_a_name_to_log_in_with_is_the_same_after_an_at():
    assert one("ask @ada_l about it") == f"ask @{masked('username', ['ada_l'])[0]} about it"
