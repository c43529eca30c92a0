"""What people leave behind: messages, files, clicks, and the audit log's copies of their rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.demo import draw, words
from understudy.demo.draw import DAY, Ints, Rng
from understudy.demo.people import ASCII_FIRST, ASCII_LAST, OPENED, TODAY, People
from understudy.demo.stays import Platform, uuids


def messages_table(of: Platform, *, size: int) -> pa.Table:
    """The table of messages: mostly guest and host about a booking, some before there is one."""
    everyone, home, stay = of.everyone, of.home, of.stay
    rng = draw.stream(of.seed, "messages")
    booking = rng.integers(0, stay.size, size)
    about = rng.random(size) < 0.86
    guest, owner = stay.guest[booking], home.owner[stay.listing[booking]]
    reply = rng.random(size) < 0.42
    sender, recipient = np.where(reply, owner, guest), np.where(reply, guest, owner)
    sent = stay.created[booking] + (rng.exponential(12, size) * DAY).astype(np.int64)
    sent = np.minimum(sent, TODAY * DAY - rng.integers(0, DAY, size))
    order = np.argsort(sent, kind="stable")
    about = about[order]
    booking, sender, recipient, sent = (column[order] for column in (booking, sender, recipient, sent))
    key = {name: draw.where(about, values) for name, values in stay.key(booking).items()}
    read = sent + (rng.exponential(0.4, size) * DAY).astype(np.int64)
    return pa.table(
        {
            "id": pa.array(np.arange(size) + 1),
            "sender_id": everyone.id.take(pa.array(sender)),
            "recipient_id": everyone.id.take(pa.array(recipient)),
            **key,
            "body": _bodies(rng, everyone, sender=sender, recipient=recipient),
            "sent_at": draw.moments(sent),
            "read_at": draw.where(rng.random(size) < 0.9, draw.moments(read)),
        }
    )


def _bodies(rng: Rng, everyone: People, *, sender: Ints, recipient: Ints) -> pa.Array:
    """Free text in the sender's language or in English, full of names, telephone numbers and addresses."""
    size = len(sender)
    spoken = [code if code in words.MESSAGES else "en" for code in words.LANGUAGES]
    written = list(words.MESSAGES)
    own = np.array([written.index(code) for code in spoken])[everyone.language[sender]]
    language = np.where(rng.random(size) < 0.6, own, written.index("en"))
    counts = np.array([len(words.MESSAGES[code]) for code in written])
    template = (np.cumsum(counts) - counts)[language] + (counts[language] * rng.random(size)).astype(np.int64)
    author = pa.array(sender)
    fields = {name: values.take(author) for name, values in everyone.fields.items()}
    fields["you"] = everyone.first.take(pa.array(recipient))
    fields["friend"] = everyone.first.take(pa.array(rng.integers(0, everyone.size, size)))
    fields["hour"] = pa.array(rng.integers(9, 23, size)).cast(pa.string())
    return draw.fill_each([text for code in written for text in words.MESSAGES[code]], template, fields)


def attachments_table(of: Platform, *, size: int) -> pa.Table:
    """The table of files; each belongs to a booking, a listing or a user, as its type says."""
    everyone, home, stay = of.everyone, of.home, of.stay
    rng = draw.stream(of.seed, "attachments")
    kinds = list(words.FILES)
    kind = draw.choice(rng, (25, 45, 30), size)
    users, bookings, listings = (rng.integers(0, many, size) for many in (everyone.size, stay.size, home.size))
    subject = np.select([kind == 0, kind == 1], [everyone.account[users], stay.id[bookings]], home.id[listings])
    person = np.select([kind == 0, kind == 1], [users, stay.guest[bookings]], home.owner[listings])
    templates = [name for code in kinds for name in words.FILES[code]]
    fields = {
        "first": draw.words(ASCII_FIRST, everyone.given[person]),
        "last": draw.words(ASCII_LAST, everyone.family[person]),
    }
    name = draw.fill_each(templates, kind * 3 + rng.integers(0, 3, size), fields)
    pdf = pc.ends_with(name, ".pdf")
    digest = pa.Array.from_buffers(pa.binary(32), size, [None, pa.py_buffer(rng.bytes(32 * size))])
    uploaded = OPENED * DAY + ((TODAY - OPENED) * DAY * rng.random(size) ** 0.5).astype(np.int64)
    return pa.table(
        {
            "id": uuids(rng, size),
            "subject_type": draw.words(kinds, kind),
            "subject_id": pa.array(subject),
            "uploaded_by": draw.where(rng.random(size) < 0.9, everyone.id.take(pa.array(person))),
            "file_name": name,
            "media_type": pc.if_else(pdf, "application/pdf", "image/jpeg"),
            "size_bytes": pa.array(rng.lognormal(12.5, 1.1, size).astype(np.int32)),
            "sha256": digest.cast(pa.binary()),
            "created_at": draw.moments(uploaded),
        }
    )


_ACTIONS = (
    # action, action_type, action_detail, how common; "" is null
    ("show", "view", "p3", 21),
    ("search_results", "click", "view_search_results", 14),
    ("personalize", "data", "wishlist_content_update", 11),
    ("index", "view", "view_search_results", 10),
    ("similar_listings", "data", "similar_listings", 8),
    ("header_userpic", "data", "header_userpic", 5),
    ("lookup", "", "", 5),
    ("dashboard", "view", "dashboard", 5),
    ("ajax_refresh_subtotal", "click", "change_trip_characteristics", 4),
    ("update", "submit", "update_user_profile", 3),
    ("create", "submit", "create_user", 3),
    ("authenticate", "submit", "login", 3),
    ("pending", "booking_request", "pending", 2),
    ("requested", "booking_request", "p5", 2),
    ("message_post", "message_post", "message_post", 2),
    ("ask_question", "submit", "contact_host", 1),
    ("reviews", "data", "listing_reviews", 1),
)

_DEVICES = (
    "Mac Desktop,Windows Desktop,iPhone,Android Phone,iPad Tablet,Android App Unknown Phone/Tablet,-unknown-".split(",")
)


def sessions_table(seed: int, everyone: People, *, size: int) -> pa.Table:
    """The table of clicks: a third of the people never came back, a few click all day."""
    rng = draw.stream(seed, "sessions")
    eager = rng.lognormal(0, 1.5, everyone.size) * (rng.random(everyone.size) < 0.68)
    eager[0] += 1e-9  # somebody clicks, however few people there are
    user = np.repeat(np.arange(everyone.size), rng.multinomial(size, eager / eager.sum()))
    action = draw.choice(rng, [share for *_, share in _ACTIONS], size)
    usual = draw.choice(rng, (35, 26, 17, 8, 7, 5, 2), everyone.size)[user]
    device = np.where(rng.random(size) < 0.85, usual, rng.integers(0, len(_DEVICES), size))
    seconds = np.minimum(rng.lognormal(6.2, 2.1, size), 1_800_000).astype(np.int64)
    columns = {
        name: pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
        for name, values in {
            "action": draw.words([row[0] for row in _ACTIONS], action),
            "action_type": draw.words([row[1] for row in _ACTIONS], action),
            "action_detail": draw.words([row[2] for row in _ACTIONS], action),
        }.items()
    }
    return pa.table(
        {
            "user_id": draw.where(rng.random(size) < 0.995, everyone.id.take(pa.array(user))),
            **columns,
            "device_type": draw.words(_DEVICES, device),
            "secs_elapsed": draw.where(rng.random(size) < 0.987, pa.array(seconds).cast(pa.string())),
        }
    )


def audit_table(seed: int, everyone: People, *, size: int) -> pa.Table:
    """The audit log: whole rows of users as JSON, before and after a change."""
    rng = draw.stream(seed, "audit")
    user = rng.integers(0, everyone.size, size)
    created = rng.random(size) < 0.25
    at = np.sort(OPENED * DAY + ((TODAY - OPENED) * DAY * rng.random(size) ** 0.5).astype(np.int64))
    staff = draw.join(draw.words(ASCII_FIRST, rng.integers(0, len(ASCII_FIRST), size)), "@bookings.example")
    phone = everyone.phone.take(pa.array(user))
    earlier = pc.if_else(pa.array(rng.random(size) < 0.5), draw.shape(rng, "+49 555 9999999", size), phone)
    return pa.table(
        {
            "id": pa.array(np.arange(size) + 1),
            "at": draw.moments(at),
            "actor": pc.if_else(pa.array(rng.random(size) < 0.8), "app", staff),
            "action": draw.words(["update", "insert"], created.astype(np.int64)),
            "table_name": pa.repeat("users", size),
            "record_id": everyone.id.take(pa.array(user)),
            "before": draw.where(~created, _row(everyone, user, earlier)),
            "after": _row(everyone, user, phone),
        }
    )


def _row(everyone: People, user: Ints, phone: pa.Array) -> pa.Array:
    """Rows of users as JSON, with the telephone number they had then."""
    person = pa.array(user)
    return draw.join(
        *('{"id": "', everyone.id.take(person), '", "email": "', everyone.email.take(person)),
        *('", "first_name": "', everyone.first.take(person), '", "last_name": "', everyone.last.take(person)),
        *('", "phone": "', phone, '", "city": "', everyone.city.take(person), '"}'),
    )
