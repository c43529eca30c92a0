"""Stays: who slept where and when, what it cost, how it was paid, and what guests said afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.demo import draw, words
from understudy.demo.draw import DAY, Bools, Floats, Ints, Rng
from understudy.demo.homes import Homes, ibans
from understudy.demo.people import TODAY, People

FIRST_NIGHT = draw.day("2022-01-01")
LAST_NIGHT = draw.day("2025-10-31")
_MOST_PER_LISTING = 240
"""Stays of one listing that fit between the first and the last night."""

PENDING, CONFIRMED, COMPLETED, CANCELLED = range(4)
STATUS = ["pending", "confirmed", "completed", "cancelled"]


@dataclass(frozen=True)
class Stays:
    """All bookings in the order in which they were made."""

    listing: Ints
    """Place in ``Homes``."""
    guest: Ints
    """Place in ``People``."""
    check_in: Ints
    nights: Ints
    status: Ints
    created: Ints
    cents: Ints
    """Price of all nights and the cleaning."""

    @property
    def size(self) -> int:
        """How many bookings there are."""
        return len(self.listing)

    @cached_property
    def id(self) -> Ints:
        """Booking numbers."""
        return np.arange(self.size) + 100_001

    def key(self, rows: Ints) -> dict[str, pa.Array]:
        """The two columns that point at these bookings."""
        return {"booking_id": pa.array(self.id[rows]), "check_in": draw.dates(self.check_in[rows])}


@dataclass(frozen=True)
class Platform:
    """Everything that more than one table is made of."""

    seed: int
    everyone: People
    home: Homes
    stay: Stays


def stays(seed: int, everyone: People, *, home: Homes, size: int) -> Stays:
    """Draw about so many bookings; two of one listing never share a night."""
    rng = draw.stream(seed, "stays")
    listing = np.repeat(np.arange(home.size), _popular(rng, home.popularity, size))
    size = len(listing)
    nights = 1 + np.minimum(rng.geometric(0.38, size), 14) * (1 + (rng.random(size) < 0.04))
    check_in = _one_after_another(listing, _wished(rng, size), nights)
    guest = _guests(rng, everyone, home=home, listing=listing)
    ahead = (rng.exponential(34, size) * DAY).astype(np.int64)
    created = np.minimum(check_in * DAY - ahead, TODAY * DAY - (rng.exponential(20, size) * DAY).astype(np.int64))
    fate = rng.random(size)
    past = check_in + nights <= TODAY
    status = np.where(
        past,
        np.where(fate < 0.12, CANCELLED, COMPLETED),
        np.select([fate < 0.08, fate < 0.16], [CANCELLED, PENDING], CONFIRMED),
    )
    every = np.repeat(np.arange(size), nights)
    price = night_cents(home, listing[every], check_in[every] + draw.runs(nights))
    cents = np.bincount(every, price, size).astype(np.int64) + home.cleaning[listing]
    order = np.argsort(created, kind="stable")
    return Stays(*(column[order] for column in (listing, guest, check_in, nights, status, created, cents)))


def _popular(rng: Rng, popularity: Floats, size: int) -> Ints:
    """Bookings per listing: a few are full all year, many are hardly ever booked."""
    return np.minimum(rng.multinomial(size, popularity), _MOST_PER_LISTING)


def _wished(rng: Rng, size: int) -> Ints:
    """Days of arrival: more every year, most in summer, most on Fridays."""
    days = np.arange(FIRST_NIGHT, LAST_NIGHT)
    growth = 1 + 0.9 * (days - FIRST_NIGHT) / 365
    season = 1 + 0.55 * np.cos((days % 365.25 - 205) * 2 * np.pi / 365.25)
    weekday = np.array([1.2, 1.7, 1.4, 0.7, 0.8, 0.8, 0.9])[days % 7]  # 1970-01-01 was a Thursday
    return days[draw.choice(rng, growth * season * weekday, size)]


def _one_after_another(listing: Ints, wished: Ints, nights: Ints) -> Ints:
    """Arrivals as early as wished, but never before the stay before in that listing is over.

    With ``before`` the nights sold earlier in the listing, arrival - before is a running maximum.
    """
    order = np.lexsort((wished, listing))
    sold = np.cumsum(nights[order]) - nights[order]
    starts = np.searchsorted(listing[order], listing[order], side="left")
    before = sold - sold[starts]
    apart = listing[order] * 1_000_000  # keeps the running maximum of one listing away from the next
    arrival = np.maximum.accumulate(wished[order] - before + apart) - apart + before
    found = np.empty_like(arrival)
    found[order] = arrival
    return found


def _guests(rng: Rng, everyone: People, *, home: Homes, listing: Ints) -> Ints:
    """Guests by how much they travel, half of them within their own country; nobody is their own guest."""
    order = np.argsort(everyone.country, kind="stable")
    ends = np.cumsum(everyone.travels[order])
    first = np.searchsorted(everyone.country[order], np.arange(len(words.COUNTRIES) + 1))
    edges = np.concatenate([[0.0], ends])[first]
    country = home.country[listing]
    at_home = rng.random(len(listing)) < 0.5
    low, high = np.where(at_home, edges[country], 0), np.where(at_home, edges[country + 1], ends[-1])
    place = np.searchsorted(ends, low + (high - low) * rng.random(len(listing)), side="right")
    guest: Ints = order[np.minimum(place, everyone.size - 1)]
    return np.where(guest == home.owner[listing], (guest + 1) % everyone.size, guest)


def night_cents(home: Homes, listing: Ints, day: Ints) -> Ints:
    """The price of one night: dearer in summer and at weekends, in whole units."""
    summer = 1 + 0.25 * np.cos((day % 365.25 - 205) * 2 * np.pi / 365.25)
    weekend = np.where(np.isin(day % 7, (1, 2)), 1.15, 1.0)
    whole: Ints = np.round(home.cents[listing] / 100 * summer * weekend).astype(np.int64)
    return whole * 100


def bookings_table(of: Platform) -> pa.Table:
    """The table of bookings."""
    everyone, home, stay = of.everyone, of.home, of.stay
    rng = draw.stream(of.seed, "bookings")
    until = np.minimum(stay.check_in, TODAY) * DAY
    cancelled = stay.created + (np.maximum(until - stay.created, 0) * rng.random(stay.size)).astype(np.int64)
    wish = rng.integers(0, len(words.REQUESTS), stay.size)
    request = draw.fill_each(words.REQUESTS, wish, _said(rng, everyone, stay))
    return pa.table(
        {
            "id": pa.array(stay.id),
            "check_in": draw.dates(stay.check_in),
            "check_out": draw.dates(stay.check_in + stay.nights),
            "listing_id": pa.array(home.id[stay.listing]),
            "guest_id": everyone.id.take(pa.array(stay.guest)),
            "guests": pa.array((1 + draw.choice(rng, (25, 48, 12, 10, 3, 2), stay.size)).astype(np.int16)),
            "status": draw.words(STATUS, stay.status),
            "total": draw.money(stay.cents),
            "currency": home.currency.take(pa.array(stay.listing)),
            "special_request": draw.where(rng.random(stay.size) < 0.12, request),
            "created_at": draw.moments(stay.created),
            "cancelled_at": draw.where(stay.status == CANCELLED, draw.moments(cancelled)),
        }
    )


def _said(rng: Rng, everyone: People, stay: Stays) -> dict[str, pa.Array]:
    """What the guests of all stays may mention."""
    friend = everyone.first.take(pa.array(rng.integers(0, everyone.size, stay.size)))
    hour = pa.array(rng.integers(13, 24, stay.size)).cast(pa.string())
    guest = pa.array(stay.guest)
    return {"phone": everyone.phone.take(guest), "friend": friend, "hour": hour}


@dataclass(frozen=True)
class Nights:
    """Every night sold, and for every listing the days with a price."""

    booking: Ints
    listing: Ints
    day: Ints
    calendar_listing: Ints
    calendar_day: Ints
    sold: Bools
    """Of the calendar's days, those that are sold."""


_DAYS = 10_000
"""More days than the calendar has: makes one number of a listing and a day."""


def sell(of: Platform, *, calendar: int) -> Nights:
    """The nights of all stays that hold, and a calendar of about so many days around them."""
    home, stay = of.home, of.stay
    rng = draw.stream(of.seed, "nights")
    held = np.flatnonzero((stay.status == CONFIRMED) | (stay.status == COMPLETED))
    booking = np.repeat(held, stay.nights[held])
    listing = stay.listing[booking]
    day = stay.check_in[booking] + draw.runs(stay.nights[held])
    sold = listing * _DAYS + day - FIRST_NIGHT
    more = max(0, calendar - len(sold))
    open_day = (TODAY - FIRST_NIGHT + rng.normal(20, 70, more)).astype(np.int64)
    days = np.union1d(sold, rng.integers(0, home.size, more) * _DAYS + np.clip(open_day, 0, _DAYS - 1))
    return Nights(booking, listing, day, days // _DAYS, days % _DAYS + FIRST_NIGHT, np.isin(days, sold))


def calendar_table(of: Platform, night: Nights) -> pa.Table:
    """The table of days with a price."""
    home = of.home
    rng = draw.stream(of.seed, "calendar")
    size = len(night.calendar_day)
    blocked = rng.random(size) < 0.1
    return pa.table(
        {
            "listing_id": pa.array(home.id[night.calendar_listing]),
            "day": draw.dates(night.calendar_day),
            "price": draw.money(night_cents(home, night.calendar_listing, night.calendar_day)),
            "available": pa.array(~night.sold & ~blocked),
            "min_nights": pa.array((1 + draw.choice(rng, (70, 20, 6, 0, 0, 0, 4), size)).astype(np.int16)),
        }
    )


def nights_table(of: Platform, night: Nights) -> pa.Table:
    """The table of nights sold."""
    return pa.table(
        {
            "listing_id": pa.array(of.home.id[night.listing]),
            "day": draw.dates(night.day),
            **of.stay.key(night.booking),
            "price": draw.money(night_cents(of.home, night.listing, night.day)),
        }
    )


def payments_table(of: Platform) -> pa.Table:
    """The table of payments: one per booking, two where somebody paid a deposit first."""
    everyone, home, stay = of.everyone, of.home, of.stay
    rng = draw.stream(of.seed, "payments")
    paid = np.flatnonzero((stay.status != PENDING) & ((stay.status != CANCELLED) | (rng.random(stay.size) < 0.4)))
    parts = 1 + (rng.random(len(paid)) < 0.15)
    booking = np.repeat(paid, parts)
    second = draw.runs(parts)
    size = len(booking)
    deposit = np.where(np.repeat(parts, parts) == 2, stay.cents[booking] * 3 // 10, stay.cents[booking])
    amount = np.where(second == 1, stay.cents[booking] - deposit, deposit)
    payer = np.where(rng.random(size) < 0.97, stay.guest[booking], rng.integers(0, everyone.size, size))
    method = draw.choice(rng, (78, 17, 5), size)
    person = pa.array(payer)
    holder = draw.join(everyone.first.take(person), " ", everyone.last.take(person))
    later = (second * rng.exponential(9, size) * DAY + rng.exponential(400e6, size)).astype(np.int64)
    return pa.table(
        {
            "id": uuids(rng, size),
            **stay.key(booking),
            "payer_id": everyone.id.take(person),
            "method": draw.words(["card", "transfer", "voucher"], method),
            "card_holder": draw.where(method < 2, holder),
            "card_last4": draw.where(method == 0, draw.shape(rng, "9999", size)),
            "iban": draw.where(method == 1, ibans(rng, everyone.country[payer])),
            "amount": draw.money(amount, 12),
            "currency": home.currency.take(pa.array(stay.listing[booking])),
            "paid_at": draw.moments(stay.created[booking] + later),
        }
    )


def uuids(rng: Rng, size: int) -> pa.Array:
    """Random UUIDs of version 4 (RFC 9562, 5.4)."""
    raw = rng.integers(0, 256, (size, 16), np.uint8)
    raw[:, 6] = raw[:, 6] & 0x0F | 0x40
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    plain = pa.Array.from_buffers(pa.binary(16), size, [None, pa.py_buffer(raw)])
    return pa.ExtensionArray.from_storage(pa.uuid(), plain)


def reviews_table(of: Platform) -> pa.Table:
    """The table of reviews: two of five guests write one, and most are content."""
    everyone, home, stay = of.everyone, of.home, of.stay
    rng = draw.stream(of.seed, "reviews")
    rows = np.flatnonzero((stay.status == COMPLETED) & (rng.random(stay.size) < 0.46))
    size = len(rows)
    author, owner = pa.array(stay.guest[rows]), pa.array(home.owner[stay.listing[rows]])
    fields = {
        "me": everyone.first.take(author),
        "you": everyone.first.take(owner),
        "friend": everyone.first.take(pa.array(rng.integers(0, everyone.size, size))),
        "city": home.city.take(pa.array(stay.listing[rows])),
    }
    comment = draw.fill_each(words.REVIEWS, rng.integers(0, len(words.REVIEWS), size), fields)
    left = (stay.check_in + stay.nights)[rows] * DAY
    return pa.table(
        {
            "id": pa.array(np.arange(size) + 1),
            **stay.key(rows),
            "author_id": everyone.id.take(author),
            "listing_id": pa.array(home.id[stay.listing[rows]]),
            "stars": pa.array((5 - draw.choice(rng, (62, 24, 8, 3, 3), size)).astype(np.int16)),
            "comment": draw.where(rng.random(size) < 0.78, comment),
            "created_at": draw.moments(left + (rng.exponential(3, size) * DAY).astype(np.int64)),
        }
    )


def invoices_table(of: Platform) -> pa.Table:
    """The table of invoices, numbered within each year."""
    everyone, home, stay = of.everyone, of.home, of.stay
    rng = draw.stream(of.seed, "invoices")
    rows = np.flatnonzero((stay.status == COMPLETED) & (rng.random(stay.size) < 0.8))
    size = len(rows)
    issued = (stay.check_in + stay.nights)[rows]
    year = (issued.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)) + 1970
    number = draw.repeats(year) + 1
    guest = pa.array(stay.guest[rows])
    net = stay.cents[rows] * 100 // 119
    address = draw.join(
        *(everyone.street.take(guest), ", ", everyone.postcode.take(guest), " ", everyone.city.take(guest))
    )
    period = draw.join("[", _iso(stay.check_in[rows]), ",", _iso(issued), ")")
    return pa.table(
        {
            "number": draw.join("INV-", draw.numerals(year, width=4), "-", draw.numerals(number, width=6)),
            **stay.key(rows),
            "bill_to": draw.join(everyone.first.take(guest), " ", everyone.last.take(guest)),
            "address": draw.where(rng.random(size) < 0.9, address),
            "net": draw.money(net, 12),
            "tax": draw.money(stay.cents[rows] - net, 12),
            "currency": home.currency.take(pa.array(stay.listing[rows])),
            "service_period": period,
            "issued_on": draw.dates(issued),
            "paid": pa.array(rng.random(size) < 0.94),
        }
    )


def _iso(days: Ints) -> pa.Array:
    """Days as 2024-05-31."""
    return pc.cast(draw.dates(days), pa.string())
