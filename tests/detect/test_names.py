"""What columns are called, in eight languages, and what their names do not say."""

import pytest

from detect.tiny import by_schema, column, table
from understudy.detect.names import of_people, of_things, read, tokens

# an invented table of people in every language: its name, and what each column must be found as
PEOPLE = {
    "customers": (
        "FirstName first_name|surname last_name|EmailAddress email|mobile_phone phone|home_address address|City city|"
        "zip_code postcode|dob birth_date|maritalStatus marital_status|passport_no passport|SSN national_id"
    ),
    "kunden": (
        "vorname first_name|nachname last_name|e_mail email|handynummer phone|straße address|wohnort city|plz postcode|"
        "bundesland region|geburtsdatum birth_date|geschlecht gender|familienstand marital_status|"
        "steuer_id national_id|kontonummer account|konfession religion|gehalt salary|bemerkungen free_text|"
        "kennwort secret"
    ),
    "clients": (
        "prénom first_name|nom_de_famille last_name|courriel email|numero_telephone phone|adresse address|ville city|"
        "code_postal postcode|pays country|date_naissance birth_date|sexe gender|situation_familiale marital_status|"
        "numero_securite_sociale national_id|groupe_sanguin health|salaire salary|mot_de_passe secret|"
        "commentaire free_text"
    ),
    "clientes": (
        "nombres first_name|apellido last_name|correo_electronico email|teléfono phone|dirección address|ciudad city|"
        "codigo_postal postcode|país country|fecha_nacimiento birth_date|sexo gender|estado_civil marital_status|"
        "dni national_id|profesión job_title|sueldo salary|contraseña secret|observaciones free_text|etnia ethnicity"
    ),
    "dipendenti": (
        "cognome last_name|posta_elettronica email|cellulare phone|indirizzo address|comune city|provincia region|"
        "data_di_nascita birth_date|sesso gender|stato_civile marital_status|codice_fiscale national_id|"
        "stipendio salary|diagnosi health|religione religion|partito_politico political|ragione_sociale company"
    ),
    "medewerkers": (
        "voornaam first_name|achternaam last_name|emailadres email|telefoonnummer phone|straatnaam address|"
        "woonplaats city|geboortedatum birth_date|geslacht gender|burgerlijke_staat marital_status|bsn national_id|"
        "rekeningnummer account|salaris salary|wachtwoord secret|opmerkingen free_text|nationaliteit nationality"
    ),
    "funcionarios": (
        "sobrenome last_name|endereco_email email|celular phone|endereço address|cidade city|cep postcode|"
        "data_nascimento birth_date|gênero gender|estado_civil marital_status|cpf national_id|profissão job_title|"
        "salário salary|senha secret|observações free_text|raça ethnicity|sindicato union"
    ),
    "pracownicy": (
        "imię first_name|nazwisko last_name|adres_email email|telefon phone|ulica address|miasto city|"
        "kod_pocztowy postcode|data_urodzenia birth_date|płeć gender|stan_cywilny marital_status|pesel national_id|"
        "nr_konta account|wynagrodzenie salary|hasło secret|uwagi free_text|wyznanie religion"
    ),
}
KINDS = {"birth_date": "date", "salary": "decimal"}


@pytest.mark.parametrize("name", PEOPLE)
def test_a_table_of_people_is_read_in_its_language(name):
    wanted = dict(entry.split() for entry in PEOPLE[name].split("|"))
    people = table(name, *(column(one, KINDS.get(entity, "text")) for one, entity in wanted.items()))
    assert by_schema(people) == {f"{name}.{one}": entity for one, entity in wanted.items()}


@pytest.mark.parametrize(
    "name",
    [
        "email_count",
        "is_email",
        "email_verified_at",
        "phone_type",
        "token_type",
        "access_token_expires_at",
        "password_reset_sent_at",
        "city_id",
        "country_code_id",
        "address_type",
        "has_phone",
        "max_age",
        "page",
        "usage",
        "message_id",
        "gender_required",
        "salary_currency",
    ],
)
def test_a_name_of_something_about_an_entity_is_not_that_entity(name):
    assert read(name) == ()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("customerEmailAddress", ("customer", "email", "address")),
        ("IPAddress", ("ip", "address")),
        ("date-of.birth", ("date", "of", "birth")),
        ("Prénom usuel", ("prenom", "usuel")),
        ("address2", ("address", "2")),
        ("userID", ("user", "id")),
    ],
)
def test_identifiers_are_cut_into_words(name, words):
    assert tokens(name) == words


@pytest.mark.parametrize(
    ("owner", "name", "entity"),
    [
        ("api_keys", "key", "secret"),
        ("sessions", "key", "secret"),
        ("email_addresses", "address", "email"),
        ("phone_numbers", "number", "phone"),
        ("salary", "amount", "salary"),
        ("patients_notes", "address", "address"),
    ],
)
def test_a_word_that_says_nothing_is_read_with_its_table(owner, name, entity):
    assert by_schema(table(owner, column(name))) == {f"{owner}.{name}": entity}


def test_a_name_in_a_table_of_people_is_a_persons_and_in_one_of_things_it_is_not():
    assert by_schema(table("members", column("name"), column("title"))) == {
        "members.name": "full_name",
        "members.title": "job_title",
    }
    assert by_schema(table("products", column("name"), column("title"), column("description"))) == {}


def test_names_of_things_are_nobodys():
    files = table("uploads", column("file_name"), column("product_name"), column("host_name"), column("role_name"))
    assert by_schema(files) == {}


def test_a_name_beside_an_email_address_is_a_persons():
    assert by_schema(table("invites", column("email"), column("name")))["invites.name"] == "full_name"
    assert by_schema(table("outbox", column("email"), column("name")))["outbox.name"] == "full_name"


def test_a_state_beside_a_postal_code_is_a_region_and_any_other_is_not():
    assert by_schema(table("orders", column("zip"), column("state")))["orders.state"] == "region"
    assert by_schema(table("orders", column("total", "decimal"), column("state"))) == {}


def test_tables_that_list_countries_or_cities_are_nobodys():
    assert by_schema(table("countries", column("name"), column("country_code"))) == {}
    assert by_schema(table("city", column("city"))) == {}


@pytest.mark.parametrize("name", ["users", "app_users", "Kunden", "m_client", "Mitarbeiter", "patients", "usuarios"])
def test_tables_of_people(name):
    assert of_people(name) and not of_things(name)


@pytest.mark.parametrize("name", ["products", "user_roles", "film", "job_queue"])
def test_tables_of_things(name):
    assert of_things(name) and not of_people(name)


def test_a_column_that_cannot_hold_an_entity_is_not_one():
    flags = table("users", column("email", "boolean"), column("password", "date"), column("tokens", "integer"))
    assert by_schema(flags) == {}
