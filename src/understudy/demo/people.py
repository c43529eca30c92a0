"""The people of the booking platform: who they are, how they signed up, how to reach them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.demo import draw, words
from understudy.demo.draw import DAY, Floats, Ints, Rng

OPENED = draw.day("2019-03-01")
TODAY = draw.day("2025-06-30")
"""The demonstration's last day: it never reads a clock."""

_ID_LENGTH = 10
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_BY_LANGUAGE = words.FIRST_NAMES.shape[2]
_FAMILIES = words.LAST_NAMES.shape[1]


@dataclass(frozen=True)
class People:
    """Everyone, one place per person in every array."""

    id: pa.Array
    account: Ints
    """The other number of everybody's account, the one said on the telephone."""
    country: Ints
    """Index into ``words.COUNTRIES``."""
    language: Ints
    """Index into ``words.LANGUAGES``."""
    given: Ints
    """Index into the given names of all languages; see ``first``."""
    family: Ints
    email: pa.Array
    phone: pa.Array
    """Everybody has one; not everybody told it to the platform."""
    city: pa.Array
    street: pa.Array
    postcode: pa.Array
    travels: Floats
    """How much somebody travels, heavy-tailed: shares for drawing guests."""

    @property
    def size(self) -> int:
        """How many people there are."""
        return len(self.country)

    @cached_property
    def first(self) -> pa.Array:
        """Given names."""
        return draw.words(words.FIRST_NAMES.ravel(), self.given)

    @cached_property
    def last(self) -> pa.Array:
        """Family names."""
        return draw.words(words.LAST_NAMES.ravel(), self.family)

    @cached_property
    def fields(self) -> dict[str, pa.Array]:
        """What people mention of themselves in free text."""
        return {
            "me": self.first,
            "last": self.last,
            "phone": self.phone,
            "email": self.email,
            "city": self.city,
        }


def people(seed: int, size: int) -> People:
    """Draw so many people; where somebody lives sets language, names, dialling code and postcode."""
    rng = draw.stream(seed, "people")
    country = draw.choice(rng, [c.share for c in words.COUNTRIES], size)
    spoken = np.array([words.LANGUAGES.index(c.language) for c in words.COUNTRIES])[country]
    language = np.where(rng.random(size) < 0.9, spoken, rng.integers(0, len(words.LANGUAGES), size))
    man = rng.integers(0, 2, size)
    given = (language * 2 + man) * _BY_LANGUAGE + _favoured(rng, _BY_LANGUAGE, size)
    family = language * _FAMILIES + _favoured(rng, _FAMILIES, size)
    city = _cities(rng, country)
    return People(
        id=draw.numerals(draw.distinct(rng, 36**_ID_LENGTH, size), digits=_LETTERS, width=_ID_LENGTH),
        account=draw.distinct(rng, 90_000_000, size) + 10_000_000,
        country=country,
        language=language,
        given=given,
        family=family,
        email=_emails(rng, given, family),
        phone=_phones(rng, country),
        city=city,
        street=_streets(rng, spoken),
        postcode=postcodes(rng, country),
        travels=rng.lognormal(0, 1.3, size),
    )


def _favoured(rng: Rng, names: int, size: int) -> Ints:
    """Some names are much more common than others."""
    return (names * rng.random(size) ** 1.6).astype(np.int64)


def _cities(rng: Rng, country: Ints) -> pa.Array:
    """A city of the country; the first one listed is the largest."""

    def of(number: int, rows: pa.Array) -> pa.Array:
        names = [name for name, _, _ in words.COUNTRIES[number].cities]
        return draw.words(names, draw.choice(rng, draw.zipf(len(names), 0.8), len(rows)))

    return draw.each(country, len(words.COUNTRIES), of)


def _streets(rng: Rng, language: Ints) -> pa.Array:
    """A street and a house number."""
    names = words.STREET_NAMES.shape[1]
    street = draw.words(words.STREET_NAMES.ravel(), language * names + _favoured(rng, names, len(language)))
    return draw.join(street, " ", pa.array(rng.integers(1, 190, len(language))).cast(pa.string()))


def postcodes(rng: Rng, country: Ints) -> pa.Array:
    """Postal codes in the form the country uses."""

    def of(number: int, rows: pa.Array) -> pa.Array:
        return draw.shape(rng, words.COUNTRIES[number].postcode, len(rows))

    return draw.each(country, len(words.COUNTRIES), of)


def _phones(rng: Rng, country: Ints) -> pa.Array:
    """Telephone numbers, written with spaces or without."""

    def of(number: int, rows: pa.Array) -> pa.Array:
        return draw.join(words.COUNTRIES[number].dial, draw.shape(rng, " 555 9999999", len(rows)))

    numbers = draw.each(country, len(words.COUNTRIES), of)
    dense = pc.replace_substring(numbers, " ", "")
    return pc.if_else(pa.array(rng.random(len(country)) < 0.3), dense, numbers)


def ascii_word(word: str) -> str:
    """A name as it stands in an e-mail address or a file name: small letters only."""
    plain = word.lower().replace("ł", "l").replace("'", "")  # Unicode does not decompose the Polish letter
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()


ASCII_FIRST = np.array([ascii_word(name) for name in words.FIRST_NAMES.ravel()])
ASCII_LAST = np.array([ascii_word(name) for name in words.LAST_NAMES.ravel()])


def _emails(rng: Rng, given: Ints, family: Ints) -> pa.Array:
    """``first.last`` at one of a few hosts, with a number where that is taken: unique whatever the case."""
    size = len(given)
    first, last = np.unique(ASCII_FIRST, return_inverse=True)[1], np.unique(ASCII_LAST, return_inverse=True)[1]
    host = draw.choice(rng, draw.zipf(len(words.MAIL_HOSTS), 0.9), size)
    taken = draw.repeats((first[given] * len(ASCII_LAST) + last[family]) * len(words.MAIL_HOSTS) + host)
    number = pc.if_else(pa.array(taken == 0), "", pa.array(taken + 1).cast(pa.string()))
    name = draw.join(draw.words(ASCII_FIRST, given), ".", draw.words(ASCII_LAST, family))
    address = draw.join(name, number, "@", draw.words(words.MAIL_HOSTS, host))
    return pc.if_else(pa.array(rng.random(size) < 0.04), pc.utf8_capitalize(address), address)


def joined(seed: int, size: int) -> Ints:
    """When people signed up, in microseconds: more of them every year."""
    rng = draw.stream(seed, "joined")
    return ((OPENED + (TODAY - OPENED) * rng.random(size) ** 0.55) * DAY).astype(np.int64)


def users(seed: int, everyone: People, *, created: Ints, first_booking: Ints) -> pa.Table:
    """The table of users; ``first_booking`` is 0 for those who never booked."""
    rng = draw.stream(seed, "users")
    born = created // DAY - (365.25 * (18 + rng.gamma(3.2, 6.5, everyone.size))).astype(np.int64)
    columns = {
        **_sign_up(rng, everyone, created),
        **_person(rng, everyone, born=born, created=created),
        **_account(rng, everyone, created),
        "date_first_booking": draw.where(first_booking > 0, draw.moments(first_booking)),
    }
    return pa.table(columns)


_SIGN_UP: dict[str, tuple[str, tuple[float, ...]]] = {
    # column: its values, commonest first, and how common they are
    "signup_method": ("basic facebook google", (71, 26, 3)),
    "affiliate_channel": ("direct sem-brand sem-non-brand seo api content", (64, 12, 9, 7, 5, 3)),
    "affiliate_provider": ("direct google other facebook bing craigslist", (64, 22, 7, 4, 2, 1)),
    "first_affiliate_tracked": ("untracked linked omg tracked-other product marketing", (55, 23, 19, 2, 0.7, 0.3)),
    "signup_app": ("Web iOS Android Moweb", (78, 13, 6, 3)),
    "first_device_type": ("MacDesktop WindowsDesktop iPhone iPad AndroidPhone Other", (40, 33, 13, 6, 5, 3)),
    "first_browser": ("Chrome Safari Firefox MobileSafari Edge -unknown-", (36, 24, 13, 11, 5, 11)),
}


def _sign_up(rng: Rng, everyone: People, created: Ints) -> dict[str, pa.Array]:
    """How people came: the columns of the classic bookings data set."""
    size = everyone.size
    chosen = {
        name: draw.words(values.split(), draw.choice(rng, shares, size)) for name, (values, shares) in _SIGN_UP.items()
    }
    chosen["first_affiliate_tracked"] = draw.where(rng.random(size) < 0.97, chosen["first_affiliate_tracked"])
    looked = np.where(rng.random(size) < 0.15, rng.exponential(20 * DAY, size), rng.exponential(600e6, size))
    return {
        "id": everyone.id,
        "account_no": pa.array(everyone.account),
        "date_account_created": draw.dates(created // DAY),
        "timestamp_first_active": draw.moments(created - looked.astype(np.int64)),
        "signup_flow": pa.array(rng.choice([0, 0, 0, 0, 0, 3, 12, 23, 24, 25], size).astype(np.int16)),
        "language": draw.words(words.LANGUAGES, everyone.language),
        **chosen,
    }


def _person(rng: Rng, everyone: People, *, born: Ints, created: Ints) -> dict[str, pa.Array]:
    """Who people are; half of them did not say whether man or woman, some typed nonsense as their age."""
    size = everyone.size
    man = everyone.given // _BY_LANGUAGE % 2
    told = draw.choice(rng, (52, 2, 46), size)
    gender = np.select([told == 0, told == 1], [man, np.full(size, 2)], 3)
    age = np.where(rng.random(size) < 0.006, rng.choice([1, 5, 105, 115, 2014], size), (created // DAY - born) // 365)
    return {
        "gender": draw.words(["FEMALE", "MALE", "OTHER", "-unknown-"], gender),
        "age": draw.where(rng.random(size) < 0.58, pa.array(age.astype(np.int16))),
        "first_name": everyone.first,
        "last_name": everyone.last,
        "email": everyone.email,
        "phone": draw.where(rng.random(size) < 0.82, everyone.phone),
        "birth_date": draw.where(rng.random(size) < 0.7, draw.dates(born)),
        "country": draw.words([c.code for c in words.COUNTRIES], everyone.country),
        "city": everyone.city,
        "street": draw.where(rng.random(size) < 0.75, everyone.street),
        "postcode": draw.where(rng.random(size) < 0.75, everyone.postcode),
    }


def _account(rng: Rng, everyone: People, created: Ints) -> dict[str, pa.Array]:
    """The account: secrets, settings, who recommended the platform, and when the row changed."""
    size = everyone.size
    changed = created + ((TODAY * DAY - created) * rng.random(size) ** 3).astype(np.int64)
    # Somebody who came earlier; the first to come was recommended by nobody.
    order = np.argsort(created, kind="stable")
    place = np.empty(size, np.int64)
    place[order] = np.arange(size)
    referrer = order[(place * rng.random(size) ** 2).astype(np.int64)]
    recommended = (rng.random(size) < 0.22) & (place > 0) & (referrer != np.arange(size))
    hashed = draw.join("pbkdf2_sha256$600000$", draw.shape(rng, "z" * 16, size), "$", draw.shape(rng, "z" * 43, size))
    return {
        "password_hash": hashed,
        "preferences": _preferences(rng, everyone),
        "referred_by": draw.where(recommended, everyone.id.take(pa.array(referrer))),
        "created_at": draw.moments(created),
        "updated_at": draw.moments(changed),
        "deleted_at": draw.where(rng.random(size) < 0.01, draw.moments(changed)),
    }


def _preferences(rng: Rng, everyone: People) -> pa.Array:
    """Settings as JSON; a third of the people named somebody to call in an emergency."""
    size = everyone.size
    friend = pa.array(rng.integers(0, size, size))
    plain = draw.join(
        '{"newsletter": ',
        draw.words(["true", "false"], rng.integers(0, 2, size)),
        ', "theme": "',
        draw.words(["light", "dark", "system"], draw.choice(rng, (5, 3, 2), size)),
        '"',
    )
    name = draw.join(everyone.first.take(friend), " ", everyone.last)
    contact = draw.join(', "emergency_contact": {"name": "', name, '", "phone": "', everyone.phone.take(friend), '"}')
    named = pc.if_else(pa.array(rng.random(size) < 0.33), contact, "")
    return draw.join(plain, named, "}")
