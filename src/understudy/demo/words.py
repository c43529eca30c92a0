"""The words of the demonstration: invented people, real cities, and what guests and hosts write to one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Country:
    """A country with what depends on it."""

    code: str
    name: str
    dial: str
    currency: str
    language: str
    share: float
    """How many of a hundred users live there."""
    postcode: str
    """``9`` stands for a digit, ``A`` for a letter."""
    cities: tuple[tuple[str, float, float], ...]
    """Name, latitude and longitude; the first is the largest."""


_COUNTRIES = """
DE|Germany|+49|EUR|de|21|99999
US|United States|+1|USD|en|17|99999
FR|France|+33|EUR|fr|13|99999
GB|United Kingdom|+44|GBP|en|11|AA9 9AA
ES|Spain|+34|EUR|es|8|99999
IT|Italy|+39|EUR|it|7|99999
NL|Netherlands|+31|EUR|nl|5|9999 AA
PL|Poland|+48|PLN|pl|4|99-999
BR|Brazil|+55|BRL|pt|4|99999-999
SE|Sweden|+46|SEK|sv|3|999 99
PT|Portugal|+351|EUR|pt|2|9999-999
AT|Austria|+43|EUR|de|2|9999
MX|Mexico|+52|MXN|es|1.5|99999
JP|Japan|+81|JPY|ja|1|999-9999
IE|Ireland|+353|EUR|en|0.5|A99 AA99
"""

_CITIES = """
DE|Berlin 52.52 13.40, Hamburg 53.55 9.99, Munich 48.14 11.58, Cologne 50.94 6.96, Leipzig 51.34 12.37
US|New York 40.71 -74.01, Chicago 41.88 -87.63, Austin 30.27 -97.74, Portland 45.52 -122.68
FR|Paris 48.86 2.35, Lyon 45.76 4.84, Nantes 47.22 -1.55, Bordeaux 44.84 -0.58
GB|London 51.51 -0.13, Manchester 53.48 -2.24, Edinburgh 55.95 -3.19, Bristol 51.45 -2.59
ES|Madrid 40.42 -3.70, Barcelona 41.39 2.17, Valencia 39.47 -0.38, Seville 37.39 -5.99
IT|Rome 41.90 12.50, Milan 45.46 9.19, Turin 45.07 7.69, Bologna 44.49 11.34
NL|Amsterdam 52.37 4.90, Utrecht 52.09 5.12, Groningen 53.22 6.57
PL|Warsaw 52.23 21.01, Kraków 50.06 19.94, Gdańsk 54.35 18.65
BR|São Paulo -23.55 -46.63, Recife -8.05 -34.88, Curitiba -25.43 -49.27
SE|Stockholm 59.33 18.07, Malmö 55.60 13.00, Göteborg 57.71 11.97
PT|Lisbon 38.72 -9.14, Porto 41.15 -8.61
AT|Vienna 48.21 16.37, Graz 47.07 15.44
MX|Mexico City 19.43 -99.13, Mérida 20.97 -89.62
JP|Tokyo 35.68 139.69, Kyoto 35.01 135.77
IE|Dublin 53.35 -6.26, Cork 51.90 -8.47
"""

CURRENCIES = (
    # code, name, symbol, units for one euro
    ("EUR", "Euro", "€", "1.000000"),
    ("USD", "US dollar", "$", "1.084000"),
    ("GBP", "Pound sterling", "£", "0.851000"),
    ("PLN", "Polish zloty", "zł", "4.297000"),
    ("BRL", "Brazilian real", "R$", "5.912000"),
    ("SEK", "Swedish krona", "kr", "11.421000"),
    ("MXN", "Mexican peso", "$", "19.870000"),
    ("JPY", "Japanese yen", "¥", "163.220000"),
)

POLICIES = (
    # name, refund in percent, days before arrival
    ("flexible", 100, 1),
    ("moderate", 100, 5),
    ("firm", 50, 14),
    ("strict", 0, 30),
)

_NAMES = """
de|Anna Lena Marie Sophie Katharina Julia Laura Hannah Greta Ute Sabine Monika
  |Lukas Jonas Felix Maximilian Jürgen Stefan Thomas Paul Uwe Niklas Jörg Emil
  |Müller Schmidt Weber Fischer Keller Vogel Brandt Lorenz Böhm Kühn Sommer Winkler Hartmann Ziegler
en|Olivia Emily Grace Hannah Alice Chloe Ruby Megan Abigail Rose Denise Paula
  |Jack Oliver Harry James Noah Ethan Mason Logan Dylan Grant Wesley Floyd
  |Smith Jones Taylor Walker Baxter Hughes Fletcher Marsh O'Neill Doyle Parker Whitfield Ashby Crane
fr|Camille Chloé Manon Léa Inès Juliette Élodie Margaux Céline Solène Agathe Odile
  |Louis Hugo Théo Antoine Mathieu Rémi Benoît Gaspard Julien Yann Cédric Loïc
  |Martin Dubois Moreau Lefèvre Garnier Chevalier Fontaine Blanchard Renaud Perrin Guérin Marchand Tessier Noël
es|Lucía Carmen Paula Elena Alba Marta Sofía Noelia Rocío Pilar Inés Ximena
  |Hugo Pablo Alejandro Diego Javier Álvaro Sergio Iván Rafael Andrés Ramón Óscar
  |García Fernández López Navarro Molina Ortega Iglesias Cabrera Peña Vidal Rojas Muñoz Castillo Herrera
it|Giulia Chiara Francesca Martina Alessia Elisa Beatrice Ludovica Ilaria Noemi Serena Donata
  |Marco Luca Matteo Davide Lorenzo Simone Riccardo Filippo Nicolò Sandro Elia Tommaso
  |Rossi Bianchi Ferrari Conti Gallo Marino Greco Rinaldi Caruso Moretti Fabbri Pellegrini Sartori D'Amico
nl|Emma Sanne Fleur Lotte Anouk Femke Iris Maud Noor Roos Tessa Wilma
  |Daan Sem Bram Thijs Jeroen Pieter Sander Ruben Koen Wouter Maarten Joost
  |Jansen Bakker Visser Smit Mulder Hendriks Dekker Brouwer Vos Kuipers Verhoeven Postma Zijlstra Hoekstra
pl|Zofia Maja Hanna Alicja Agnieszka Katarzyna Małgorzata Ewa Joanna Iwona Kinga Beata
  |Jakub Szymon Filip Michał Krzysztof Paweł Tomasz Łukasz Piotr Wojciech Marek Grzegorz
  |Nowak Kowalski Wiśniewski Wójcik Lewandowski Zieliński Woźniak Mazur Krawczyk Piątek Górski Sikora Baran Duda
pt|Beatriz Mariana Leonor Inês Carolina Joana Rita Catarina Teresa Fernanda Luana Débora
  |João Tiago Rodrigo Gonçalo Miguel Duarte André Caio Bruno Vítor Otávio Renan
  |Silva Santos Ferreira Pereira Oliveira Costa Carvalho Teixeira Moura Barros Araújo Simões Figueiredo Queirós
sv|Alma Elsa Maja Astrid Linnea Ebba Freja Kerstin Annika Malin Åsa Ylva
  |Oskar Axel Erik Gustav Nils Anders Mattias Björn Håkan Ludvig Sixten Arvid
  |Andersson Johansson Karlsson Lindberg Nyström Sandberg Ekström Holm Wallin Åkesson Öberg Sjögren Forsberg Dahl
ja|Yui Hina Sakura Aoi Mei Haruka Misaki Naoko Keiko Yumi Ayaka Rin
  |Haruto Yuto Sota Ren Kaito Daiki Kenji Takumi Hiroshi Satoshi Ryo Makoto
  |Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Kato Yoshida Mori Fujita Hayashi
"""

STREETS = {
    "de": "Lindenweg Ahornallee Bergstraße Mühlengasse Am_Markt Gartenweg",
    "en": "Mill_Lane Station_Road Church_Street Maple_Avenue Orchard_Drive Harbour_View",
    "fr": "Rue_du_Moulin Avenue_des_Tilleuls Rue_de_la_Gare Place_du_Marché Chemin_Vert Quai_Nord",
    "es": "Calle_Mayor Calle_del_Sol Avenida_del_Puerto Plaza_Nueva Calle_Olivo Paseo_Marítimo",
    "it": "Via_Roma Via_dei_Mulini Corso_Italia Via_San_Marco Piazza_Nuova Via_del_Porto",
    "nl": "Molenstraat Kerklaan Stationsweg Tuinstraat Havenkade Lindelaan",
    "pl": "Lipowa Ogrodowa Młyńska Polna Kościelna Portowa",
    "pt": "Rua_das_Flores Rua_do_Porto Avenida_Central Travessa_Nova Rua_do_Sol Largo_Velho",
    "sv": "Storgatan Kvarngatan Björkvägen Hamngatan Skolgatan Åvägen",
    "ja": "Sakura-dori Chuo-dori Kawabata Midori-cho Minato-cho Hinode",
}

MAIL_HOSTS = "postbox.example inbox.example mailhaus.example letterbird.example quickmail.example uni.example".split()
COMPANY_ENDS = "Stays Rentals Apartments Homes Hospitality Retreats".split()
AMENITIES = (
    "wifi kitchen washer dryer heating parking elevator balcony garden sauna pool crib desk dishwasher "
    "coffee_maker air_conditioning smoke_alarm first_aid_kit hair_dryer iron tv fireplace bicycle sea_view"
).split()
ADJECTIVES = "Bright Quiet Sunny Cosy Spacious Charming Modern Rustic Airy Tiny Elegant Green".split()
NOUNS = "flat studio loft house room cottage apartment houseboat hideaway penthouse".split()

MESSAGES: dict[str, tuple[str, ...]] = {
    "en": (
        "Hi {you}, this is {me}. We arrive around {hour}:00, is that fine?",
        "Hello {you}! You can reach me at {phone} or {email}. Best, {me}",
        "Is there a place to park near the house? Thanks, {me}",
        "Thank you {you}, we loved {city}.",
        "Could you send the invoice to {email}, please? My full name is {me} {last}.",
        "Our flight is late. If there is a problem call {phone}. {me}",
        "The door code does not work, please call me back at {phone}.",
        "Dear {you}, may we bring a small dog?",
        "Yes, that works. See you then!",
        "My partner {friend} will pick up the keys, the number is {phone}.",
    ),
    "de": (
        "Hallo {you}, hier ist {me}. Wir kommen gegen {hour} Uhr an.",
        "Guten Tag, Sie erreichen mich unter {phone} oder {email}. Viele Grüße, {me} {last}",
        "Danke {you}, es war sehr schön in {city}!",
        "Können Sie die Rechnung bitte an {email} schicken?",
    ),
    "fr": (
        "Bonjour {you}, c'est {me}. Nous arrivons vers {hour} heures.",
        "Vous pouvez me joindre au {phone}. Cordialement, {me} {last}",
        "Merci {you}, nous avons adoré {city} !",
    ),
    "es": (
        "Hola {you}, soy {me}. Llegamos sobre las {hour}.",
        "Mi número es {phone} y mi correo {email}. Un saludo, {me}",
        "Gracias {you}, {city} nos encantó.",
    ),
    "it": (
        "Ciao {you}, sono {me}. Arriviamo verso le {hour}.",
        "Mi trova al {phone} o a {email}. Saluti, {me} {last}",
    ),
}

REVIEWS = (
    "{you} was a wonderful host, we would come back any time.",
    "Lovely place in the heart of {city}.",
    "Clean, quiet, and {you} answered within minutes.",
    "A little noisy at night, but good value.",
    "Not as described. I wrote to {you} and never heard back. {me}",
    "Perfect for families. Thank you {you}! {me} and {friend}",
    "Great!",
    "We arrived late and {you} waited for us. Highly recommended.",
)

ABOUT = (
    "Hi, I am {me}. I have lived in {city} for years and love to show guests around.",
    "{me} {last}, host since I moved to {city}. Call me any time: {phone}.",
    "We are {me} and {friend}, and this is our home.",
    "Professional rentals in {city}. Contact: {email}",
)

REQUESTS = (
    "Late arrival, around {hour}:00.",
    "Please leave the keys with the neighbours, {friend} will collect them.",
    "Baby cot needed.",
    "Allergic to feathers.",
    "Call {phone} on the day before arrival.",
)

FILES = {
    "user": ("passport_{first}_{last}.pdf", "id_card_{last}.jpg", "portrait_{first}.jpg"),
    "booking": ("contract_{last}.pdf", "receipt.pdf", "damage_photo.jpg"),
    "listing": ("living_room.jpg", "floor_plan.pdf", "house_rules_{last}.pdf"),
}


def _countries() -> tuple[Country, ...]:
    places = dict(line.split("|") for line in _CITIES.strip().splitlines())
    found = []
    for line in _COUNTRIES.strip().splitlines():
        code, name, dial, currency, language, share, postcode = line.split("|")
        cities = [place.rsplit(maxsplit=2) for place in places[code].split(", ")]
        where = tuple((city, float(latitude), float(longitude)) for city, latitude, longitude in cities)
        found.append(Country(code, name, dial, currency, language, float(share), postcode, where))
    return tuple(found)


COUNTRIES = _countries()

Words = npt.NDArray[np.str_]

_ROWS = [line.split("|") for line in _NAMES.strip().splitlines()]
LANGUAGES: tuple[str, ...] = tuple(row[0].strip() for row in _ROWS[::3])
FIRST_NAMES: Words = np.array([[_ROWS[i][1].split(), _ROWS[i + 1][1].split()] for i in range(0, len(_ROWS), 3)])
"""Given names by language, then women's and men's: 10 x 2 x 12."""
LAST_NAMES: Words = np.array([row[1].split() for row in _ROWS[2::3]])
"""Family names by language: 10 x 14."""
STREET_NAMES: Words = np.array([[name.replace("_", " ") for name in STREETS[code].split()] for code in LANGUAGES])
"""Streets by language: 10 x 6."""
