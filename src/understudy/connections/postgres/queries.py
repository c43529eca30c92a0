"""The questions asked of PostgreSQL's catalog: a handful for a whole database, none per table."""

from __future__ import annotations

OWN = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
"""Namespaces of the user's own; names that begin with pg_ are reserved."""

_NOT_OF_AN_EXTENSION = """NOT EXISTS (
        SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')"""

_READABLE = "has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')"

DATABASE = """
    SELECT current_setting('server_version') AS version, current_database()::text AS name, session_user::text AS role,
           current_setting('block_size')::bigint AS block, pg_is_in_recovery() AS standby"""

RELATIONS = f"""
    SELECT c.oid, n.nspname AS namespace, c.relname AS name, c.relkind::text AS kind,
           c.relpersistence::text AS persistence, c.relispartition AS is_partition, c.reltuples AS tuples,
           (c.relpages + coalesce(toast.relpages, 0))::bigint AS pages,
           CASE WHEN c.relkind = 'r' AND c.relpages = 0 THEN pg_relation_size(c.oid) ELSE 0 END AS heap,
           CASE WHEN c.relkind = 'r' AND c.relpages = 0 THEN pg_table_size(c.oid) ELSE 0 END AS size,
           {_READABLE} AS readable, row_security_active(c.oid) AS row_security,
           coalesce(obj_description(c.oid, 'pg_class'), '') AS comment
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
    WHERE c.relkind IN ('r', 'p', 'f') AND {OWN} AND {_NOT_OF_AN_EXTENSION}
    ORDER BY n.nspname, c.relname"""

LOCKABLE = f"""
    SELECT n.nspname AS namespace, c.relname AS name
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND {OWN} AND {_NOT_OF_AN_EXTENSION}
      AND {_READABLE} AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery())
    ORDER BY n.nspname, c.relname"""

INHERITS = """
    SELECT inhrelid AS child, inhparent AS parent FROM pg_inherits
    WHERE inhparent = ANY (%(all)s::oid[]) ORDER BY inhrelid, inhseqno"""

COLUMNS = """
    SELECT a.attrelid AS relation, a.attname AS name, a.atttypid AS type, a.atttypmod AS modifier,
           format_type(a.atttypid, a.atttypmod) AS native, a.attnotnull AS not_null, a.attidentity::text AS identity,
           a.attgenerated <> '' AS generated, coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS default_sql,
           blind.oid IS NOT NULL AS blind, coalesce(remark.description, '') AS comment
    FROM pg_attribute a
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_collation blind ON blind.oid = a.attcollation AND NOT blind.collisdeterministic
    LEFT JOIN pg_description remark ON remark.classoid = 'pg_class'::regclass
      AND remark.objoid = a.attrelid AND remark.objsubid = a.attnum
    WHERE a.attrelid = ANY (%(tables)s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum"""

TYPES = """
    SELECT t.oid, n.nspname AS namespace, t.typname AS name, t.typtype::text AS category, t.typbasetype AS base,
           t.typtypmod AS modifier, t.typnotnull AS not_null, t.typlen AS length
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.oid IN (SELECT atttypid FROM pg_attribute WHERE attrelid = ANY (%(tables)s::oid[]))
       OR t.oid IN (SELECT typbasetype FROM pg_type WHERE typtype = 'd') OR t.typtype = 'd'"""

LABELS = """
    SELECT enumtypid AS type, array_agg(enumlabel::text ORDER BY enumsortorder) AS labels
    FROM pg_enum GROUP BY enumtypid"""

_NAMES = """ARRAY(
        SELECT a.attname::text FROM unnest({numbers}) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute a ON a.attrelid = {relation} AND a.attnum = k.number {which} ORDER BY k.place)"""

CONSTRAINTS = f"""
    SELECT con.contype::text AS what, con.conname AS name, con.conrelid AS relation, con.contypid AS domain,
           con.confrelid AS parent, con.confmatchtype::text AS match, con.condeferrable AS deferrable,
           con.condeferred AS deferred, con.convalidated AND {{enforced}} AS validated, {{period}} AS period,
           {_NAMES.format(numbers="con.conkey", relation="con.conrelid", which="")} AS columns,
           {_NAMES.format(numbers="con.confkey", relation="con.confrelid", which="")} AS parent_columns,
           coalesce(CASE con.contype WHEN 'c' THEN pg_get_expr(con.conbin, con.conrelid)
                                     WHEN 'x' THEN pg_get_constraintdef(con.oid) END, '') AS sql
    FROM pg_constraint con
    WHERE ((con.contype IN ('c', 'x') OR (con.contype = 'n' AND NOT con.convalidated))
           AND con.conrelid = ANY (%(tables)s::oid[]))
       OR (con.contype = 'c' AND con.contypid <> 0)
       OR (con.contype = 'f' AND con.conparentid = 0 AND con.conrelid = ANY (%(all)s::oid[]))
    ORDER BY con.conrelid, con.conname"""

INDEXES = f"""
    SELECT i.indrelid AS relation, c.relname AS name, am.amname IN ('btree', 'hash') AS finds,
           i.indisunique AS is_unique, i.indisprimary AS is_primary, i.indkey::text AS numbers, i.indnkeyatts AS count,
           {{nulls_alike}} AS nulls_alike, coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS predicate,
           CASE WHEN i.indisunique AND i.indexprs IS NOT NULL THEN (
               SELECT string_agg(pg_get_indexdef(i.indexrelid, k, false), ', ' ORDER BY k)
               FROM generate_series(1, i.indnkeyatts) AS k) ELSE '' END AS expressions,
           {_NAMES.format(numbers="i.indkey::int2[]", relation="i.indrelid", which="AND k.place <= i.indnkeyatts")}
               AS columns
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_am am ON am.oid = c.relam
    WHERE i.indisvalid AND (i.indrelid = ANY (%(tables)s::oid[])
       OR (i.indisunique AND i.indrelid = ANY (%(all)s::oid[])
           AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)))
    ORDER BY i.indrelid, i.indisprimary DESC, c.relname"""

TRIGGERS = """
    SELECT tgrelid AS relation, tgname AS name FROM pg_trigger
    WHERE NOT tgisinternal AND tgrelid = ANY (%(tables)s::oid[]) ORDER BY tgrelid, tgname"""

SEQUENCES = f"""
    SELECT n.nspname AS namespace, c.relname AS name, s.seqstart AS start, s.seqincrement AS increment,
           owned.refobjid AS owner, owner.attname AS owner_column,
           CASE WHEN has_schema_privilege(n.oid, 'USAGE') AND has_sequence_privilege(c.oid, 'SELECT')
                 AND c.relpersistence = 'p' THEN pg_sequence_last_value(c.oid) END AS last_value,
           ARRAY(SELECT DISTINCT d.adrelid::text || ' ' || a.attname FROM pg_depend draws
                 JOIN pg_attrdef d ON d.oid = draws.objid
                 JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
                 WHERE draws.classid = 'pg_attrdef'::regclass AND draws.refclassid = 'pg_class'::regclass
                   AND draws.refobjid = c.oid) AS drawers
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_sequence s ON s.seqrelid = c.oid
    LEFT JOIN pg_depend owned ON owned.classid = 'pg_class'::regclass AND owned.objid = c.oid
      AND owned.refclassid = 'pg_class'::regclass AND owned.refobjsubid > 0 AND owned.deptype IN ('a', 'i')
    LEFT JOIN pg_attribute owner ON owner.attrelid = owned.refobjid AND owner.attnum = owned.refobjsubid
    WHERE {OWN} AND {_NOT_OF_AN_EXTENSION}
    ORDER BY n.nspname, c.relname"""

ELSEWHERE = """
    SELECT 'publication ' || pubname AS name FROM pg_publication
    UNION ALL SELECT 'subscription ' || subname FROM pg_subscription
      WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT 'event trigger ' || evtname FROM pg_event_trigger
    UNION ALL SELECT 'large objects' WHERE EXISTS (SELECT FROM pg_largeobject_metadata)
    ORDER BY 1"""
"""What belongs to a database and not to its tables."""


def for_version(version: int, query: str) -> str:
    """The query with the catalog columns that a server of that version (180006 is 18.6) has."""
    if query is CONSTRAINTS:
        enforced, period = ("con.conenforced", "con.conperiod") if version >= 180_000 else ("true", "false")
        return query.format(enforced=enforced, period=period)
    if query is INDEXES:
        return query.format(nulls_alike="i.indnullsnotdistinct" if version >= 150_000 else "false")
    return query


POSITION = """
    SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text"""

PLACE = """
SELECT s.system_identifier::text || '/' || d.oid::text
FROM pg_catalog.pg_control_system() AS s, pg_catalog.pg_database AS d
WHERE d.datname = pg_catalog.current_database()
"""
"""Which database of which cluster this is."""
