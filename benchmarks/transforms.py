"""How many values a second every transformer changes on one core, the slowest first.

Kernels are compiled once, by the first of a few runs; the shortest one counts, so that this is no part of it.

python benchmarks/transforms.py [rows]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy import entities, transforms
from understudy.entities.checksums import samples
from understudy.interfaces import BATCH_ROWS, Scan
from understudy.schema import Column, Kind, Schema, Table, TableName, Unique
from understudy.transforms import Key, parse_rule
from understudy.transforms.ff1 import Ff1
from understudy.transforms.permute import EDGES, Permutation
from understudy.transforms.prf import digest, of_words

ROWS = 500_000
KEY = Key(bytes(range(32)))
PEOPLE = TableName("public", "people")


def columns(rows: int) -> dict[str, tuple[Column, pa.Array]]:
    """One column of every kind, with values as a database has them."""
    number = np.arange(1, rows + 1)
    random = np.random.default_rng(1).integers(0, 2**62, rows)
    texts = {
        "email": [f"person.{i}@mail{i % 97}.example" for i in number],
        "name": [f"Name{i % 5000} Surname{i % 7000}" for i in number],
        "phone": [f"+49 {170 + i % 9} {i % 10_000_000:07}" for i in number],
        "code": [f"C{i:09}" for i in number],
        "ward": [str(i % 5) for i in number],
        "country": [("DE", "Japan", "USA", "Brasil", "IN")[i % 5] for i in number],
        "sex": [("F", "m", "female")[i % 3] for i in number],
        "zip": [f"{i % 100_000:05}" for i in number],
        "written": [f"{i % 28 + 1:02}.{i % 12 + 1:02}.{1930 + i % 80}" for i in number],
        "note": [
            f"Dear Ada Lovelace{i}, we called +49 170 {i:07} on 5 May 2021 about order {i}; ada{i}@x.org"
            for i in number
        ],
        "ip": [f"{i % 223 + 1}.{i % 251}.{i // 256 % 256}.{i % 256}" for i in number],
        "ip6": [f"2001:{i % 65_536:x}:{i % 97:x}::{i:x}" for i in number],
        "mac": [f"00:1a:{i % 256:02x}:{i // 256 % 256:02x}:{i * 7 % 256:02x}:4d" for i in number],
        "host": [f"mail{i % 100}.corp{i % 5000}.example.com" for i in number],
        "url": [f"https://www.shop{i % 1000}.com/users/{i}/photo.jpg?token=a{i}&x=1" for i in number],
        "path": [f"/home/user{i % 5000}/docs/report-{i}.pdf" for i in number],
        "digest": [f"{i * 0x9E3779B97F4A7C15 % 2**64:016x}" for i in map(int, number)],
        "list": [f"person.{i}@x.org; p{i}@y.org" for i in number],
        "xml": [f'<o id="{i}"><mail>person.{i}@x.org</mail><n>7</n></o>' for i in number],
        "page": [f'<p class="note">Dear <b>Name{i % 5000}</b> &amp; all, order {i} is on its way.</p>' for i in number],
        "agent": [
            f"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{i % 90 + 30}.0.{i}.7"
            for i in number
        ],
        "slug": [f"a-{'long-' * (i % 5)}slug-{i}" for i in number],
    }
    documents = [
        f'{{"email": "person.{i}@example.com", "lines": [{{"sku": "a", "n": 1.50}}], "ok": true}}' for i in number
    ]
    as_text = {  # as PostgreSQL writes them
        "mails": ("text[]", [f"{{person.{i}@x.org,NULL,p{i}@y.org}}" for i in number]),
        "person": ("person", [f'(person.{i}@x.org,"Ada L{i}",7)' for i in number]),
        "store": ("hstore", [f'"mail"=>"person.{i}@x.org", "n"=>"{i}", "e"=>NULL' for i in number]),
        "stay": ("daterange", [f"[20{i % 90 + 10}-03-05,2100-01-01)" for i in number]),
    }
    made: dict[str, tuple[Kind, pa.Array]] = {
        "id": ("integer", pa.array(number)),
        "small": ("integer", pa.array(number, pa.int32())),
        "uid": ("uuid", pa.ExtensionArray.from_storage(pa.uuid(), _sixteen(random))),
        "price": (
            "decimal",
            pa.array(random % 10**6, pa.int64()).cast(pa.decimal128(19, 0)).cast(pa.decimal128(21, 2)),
        ),
        "ratio": ("float", pa.array(random / 2**62)),
        "latitude": ("float", pa.array(random % 10**6 / 10**4)),
        "born": ("date", pa.array((random % 20_000).astype(np.int32)).cast(pa.date32())),
        "seen": ("timestamp", pa.array(random % 10**15).view(pa.timestamp("us", "UTC"))),
        "document": ("json", pa.array(documents)),
        **{name: ("text", pa.array(values)) for name, values in texts.items()},
        **{name: ("text", samples(name, rows)) for name in ("card", "iban", "ssn", "pesel", "resident_id", "vin")},
        "pan": ("integer", pc.replace_substring(samples("card", rows), " ", "").cast(pa.int64())),
        "brand": ("text", pa.array([("Visa", "MASTERCARD", "amex")[i % 3] for i in number])),
        "expiry": ("text", pa.array([f"{i % 12 + 1:02}/{i % 7 + 26}" for i in number])),
    }
    found = {name: (Column(name, kind, kind, values.type), values) for name, (kind, values) in made.items()}
    for name, (native, values) in as_text.items():
        found[name] = Column(name, native, "other", pa.string(), as_text=True), pa.array(values)
    return found


def _sixteen(random: np.ndarray) -> pa.Array:
    data = np.stack([random, random[::-1]], axis=1)
    return pa.Array.from_buffers(pa.binary(16), len(random), [None, pa.py_buffer(np.ascontiguousarray(data))])


RULES = [
    ("small", "key"),
    ("id", "key"),
    ("id", "serial"),
    ("uid", "key"),
    ("code", "key"),
    ("slug", "key"),
    ("email", "hash"),
    ("email", "token"),
    ("email", {"hash": {"format": "uuid"}}),
    ("digest", "api_key"),
    ("digest", "hash_shape"),
    ("digest", "password"),
    ("email", "email"),
    ("email", {"email": {"keep_domain": True}}),
    ("name", "username"),
    ("name", "first_name"),
    ("name", "last_name"),
    ("name", "full_name"),
    ("name", {"full_name": {"locale": "from country", "gender": "from sex", "per": "id"}}),
    ("name", "middle_name"),
    ("name", "display_name"),
    ("name", "initials"),
    ("email", {"email": {"mask_domain": True}}),
    ("email", {"email": {"of": ["name"]}}),
    ("sex", {"gender": {"per": "id"}}),
    ("sex", "title"),
    ("born", {"birth_date": "2026-01-01"}),
    ("phone", "phone"),
    ("id", "phone"),
    ("phone", {"phone": {"mode": "fake", "country": "from country"}}),
    ("name", "street"),
    ("name", "city"),
    ("name", {"city": {"country": "from country"}}),
    ("name", "region"),
    ("name", "county"),
    ("name", "postcode"),
    ("zip", {"postcode": {"keep": 3}}),
    ("zip", {"postcode": {"hipaa": True}}),
    ("name", "country"),
    ("name", "address"),
    ("name", "timezone"),
    ("ratio", "latitude"),
    ("ratio", {"longitude": {"jitter_km": 5, "with": "latitude"}}),
    ("ratio", {"longitude": {"grid_km": 1, "with": "latitude"}}),
    ("name", "company"),
    ("name", {"company": {"locale": "from country"}}),
    ("name", "department"),
    ("name", {"job_title": {"locale": "from country"}}),
    ("name", "product"),
    ("name", "currency"),
    ("agent", "user_agent"),
    ("ip", "ip"),
    ("ip6", "ip"),
    ("mac", "mac"),
    ("mac", {"mac": {"keep_vendor": True}}),
    ("host", "hostname"),
    ("url", "url"),
    ("path", "file_path"),
    ("note", "free_text"),
    ("born", {"shift_days": 30}),
    ("seen", {"shift_days": 30, "per": "id"}),
    ("seen", {"jitter": "30 minutes"}),
    ("written", {"as_date": "%d.%m.%Y", "rule": {"shift_days": 30}}),
    ("id", {"as_date": {"unit": "seconds", "rule": {"shift_days": 30}}}),
    ("born", {"timeline": "seen", "ratio": 0.1}),
    ("small", {"age": {"born": "born", "on": "2025-01-01"}}),
    ("small", {"noise": 0.1}),
    ("price", {"noise": {"absolute": 5, "distribution": "laplace", "keep_sign": True, "least": 0}}),
    ("price", {"scale": 3}),
    ("price", {"round": {"significant": 2}}),
    ("id", {"round": -2}),
    ("ratio", {"round": 2}),
    ("price", {"clamp": {"most": 90}}),
    ("price", {"random": {"least": 0, "most": 1000}}),
    ("born", {"random": {"least": "1930-01-01", "most": "2005-12-31"}}),
    ("price", "stretch"),
    ("price", {"redistribute": 0.1, "within": "id"}),
    ("price", {"sum_of": ["id", 0.5]}),
    ("price", {"product_of": ["id", 0.19]}),
    ("price", {"ratio_of": ["id", 7]}),
    ("ratio", {"noise": 0.1}),
    ("price", {"noise": 0.1}),
    ("id", {"bucket": 10}),
    ("price", {"bucket": 10}),
    ("seen", {"bucket": "month"}),
    ("card", "card"),
    ("card", {"card": 6}),
    ("pan", "card"),
    ("brand", "card_type"),
    ("expiry", "card_expiry"),
    ("zip", "cvv"),
    ("iban", "iban"),
    ("ssn", "ssn"),
    ("pesel", {"national_id": "pesel"}),
    ("resident_id", "resident_id"),
    ("vin", "vin"),
    ("code", "passport"),
    ("phone", {"mask": 4}),
    ("email", {"mask": {"first": 1, "until": "@"}}),
    ("phone", {"mask": {"last": 4, "separators": True}}),
    ("email", {"truncate": 3}),
    ("note", {"regex": {r"\w+@\S+": "email", r"\+[\d ]+": "phone"}}),
    ("note", {"regex_replace": {r"\d{3,}": "#"}}),
    ("note", {"regex_redact": {"pattern": r"\d", "char": "x"}}),
    ("email", "scramble"),
    ("note", "scramble"),
    ("code", {"sku": {"first": 1}}),
    ("code", {"from_regex": r"C\d{9}"}),
    ("name", {"pattern": "???-######"}),
    ("note", "lorem"),
    ("note", {"lorem": {"like": "words"}}),
    ("page", "html_text"),
    ("name", "redact"),
    ("name", {"replace": "x"}),
    ("name", None),
    ("name", {"template": "user-{id}"}),
    ("name", {"choice": ["a", "b", "c"]}),
    ("price", "shuffle"),
    ("born", {"shuffle": ["price", "seen"]}),
    ("born", "sample"),
    ("written", {"rare": 10}),
    ("written", {"map": {"01.01.1930": "?"}, "otherwise": "redact"}),
    ("document", {"json": {"$.email": "email"}}),
    ("document", {"json": {"$..sku": "keep"}, "default": "redact"}),
    ("mails", {"array": "email"}),
    ("person", {"fields": {1: "email", 2: "redact"}}),
    ("store", {"hstore": {"mail": "email"}}),
    ("stay", {"range": {"shift_days": 30, "per": "id"}}),
    ("list", {"delimited": ";", "each": "email"}),
    ("url", {"url_query": {"token": "hash"}}),
    ("xml", {"xml": {"//mail": "email", "/o/@id": "hash"}}),
    ("email", {"when": {"where": "value like '%1.example'", "then": "keep", "else": "email"}}),
    ("name", {"switch": {"on": "ward", "cases": {"1": "first_name", "2": "keep"}, "default": "redact"}}),
]


class Held:
    """A Dataset of one table in memory."""

    def __init__(self, table: Table, rows: pa.Table) -> None:
        self.table, self.rows = table, rows

    def schema(self) -> Schema:
        return Schema((self.table,))

    def read(self, scan: Scan) -> pa.RecordBatchReader:
        return self.rows.select(list(scan.columns)).to_reader(max_chunksize=BATCH_ROWS)


def seconds(work: Callable[[], object], *, times: int = 3) -> float:
    """CPU seconds of the shortest of a few runs: other work on the machine counts little."""
    found = []
    for _ in range(times):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def kernels(rows: int) -> Iterable[tuple[str, float]]:
    """The keyed core alone, without what a rule adds."""
    number = np.arange(1, rows + 1)
    words = number.astype(np.uint64)
    emails = pa.array([f"person.{i}@mail{i % 97}.example" for i in number])
    secret = KEY.subkey("benchmark")
    cuts = range(0, rows, BATCH_ROWS)
    yield "PRF of strings", seconds(lambda: [digest(emails[i : i + BATCH_ROWS], secret) for i in cuts])
    yield "PRF of integers", seconds(lambda: [of_words(words[i : i + BATCH_ROWS], secret) for i in cuts])
    for digits in (10, 16, 30):
        numerals = np.random.default_rng(1).integers(0, 10, (rows, digits)).astype(np.uint8)
        ff1 = Ff1(secret, (10,) * digits)
        yield f"FF1 of {digits} digits", seconds(lambda: ff1.encrypt(numerals))  # noqa: B023
    for within in ("int32", "int64"):
        permutation = Permutation(secret, EDGES[within])
        yield f"permutation of {within}", seconds(lambda: [permutation(number[i : i + BATCH_ROWS]) for i in cuts])  # noqa: B023


def rules(rows: int) -> Iterable[tuple[str, float, float]]:
    """Every rule of the catalogue, batch by batch: its name, its seconds, and the bytes of a value it takes."""
    there = columns(rows)
    table = Table(PEOPLE, tuple(column for column, _ in there.values()), (Unique("pk", ("id",), primary=True),))
    data = pa.table({name: values for name, (_, values) in there.items()})
    for name, spelled in RULES:
        rule = parse_rule(spelled)
        transform = transforms.compile(table, {name: rule}, key=KEY, domains={}, dataset=Held(table, data))
        batches = data.select(list(dict.fromkeys(["id", name, *transforms.needs(table, {name: rule})]))).to_batches(
            max_chunksize=BATCH_ROWS
        )
        spent = seconds(lambda: [transform(batch) for batch in batches])  # noqa: B023
        yield f"{rule} of {name}", spent, data[name].nbytes / rows


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    print(f"\n{'keyed core':<50} {'M values/s':>10}")
    for name, spent in sorted(kernels(rows), key=lambda one: -one[1]):
        print(f"{name[:50]:<50} {rows / spent / 1e6:>10.2f}")
    print(f"\n{'transformers':<50} {'M values/s':>10} {'bytes each':>10} {'MB/s':>6}")
    rates = {}
    for name, spent, width in sorted(rules(rows), key=lambda one: -one[1]):
        rates[name] = rate = rows / spent / 1e6
        print(f"{name[:50]:<50} {rate:>10.2f} {width:>10.0f} {rate * width:>6.0f}")
    notes = columns(1000)["note"][1]
    inside = len(entities.spans(notes, ("first_name", "last_name", "phone", "date", "email"))) / len(notes)
    print(f"\na note has {inside:.1f} values that free_text exchanges: {inside * rates['free_text of note']:.2f} M/s")


if __name__ == "__main__":
    main()
