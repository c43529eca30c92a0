"""A note about somebody says in the copy what the columns of that person say."""

from support.shop import COLUMNS

FREE_TEXT = "{free_text: {columns: [users.name, users.email], per: subject_id}}"
BODY = "Ada, Ada Lovelace <ada@mail.test> and Grace Hopper <grace@mail.test>"


def test_a_note_names_its_person_as_the_persons_own_row_does(shop):
    shop.execute(f"update notes set body = '{BODY}' where id = 1", source=True)
    shop.job(columns=COLUMNS.replace("notes.body: redact", f"notes.body: {FREE_TEXT}"))
    ran = shop.cli("run", "job.yaml")
    assert ran.code == 0, ran.err
    ((body, name, email),) = shop.query(
        "select body, name, email from notes join users on users.id = subject_id where notes.id = 1"
    )
    first, _, last = name.partition(" ")
    assert body.startswith(f"{first}, {first} {last} <{email}> and ")
    assert not any(word in body for word in ("Ada", "Lovelace", "Grace", "Hopper", "mail.test"))


def test_the_preview_shows_the_same(shop):
    shop.job(columns=COLUMNS.replace("notes.body: redact", f"notes.body: {FREE_TEXT}"))
    ran = shop.cli("preview", "job.yaml", "notes")
    assert ran.code == 0, ran.err
    assert "write to" in ran.out and "ada@mail.test" not in ran.out


def test_a_table_that_is_not_there_is_refused_before_a_row_is_read(shop):
    wrong = FREE_TEXT.replace("users.name", "people.name")
    shop.job(columns=COLUMNS.replace("notes.body: redact", f"notes.body: {wrong}"))
    ran = shop.cli("run", "job.yaml")
    assert ran.code == 2 and "people" in ran.err
