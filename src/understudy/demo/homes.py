"""Hosts and the homes they let: a few have hundreds, most have one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.demo import draw, words
from understudy.demo.draw import DAY, Floats, Ints, Rng
from understudy.demo.people import TODAY, People, postcodes

_CITIES = [city for c in words.COUNTRIES for city in c.cities]
_CITIES_OF = np.array([len(c.cities) for c in words.COUNTRIES])
_FIRST_CITY = np.cumsum(_CITIES_OF) - _CITIES_OF
_RATES = {code: float(rate) for code, _, _, rate in words.CURRENCIES}
_PER_EURO = np.array([_RATES[c.currency] for c in words.COUNTRIES])


@dataclass(frozen=True)
class Homes:
    """All listings and their hosts, one place per listing or host in every array."""

    host_user: Ints
    """For every host, the person."""
    host_id: Ints
    host: Ints
    """For every listing, the host's place; the first listings are their hosts' primary ones, in order."""
    id: Ints
    country: Ints
    city: pa.Array
    latitude: Floats
    longitude: Floats
    cents: Ints
    """Price of an ordinary night, in hundredths of the currency."""
    cleaning: Ints
    popularity: Floats

    @property
    def size(self) -> int:
        """How many listings there are."""
        return len(self.id)

    @property
    def owner(self) -> Ints:
        """For every listing, the person who lets it."""
        return self.host_user[self.host]

    @property
    def currency(self) -> pa.Array:
        """For every listing, the currency of its country."""
        return draw.words([c.currency for c in words.COUNTRIES], self.country)


def homes(seed: int, everyone: People, *, hosts: int, listings: int) -> Homes:
    """Draw hosts among the people, and listings near where they live."""
    rng = draw.stream(seed, "homes")
    host_user = rng.permutation(everyone.size)[:hosts]
    more = draw.choice(rng, draw.zipf(hosts, 0.9), listings - hosts)
    host = np.concatenate([np.arange(hosts), rng.permutation(hosts)[more]])
    abroad = draw.choice(rng, [c.share for c in words.COUNTRIES], listings)
    country = np.where(rng.random(listings) < 0.12, abroad, everyone.country[host_user[host]])
    city = _FIRST_CITY[country] + (_CITIES_OF[country] * rng.random(listings) ** 1.5).astype(np.int64)
    middle = np.array([(latitude, longitude) for _, latitude, longitude in _CITIES])[city]
    units = rng.lognormal(4.35, 0.45, listings) * _PER_EURO[country]
    return Homes(
        host_user=host_user,
        host_id=rng.permutation(hosts) + 1,
        host=host,
        id=rng.permutation(listings) + 1,
        country=country,
        city=draw.words([name for name, _, _ in _CITIES], city),
        latitude=np.round(middle[:, 0] + rng.normal(0, 0.03, listings), 6),
        longitude=np.round(middle[:, 1] + rng.normal(0, 0.04, listings), 6),
        cents=np.round(units).astype(np.int64) * 100,
        cleaning=np.round(units * rng.uniform(0.2, 0.7, listings)).astype(np.int64) * 100,
        popularity=rng.permutation(draw.zipf(listings, 0.7)),
    )


def ibans(rng: Rng, country: Ints) -> pa.Array:
    """Account numbers with valid ISO 13616 check digits: country, two digits, eighteen digits."""
    account = rng.integers(0, 10**18, len(country))
    code = np.array([[ord(sign) - ord("A") + 10 for sign in c.code] for c in words.COUNTRIES])
    tail = (code[:, 0] * 10_000 + code[:, 1] * 100)[country]
    check = 98 - (account % 97 * 10**6 + tail) % 97
    return draw.join(
        draw.words([c.code for c in words.COUNTRIES], country),
        draw.numerals(check, width=2),
        draw.numerals(account, width=18),
    )


def hosts_table(seed: int, everyone: People, *, home: Homes, since: Ints) -> pa.Table:
    """The table of hosts; ``since`` are days."""
    rng = draw.stream(seed, "hosts")
    size = len(home.host_user)
    person = pa.array(home.host_user)
    country = everyone.country[home.host_user]
    firm = rng.random(size) < 0.18
    friend = everyone.first.take(pa.array(rng.integers(0, everyone.size, size)))
    said = {name: values.take(person) for name, values in everyone.fields.items()}
    about = draw.fill_each(words.ABOUT, rng.integers(0, len(words.ABOUT), size), {**said, "friend": friend})
    company = draw.join(said["last"], " ", draw.words(words.COMPANY_ENDS, rng.integers(0, 6, size)))
    code = draw.words([c.code for c in words.COUNTRIES], country)
    vat = draw.join(code, draw.numerals(draw.distinct(rng, 10**9, size), width=9))
    rate = np.minimum(1000, rng.normal(930, 80, size)).astype(np.int64)
    return pa.table(
        {
            "id": pa.array(home.host_id),
            "user_id": everyone.id.take(person),
            "company": draw.where(firm, company),
            "vat_no": draw.where(firm, vat),
            "iban": ibans(rng, country),
            "about": draw.where(rng.random(size) < 0.7, about),
            "superhost": pa.array(rng.random(size) < 0.16),
            "response_rate": draw.where(rng.random(size) < 0.9, draw.decimal(np.maximum(rate, 0), 4, 3)),
            "primary_listing_id": pa.array(home.id[:size]),
            "since": draw.dates(since),
        }
    )


def listings_table(seed: int, everyone: People, *, home: Homes, created: Ints) -> pa.Table:
    """The table of listings; ``created`` are microseconds."""
    rng = draw.stream(seed, "listings")
    size = home.size
    owner = pa.array(home.owner)
    bedrooms = draw.choice(rng, (14, 38, 27, 13, 6, 2), size)
    changed = created + ((TODAY * DAY - created) * rng.random(size)).astype(np.int64)
    kinds = ["apartment", "house", "room", "studio", "houseboat", "cabin"]
    return pa.table(
        {
            "id": pa.array(home.id),
            "host_id": pa.array(home.host_id[home.host]),
            "title": _titles(rng, everyone.first.take(owner), home.city),
            "kind": draw.words(kinds, draw.choice(rng, (50, 17, 16, 12, 2, 3), size)),
            "country": draw.words([c.code for c in words.COUNTRIES], home.country),
            "city": home.city,
            "street": everyone.street.take(owner),
            "postcode": draw.where(rng.random(size) < 0.95, postcodes(rng, home.country)),
            "latitude": pa.array(home.latitude),
            "longitude": pa.array(home.longitude),
            "price": draw.money(home.cents),
            "cleaning_fee": draw.where(home.cleaning > 1500, draw.money(home.cleaning)),
            "currency": home.currency,
            "bedrooms": pa.array(bedrooms.astype(np.int16)),
            "max_guests": pa.array((bedrooms * 2 + rng.integers(1, 3, size)).astype(np.int16)),
            "amenities": _amenities(rng, size),
            "house_rules": _rules(rng, everyone, owner),
            "cancellation_policy_id": pa.array((1 + draw.choice(rng, (4, 3, 2, 1), size)).astype(np.int16)),
            "active": pa.array(rng.random(size) < 0.93),
            "created_at": draw.moments(created),
            "updated_at": draw.moments(changed),
        }
    )


def _titles(rng: Rng, owner: pa.Array, city: pa.Array) -> pa.Array:
    """``Quiet loft in Leipzig``; one in six carries the host's name."""
    size = len(owner)
    home = draw.join(
        draw.words(words.ADJECTIVES, rng.integers(0, len(words.ADJECTIVES), size)),
        " ",
        draw.words(words.NOUNS, rng.integers(0, len(words.NOUNS), size)),
    )
    named = draw.join(owner, "'s ", pc.utf8_lower(home), ", ", city)
    return pc.if_else(pa.array(rng.random(size) < 0.17), named, draw.join(home, " in ", city))


def _amenities(rng: Rng, size: int) -> pa.Array:
    """Three to eighteen different amenities each, the common ones more often, as an array's text."""
    known = len(words.AMENITIES)
    liked = rng.random((size, known)) ** (1 + np.arange(known) / known)
    counts = rng.integers(3, 19, size)
    ranked = np.argsort(-liked, axis=1, kind="stable")
    values = ranked[np.arange(known) < counts[:, None]]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), draw.words(words.AMENITIES, values))
    return draw.join("{", pc.binary_join(lists, ","), "}")


def _rules(rng: Rng, everyone: People, owner: pa.Array) -> pa.Array:
    """House rules as JSON, with somebody to call."""
    size = len(owner)
    plain = draw.join(
        '{"check_in_after": "',
        pa.array(rng.integers(12, 19, size)).cast(pa.string()),
        ':00", "pets": ',
        draw.words(["true", "false"], draw.choice(rng, (1, 3), size)),
        ', "quiet_hours": ["22:00", "07:00"]',
    )
    contact = draw.join(
        ', "contact": {"name": "', everyone.first.take(owner), '", "phone": "', everyone.phone.take(owner), '"}'
    )
    named = pc.if_else(pa.array(rng.random(size) < 0.4), contact, "")
    return draw.join(plain, named, "}")
