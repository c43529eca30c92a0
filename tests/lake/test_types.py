"""Iceberg's types and ours: every value there and back, every structure kept, and what engines change followed."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyiceberg.schema import Schema as IcebergSchema
from pyiceberg.types import IntegerType, ListType, LongType, NestedField, StringType, UUIDType

from understudy.arrow import kind_of
from understudy.connections import manifest
from understudy.lake import metadata, types
from understudy.schema import CheckConstraint, Column, ForeignKey, Table, TableName, Unique

ORDERS = TableName("shop", "orders")
TABLE = Table(
    ORDERS,
    (
        Column("id", "integer", "integer", pa.int32(), nullable=False),
        Column("user_id", "bigint", "integer", pa.int64()),
        Column("note", "varchar(40)", "text", pa.string(), max_length=40, comment="what they said"),
        Column("upper_note", "text", "text", pa.string(), generated=True),
        Column("state", "state", "enum", pa.string(), labels=("new", "paid"), default="'new'::state"),
    ),
    uniques=(Unique("orders_pkey", ("id",), primary=True), Unique("one_note", ("user_id", "note"))),
    checks=(CheckConstraint("positive", ("user_id",), "user_id > 0"),),
    indexes=(("user_id",), ("id",)),
)
KEY = ForeignKey("orders_user_id_fkey", ORDERS, ("user_id",), TableName("shop", "users"), ("id",))


def made(table=TABLE, keys=(KEY,)):
    return metadata.new(table, keys, "/warehouse/orders")


def with_fields(before, *fields, identifiers=(1,)):
    """The same table after an engine gave it another schema."""
    schema = IcebergSchema(*fields, schema_id=7, identifier_field_ids=list(identifiers))
    return before.model_copy(update={"schemas": [*before.schemas, schema], "current_schema_id": 7})


def integers(low, high):
    return st.one_of(st.integers(low, high), st.sampled_from([low, high, 0]))


def from_integers(arrow_type, low, high):
    return integers(low, high).map(lambda number: pa.scalar(number, pa.int64()).cast(arrow_type))


def decimals(arrow_type):
    top = 10**arrow_type.precision - 1
    width = 16 if pa.types.is_decimal128(arrow_type) else 32
    whole = integers(-top, top)
    return whole.map(
        lambda n: pa.Array.from_buffers(arrow_type, 1, [None, pa.py_buffer(n.to_bytes(width, "little", signed=True))])[
            0
        ]
    )


DAY = 86_400
VALUES = {
    pa.bool_(): st.booleans(),
    **{
        t: integers(int(np.iinfo(t.to_pandas_dtype()).min), int(np.iinfo(t.to_pandas_dtype()).max))
        for t in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())
    },
    pa.float16(): st.floats(width=16, allow_nan=False).map(np.float16),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.float64(): st.floats(allow_nan=False),
    **dict.fromkeys((pa.string(), pa.large_string()), st.text(st.characters(exclude_categories=["Cs"]))),
    **dict.fromkeys((pa.binary(), pa.large_binary()), st.binary()),
    pa.binary(3): st.binary(min_size=3, max_size=3),
    pa.binary(0): st.just(b""),
    pa.uuid(): st.uuids(),
    pa.null(): st.none(),
    pa.date32(): integers(-(2**31), 2**31 - 1),
    pa.date64(): st.dates(),
    pa.time32("s"): integers(0, DAY - 1),
    pa.time32("ms"): integers(0, DAY * 1000 - 1),
    pa.time64("us"): integers(0, DAY * 10**6),
    pa.time64("ns"): from_integers(pa.time64("ns"), 0, DAY * 10**9 - 1),
    **{
        pa.timestamp(unit, tz): from_integers(pa.timestamp(unit, tz), -(2**63) // per + 1, 2**63 // per - 1)
        for unit, per in (("s", 10**6), ("ms", 1000), ("us", 1), ("ns", 1))
        for tz in (None, "UTC", "Europe/Berlin")
    },
    **{
        t: decimals(t)
        for t in (
            pa.decimal128(38, 0),
            pa.decimal128(12, 2),
            pa.decimal128(5, -2),
            pa.decimal128(38, -38),
            pa.decimal128(2, 5),
            pa.decimal256(38, 10),
            pa.decimal256(76, 0),
            pa.decimal256(76, 76),
            pa.decimal256(39, -3),
        )
    },
}


@pytest.mark.parametrize("arrow_type", VALUES, ids=str)
def test_every_value_comes_back_equal_from_what_iceberg_carries(arrow_type):
    assert manifest.parse_type(manifest.type_name(arrow_type)) == arrow_type
    wanted = types.storage_type(arrow_type)

    @settings(max_examples=30)
    @given(st.lists(st.one_of(st.none(), VALUES[arrow_type]), max_size=8))
    def law(values):
        if arrow_type in (pa.date32(), pa.time32("s"), pa.time32("ms"), pa.time64("us")):
            raw = pa.int64() if arrow_type == pa.time64("us") else pa.int32()
            array = pa.array(values, raw).cast(arrow_type)
        else:
            array = pa.array(values, arrow_type)
        there = types.stored(array, arrow_type)
        assert there.type == wanted
        back = types.restored(there, arrow_type)
        assert back.type == arrow_type
        assert back.equals(array)

    law()


@pytest.mark.parametrize("arrow_type", VALUES, ids=str)
def test_every_type_is_one_that_iceberg_has_and_stays_itself_once_stored(arrow_type):
    stored = types.storage_type(arrow_type)
    assert types.storage_type(stored) == stored
    column = Column("a", "?", kind_of(arrow_type), arrow_type)
    schema = types.iceberg_schema(Table(ORDERS, (column,)))
    assert types.arrow_schema(schema).field("a").type == stored


def test_a_time_too_far_away_for_microseconds_is_refused():
    with pytest.raises(pa.ArrowInvalid):
        types.stored(pa.array([2**62], pa.int64()).cast(pa.timestamp("s")), pa.timestamp("s"))


def test_rows_keep_their_stored_columns_in_the_tables_order_and_lose_all_others():
    batch = pa.record_batch(
        {"state": ["new"], "_via": [3], "note": ["hi"], "id": pa.array([1], pa.int32()), "user_id": [2]}
    )
    stored = types.to_storage(batch, TABLE)
    assert stored.to_pylist() == [{"id": 1, "user_id": 2, "note": "hi", "state": "new"}]
    assert types.from_storage(stored, TABLE).to_pylist() == stored.to_pylist()


def test_a_schema_has_ids_from_one_and_the_primary_key_as_identifier_fields():
    schema = types.iceberg_schema(TABLE)
    assert [(f.field_id, f.name, f.required, f.doc) for f in schema.fields] == [
        (1, "id", True, None),
        (2, "user_id", False, None),
        (3, "note", False, "what they said"),
        (4, "state", False, None),
    ]
    assert schema.identifier_field_ids == [1]


def test_a_key_of_floats_is_no_identifier_and_stays_a_primary_key():
    column = Column("x", "real", "float", pa.float32(), nullable=False)
    table = Table(ORDERS, (column,), uniques=(Unique("pk", ("x",), primary=True),))
    assert types.iceberg_schema(table).identifier_field_ids == []
    assert types.table_of(made(table, ()), ORDERS)[0] == table


def test_a_column_of_nanoseconds_says_so():
    columns = (
        Column("at", "?", "timestamp", pa.timestamp("ns", "UTC"), comment="when"),
        Column("t", "?", "time", pa.time64("ns")),
    )
    table = Table(ORDERS, columns)
    docs = [field.doc for field in types.iceberg_schema(table).fields]
    assert docs == ["when (nanoseconds since 1970-01-01 00:00 UTC)", "nanoseconds since midnight"]
    assert types.table_of(made(table, ()), ORDERS)[0] == table


def test_a_table_and_its_keys_come_back_whole():
    assert types.table_of(made(), ORDERS) == (TABLE, (KEY,))


def test_a_table_read_under_another_name_has_that_name_in_its_keys_too():
    table, (key,) = types.table_of(made(), TableName("shop", "orders2"))
    assert (table.name, key.table) == (TableName("shop", "orders2"), TableName("shop", "orders2"))


def test_columns_that_an_engine_renamed_widened_and_added_are_followed():
    found, keys = types.table_of(
        with_fields(
            made(),
            NestedField(1, "number", LongType(), required=True),
            NestedField(2, "buyer", LongType()),
            NestedField(3, "note", StringType(), doc="what they wrote"),
            NestedField(4, "state", StringType()),
            NestedField(9, "gift", UUIDType(), doc="for whom"),
        ),
        ORDERS,
    )
    assert [(c.name, c.native_type, c.arrow_type) for c in found.columns] == [
        ("number", "int64", pa.int64()),
        ("buyer", "bigint", pa.int64()),
        ("note", "varchar(40)", pa.string()),
        ("upper_note", "text", pa.string()),
        ("state", "state", pa.string()),
        ("gift", "uuid", pa.uuid()),
    ]
    assert (found.by_name["note"].comment, found.by_name["gift"].comment) == ("what they wrote", "for whom")
    assert found.by_name["state"].labels == ("new", "paid")
    assert [u.columns for u in found.uniques] == [("number",), ("buyer", "note")]
    assert found.indexes == (("buyer",), ("number",))
    assert found.checks == ()  # its SQL names the old column
    assert [key.columns for key in keys] == [("buyer",)]


def test_keys_that_name_a_dropped_column_go():
    found, keys = types.table_of(with_fields(made(), NestedField(3, "note", StringType()), identifiers=()), ORDERS)
    assert [c.name for c in found.stored] == ["note"]
    assert (found.uniques, found.checks, found.indexes, keys) == ((), (), (), ())


def test_identifier_fields_that_an_engine_set_are_the_primary_key():
    fields = [replace_required(field) for field in made().schema().fields]
    found, _ = types.table_of(with_fields(made(), *fields, identifiers=(2, 3)), ORDERS)
    assert found.primary_key == ("user_id", "note")


def replace_required(field):
    return NestedField(field.field_id, field.name, field.field_type, required=True, doc=field.doc)


def test_a_table_that_an_engine_made_has_the_types_of_its_iceberg_schema():
    fields = (
        NestedField(1, "id", IntegerType(), required=True),
        NestedField(2, "tags", ListType(3, StringType())),
    )
    before = with_fields(made(), *fields)
    found, keys = types.table_of(before.model_copy(update={"properties": {}}), ORDERS)
    assert [(c.name, c.native_type, c.kind, c.nullable) for c in found.columns] == [
        ("id", "int32", "integer", False),
        ("tags", "list<string>", "json", True),
    ]
    assert found.primary_key == ("id",) and keys == ()


def test_nested_values_are_read_as_json():
    nested = pa.array([[1, 2], None, []], pa.list_(pa.int32()))
    assert types.restored(nested, pa.string()).to_pylist() == ["[1,2]", None, "[]"]


def test_what_parquet_writes_as_iceberg_reads_it_is_known():
    alike = [t for t in (pa.int16(), pa.large_string(), pa.uuid(), pa.decimal128(9, 2)) if types.written_alike(t)]
    other = [t for t in (pa.uint32(), pa.uint64(), pa.timestamp("ms"), pa.float16()) if types.written_alike(t)]
    assert (len(alike), other) == (4, [])
    assert not types.written_alike(pa.timestamp("us", "Europe/Berlin"))


def test_a_date_before_our_era_is_kept():
    array = pa.array([dt.date(1, 1, 1)]).cast(pa.date32())
    assert types.restored(types.stored(array, pa.date64()), pa.date64()).type == pa.date64()


def test_an_evolved_table_comes_back_as_it_was_given():
    wider = replace(TABLE, columns=(*TABLE.columns, Column("extra", "text", "text", pa.string())))
    assert types.table_of(metadata.evolve(made(), wider, (KEY,)), ORDERS)[0] == wider
