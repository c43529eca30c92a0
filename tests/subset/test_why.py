"""Why a row is there, told from the result alone."""

from __future__ import annotations

import pyarrow as pa
import pytest

from subset.tiny import Taken, Tiny, edge, name, of
from understudy.errors import InputError
from understudy.subset import EdgePolicy, Step, why

SHOP = Tiny(
    {
        "users": [{"id": 5, "country": "DE"}, {"id": 6, "country": "FR"}],
        "sessions": [{"id": 1, "user_id": 5}, {"id": 2, "user_id": 5}],
        "items": [{"id": 7}],
        "orders": [{"id": 17, "session_id": 2, "item_id": 7, "gift_for": 6}],
        "kinds": [{"id": 1}],
    },
    (
        "sessions.user_id -> users.id",
        "orders.session_id -> sessions.id",
        "orders.item_id -> items.id",
        "orders.gift_for -> users.id",
    ),
)


def steps(taken: Taken, table: str, **key: int) -> list[Step]:
    return why(taken.plan, taken.dataset, name(table), pa.table({column: [value] for column, value in key.items()}))


def test_the_way_leads_from_a_parent_through_children_to_the_target() -> None:
    taken = SHOP.take(of("users", "country = 'DE'"), follow={"sessions": EdgePolicy(top=20)})
    assert [str(step) for step in steps(taken, "items", id=7)] == [
        "items 7: required by orders.item_id of orders 17",
        "orders 17: child of sessions 2 over orders.session_id",
        "sessions 2: child of users 5 over sessions.user_id, top 20",
        "users 5: target: country = 'DE'",
    ]
    assert [step.edge for step in steps(taken, "users", id=6)] == [
        "orders.gift_for",
        "orders.session_id",
        "sessions.user_id",
        None,
    ]


def test_a_row_of_a_table_taken_whole_says_so() -> None:
    taken = SHOP.take(of("users", "id = 5"), unreached="reference")
    (step,) = steps(taken, "kinds", id=1)
    assert step.words == "taken whole: no target reaches it, and its 0 rows are at most 1,000"


def test_a_row_that_is_not_there_says_what_the_plan_says_of_its_table() -> None:
    taken = SHOP.take(of("items", "id = 404"))
    with pytest.raises(InputError, match="not in the result: no target reaches it") as caught:
        steps(taken, "users", id=6)
    assert caught.value.hint.startswith("users is reached: required by orders.gift_for")


def test_a_key_that_names_no_single_row_is_refused() -> None:
    taken = SHOP.take(of("users", "country = 'DE'"))
    with pytest.raises(InputError, match="several rows of sessions match") as caught:
        steps(taken, "sessions", user_id=5)
    assert caught.value.hint == "name one row by id"
    with pytest.raises(InputError, match=r"column 'users\.idd' does not exist"):
        steps(taken, "users", idd=5)
    with pytest.raises(InputError, match="this cannot be a key of users") as caught:
        why(taken.plan, taken.dataset, name("users"), pa.table({"id": ["five"]}))
    assert caught.value.hint == "give id integer"


def test_a_self_reference_is_told_in_the_direction_it_was_followed() -> None:
    rows = [{"id": 1, "boss": None}, {"id": 2, "boss": 1}, {"id": 3, "boss": 2}]
    staff = Tiny({"staff": rows}, ("staff.boss -> staff.id",))
    taken = staff.take(of("staff", "id = 2"))
    assert [step.words for step in steps(taken, "staff", id=1)] == [
        "required by staff.boss of staff 2",
        "target: id = 2",
    ]
    assert [step.words for step in steps(taken, "staff", id=3)] == [
        "child of staff 2 over staff.boss",
        "target: id = 2",
    ]


def test_an_edge_over_an_expression_ends_the_way_without_a_row() -> None:
    key = edge("events.user -> users.id", virtual=True, expressions=("substr(note, 2)",))
    tiny = Tiny({"users": [{"id": 2}], "events": [{"id": 1, "note": "#2"}]}, (key,))
    (step,) = steps(tiny.take(of("events")), "users", id=2)
    assert step.words == "required by events.user of a row of events"


def test_a_condition_that_cannot_run_on_the_result_ends_the_way_without_a_row() -> None:
    key = edge("notes.owner -> users.id", virtual=True, condition="type = 'User'")
    tiny = Tiny({"users": [{"id": 1}], "notes": [{"id": 1, "type": "User", "owner": 1}]}, (key,))
    taken = tiny.take(of("notes"))
    assert [step.words for step in steps(taken, "users", id=1)] == [
        "required by notes.owner[type = 'User'] of notes 1",
        "target: every row",
    ]
    masked = Taken({**taken.rows, "notes": [{**taken.rows["notes"][0], "type": "x"}]}, taken.closure, taken.plan)
    (step,) = steps(masked, "users", id=1)
    assert step.words == "required by notes.owner[type = 'User'] of a row of notes"
