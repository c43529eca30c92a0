from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import (
    ForbiddenError,
    NamespaceNotEmptyError,
    NoSuchTableError,
    RESTError,
    TableAlreadyExistsError,
    UnauthorizedError,
)

from lake.rest_support import ORDERS, ask, make_orders, rows, serving
from understudy.errors import InputError
from understudy.lake.rest import Tokens, new_token, serve

MORE = pa.table({"id": pa.array([4], pa.int64()), "item": ["jug"]})
THREE = [(1, "tea"), (2, "cup"), (3, "pot")]
ORDERS_PATH = "namespaces/shop/tables/orders"


@pytest.fixture
def served(sqlite_lake):
    make_orders(sqlite_lake)
    sqlite_lake.branch("dev", "main")
    sqlite_lake.branch("feature/x", "main")
    sqlite_lake.tag("v1", "main")
    with serving(sqlite_lake) as url:
        yield sqlite_lake, url


def client(url: str, ref: str, **more: str) -> Catalog:
    return load_catalog("rest", type="rest", uri=url, warehouse=ref, **more)


def refused(answer: tuple[int, dict[str, dict[str, object]]]) -> tuple[int, object]:
    status, held = answer
    assert set(held) == {"error"}
    assert set(held["error"]) == {"message", "type", "code"}
    return status, held["error"]["type"]


@pytest.mark.parametrize("ref", ["dev", "feature/x"])
def test_pyiceberg_reads_and_writes_a_branch(served, ref):
    lake, url = served
    catalog = client(url, ref)
    table = catalog.load_table("shop.orders")
    table.append(MORE)
    table.delete("id = 1")
    catalog.create_namespace("other", {"owner": "ann"})
    made = catalog.create_table("other.t", ORDERS.schema)
    made.append(ORDERS)
    with made.update_schema() as change:
        change.rename_column("item", "what")
    catalog.rename_table("other.t", "other.u")
    assert rows(lake, ref) == [(2, "cup"), (3, "pot"), (4, "jug")]
    assert catalog.list_tables("other") == [("other", "u")]
    assert rows(lake, "main") == THREE
    assert lake.head(ref).meta["engine"].startswith("PyIceberg/")


def test_a_table_that_was_renamed_meanwhile_is_missed_by_its_old_name(served):
    _, url = served
    catalog = client(url, "dev")
    table = catalog.load_table("shop.orders")
    catalog.rename_table("shop.orders", "shop.sales")
    with pytest.raises(RESTError, match=r"'shop\.orders' does not exist on 'dev'"):
        table.append(MORE)


def test_a_tag_a_commit_and_a_time_are_read_and_never_written(served):
    _, url = served
    for ref in ("v1", "main~1", "main@{2100-01-01T00:00Z}"):
        prefix = f"{url}/v1/{quote(ref, safe='')}"
        _, told = ask("GET", f"{url}/v1/config?warehouse={quote(ref, safe='')}")
        assert {one.split(" ")[0] for one in told["endpoints"]} == {"GET", "HEAD"}
        assert client(url, ref).load_table("shop.orders") is not None
        assert refused(ask("DELETE", f"{prefix}/{ORDERS_PATH}")) == (403, "ForbiddenException")
        assert refused(ask("POST", f"{prefix}/namespaces", {"namespace": ["x"]})) == (403, "ForbiddenException")
        commit = {"requirements": [], "updates": []}
        assert refused(ask("POST", f"{prefix}/{ORDERS_PATH}", commit)) == (403, "ForbiddenException")
        assert refused(ask("POST", f"{prefix}/transactions/commit", {"table-changes": []})) == (
            403,
            "ForbiddenException",
        )


@pytest.mark.parametrize("path", ["v1/feature%2Fx", "v1/feature%252Fx", "v1/feature/x", "iceberg/v1/v1/feature%2Fx"])
def test_a_branch_with_a_slash_is_found_however_a_client_writes_it(served, path):
    _, url = served
    status, told = ask("GET", f"{url}/{path}/{ORDERS_PATH}")
    assert (status, told["metadata"]["current-schema-id"]) == (200, 0)


def test_a_client_that_cannot_say_a_warehouse_says_the_branch_in_its_address(served):
    lake, url = served
    load_catalog("rest", type="rest", uri=f"{url}/iceberg/feature%2Fx").load_table("shop.orders").append(MORE)
    assert rows(lake, "feature/x") == [*THREE, (4, "jug")]
    assert rows(lake, "main") == THREE


def test_two_tables_change_in_one_commit_or_neither_does(served):
    lake, url = served
    make_orders(lake, "payments", ref="dev")
    before = lake.head("dev").hash
    owner = [{"action": "set-properties", "updates": {"owner": "ann"}}]

    def change(name: str, *requirements: dict[str, object]) -> dict[str, object]:
        identifier = {"namespace": ["shop"], "name": name}
        return {"identifier": identifier, "requirements": requirements, "updates": owner}

    stale = {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 1}
    both = {"table-changes": [change("orders"), change("payments", stale)]}
    assert refused(ask("POST", f"{url}/v1/dev/transactions/commit", both)) == (409, "CommitFailedException")
    assert lake.head("dev").hash == before
    both = {"table-changes": [change("orders"), change("payments")]}
    assert ask("POST", f"{url}/v1/dev/transactions/commit", both) == (204, None)
    assert lake.head("dev").parents == (before,)


def test_a_staged_table_is_there_once_it_is_committed(served):
    lake, url = served
    catalog = client(url, "dev")
    with catalog.create_table_transaction("shop.fresh", ORDERS.schema) as transaction:
        assert not catalog.table_exists("shop.fresh")
        transaction.append(ORDERS)
    assert rows(lake, "dev", "fresh") == THREE


def test_errors_are_those_of_the_specification(served):
    _, url = served
    catalog = client(url, "dev")
    with pytest.raises(NoSuchTableError):
        catalog.load_table("shop.nothing")
    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table("shop.orders", ORDERS.schema)
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace("shop")
    with pytest.raises(RESTError, match="branch or tag 'devv' does not exist"):
        client(url, "devv")
    assert ask("HEAD", f"{url}/v1/dev/namespaces/nothing")[0] == 404
    assert ask("HEAD", f"{url}/v1/dev/{ORDERS_PATH}") == (204, None)


@pytest.mark.parametrize(
    "body",
    [
        {"updates": [{"action": "add-snapshot"}]},
        {"updates": [{"action": "no-such-action"}]},
        {"updates": 7},
        {"updates": [{"action": "set-current-schema", "schema-id": 99}]},
        {"updates": [{"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": 1}]},
    ],
)
def test_a_request_that_makes_no_sense_is_told_so(served, body):
    _, url = served
    assert refused(ask("POST", f"{url}/v1/dev/{ORDERS_PATH}", body)) == (400, "BadRequestException")


def test_what_is_no_json_or_no_path_is_told_so(served):
    _, url = served
    assert refused(ask("POST", f"{url}/v1/dev/namespaces", [1])) == (400, "BadRequestException")
    assert refused(ask("GET", f"{url}/v1/dev/namespaces/shop/views")) == (404, "NotFoundException")


def test_engines_are_told_where_the_storage_is(sqlite_lake):
    with serving(sqlite_lake, storage={"s3.endpoint": "http://localhost:9000"}) as url:
        _, told = ask("GET", f"{url}/v1/config?warehouse=main")
    assert told["defaults"] == {"s3.endpoint": "http://localhost:9000"}


def test_a_page_in_a_browser_is_not_answered_without_tokens(served):
    _, url = served
    assert refused(ask("GET", f"{url}/v1/config", Origin="http://evil.example")) == (403, "ForbiddenException")
    assert refused(ask("GET", f"{url}/v1/config", Host="evil.example")) == (403, "ForbiddenException")


def test_without_tokens_it_listens_on_this_machine_only(sqlite_lake):
    with pytest.raises(InputError, match=r"without tokens it does not listen on '0\.0\.0\.0'"):
        serve(sqlite_lake, "0.0.0.0")


def test_a_token_reads_and_writes_what_its_patterns_say(sqlite_lake, tmp_path):
    make_orders(sqlite_lake)
    for name in ("ci/one", "secret"):
        sqlite_lake.branch(name, "main")
    token, hashed = new_token()
    file = tmp_path / "tokens.yaml"
    rights = {"main": "read", "ci/*": "write"}
    file.write_text(json.dumps({"tokens": [{"name": "ci", "sha256": hashed, "rights": rights}]}))
    with serving(sqlite_lake, Tokens.read(file)) as url:
        client(url, "ci/one", token=token).load_table("shop.orders").append(MORE)
        table = client(url, "main", token=token).load_table("shop.orders")
        with pytest.raises((ForbiddenError, NotImplementedError)):
            table.append(MORE)
        with pytest.raises(ForbiddenError, match="may not read 'secret'"):
            client(url, "secret", token=token)
        with pytest.raises(UnauthorizedError):
            client(url, "main", token="ust_wrong")
        assert refused(ask("GET", f"{url}/v1/config")) == (401, "NotAuthorizedException")
        held = {"Authorization": f"Bearer {token}"}
        assert refused(ask("DELETE", f"{url}/v1/main/{ORDERS_PATH}", **held)) == (403, "ForbiddenException")
        _, told = ask("GET", f"{url}/lake/v1/refs", **held)
        assert [ref["name"] for ref in told["refs"]] == ["ci/one", "main"]
    assert rows(sqlite_lake, "ci/one") == [*THREE, (4, "jug")]
    assert sqlite_lake.head("ci/one").author == "ci"
    assert rows(sqlite_lake, "main") == THREE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tokens: [{name: ci, token: abc, rights: {main: read}}]", "needs 'name', 'sha256' and 'rights'"),
        ("tokens: [{name: ci, sha256: abc, rights: {main: read}}]", "is no SHA-256"),
        (f"tokens: [{{name: ci, sha256: '{'0' * 64}', rights: {{main: admin}}}}]", "'read' or 'write'"),
        ("{}", "has no list 'tokens'"),
        ("[", "cannot be read"),
    ],
)
def test_a_token_file_that_says_something_else_is_refused(tmp_path: Path, text, told):
    file = tmp_path / "tokens.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=told):
        Tokens.read(file)


def test_branches_are_made_compared_and_deleted_over_http(served):
    lake, url = served
    status, made = ask("POST", f"{url}/lake/v1/refs", {"name": "work/y", "from": "main"})
    assert (status, made["hash"]) == (200, lake.head("main").hash)
    client(url, "work/y").load_table("shop.orders").append(MORE)
    assert ask("GET", f"{url}/lake/v1/refs/work%2Fy")[1]["hash"] == lake.head("work/y").hash
    _, told = ask("GET", f"{url}/lake/v1/diff?from=main&to=work/y")
    assert told["tables"] == [{"table": "shop.orders", "change": "changed", "rows": {"before": 3, "after": 4}}]
    _, told = ask("GET", f"{url}/lake/v1/log?ref=work/y&limit=1")
    assert [one["message"] for one in told["commits"]] == ["append shop.orders"]
    assert ask("DELETE", f"{url}/lake/v1/refs/work/y") == (204, None)
    assert refused(ask("GET", f"{url}/lake/v1/refs/work/y")) == (404, "NotFoundException")
    assert refused(ask("DELETE", f"{url}/lake/v1/refs/main")) == (400, "BadRequestException")


def test_branches_are_merged_over_http_and_conflicts_are_told(served):
    lake, url = served
    for ref, number in (("main", 10), ("dev", 20)):
        row = pa.table({"id": pa.array([number], pa.int64()), "item": ["jug"]})
        client(url, ref).load_table("shop.orders").append(row)
    asked = {"from": "dev", "into": "main"}
    status, told = ask("POST", f"{url}/lake/v1/merge", {**asked, "dry_run": True})
    assert (status, told["result"], told["dry_run"]) == (200, "merged", True)
    assert ask("POST", f"{url}/lake/v1/merge", asked)[1]["commit"] == lake.head("main").hash
    assert rows(lake, "main") == [*THREE, (10, "jug"), (20, "jug")]
    client(url, "main").load_table("shop.orders").delete("id = 1")
    client(url, "dev").load_table("shop.orders").delete("id = 1")
    assert refused(ask("POST", f"{url}/lake/v1/merge", asked)) == (409, "Conflicts")
    wrong = {**asked, "publishing": True}
    assert refused(ask("POST", f"{url}/lake/v1/merge", wrong)) == (400, "BadRequestException")


_SERVE = """
import sys
from understudy.lake import Lake
from understudy.lake.rest import serve

serve(Lake.open(sys.argv[1]), port=0, ready=lambda url: print(url, flush=True))
"""


def test_a_server_says_where_it_listens_and_ends_when_it_is_told(sqlite_lake):
    make_orders(sqlite_lake)
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE, sqlite_lake.location], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        client(url, "main").load_table("shop.orders").append(MORE)
        server.terminate()
        server.wait(timeout=20)
    assert rows(sqlite_lake, "main") == [*THREE, (4, "jug")]


def test_a_port_that_is_taken_is_named(served):
    lake, url = served
    port = int(url.rpartition(":")[2])
    with pytest.raises(InputError, match=f"127.0.0.1:{port} cannot be listened on"):
        serve(lake, port=port)
