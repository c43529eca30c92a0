"""Entities of places: street addresses, postal codes and coordinates."""

from __future__ import annotations

from understudy.entities.entity import Entity, Shape
from understudy.entities.letters import CAP, CAPITALS, CODE, GAP, LETTER, any_of, start

_ENGLISH = any_of(
    "Street St. St Road Rd. Rd Avenue Ave. Ave Av. Lane Ln. Ln Drive Dr. Dr Boulevard Blvd. Blvd Court Ct. Ct Square "
    "Sq. Place Pl. Pl Terrace Ter. Way Highway Hwy. Hwy Parkway Pkwy. Pkwy Circle Cir. Cir Trail Trl. Crescent Cres. "
    "Close Gardens Grove Row Walk Mews Alley Plaza Loop Route Rise Hill Park View Quay Wharf Turnpike Pike Path"
)
_ENDINGS = (
    "straße Straße strasse Strasse str. Str. weg Weg platz Platz allee Allee gasse ring Ring damm Damm ufer chaussee "
    "straat laan plein gracht kade dijk singel dreef steenweg "  # Dutch
    "gatan gata vägen gade vej veien vegen katu tie kuja stræti braut utca tér ulice ulica cesta"  # north and east
).split()
_FRENCH = any_of("rue avenue av. boulevard bd bd. place chemin allée impasse quai route cours passage square")
_HUNGARIAN = any_of("u. utca út útja tér körút krt. rkp. sétány köz")
_SOUTHERN = any_of(
    "Calle C/ Avenida Avda. Av. Plaza Pza. Paseo Camino Ronda Carretera Travesía "  # Spanish
    "Via Viale Piazza Piazzale Corso Largo Vicolo Strada Contrada "  # Italian
    "Rua R. Travessa Alameda Praça Estrada Rodovia"  # Portuguese
)
_POLISH = any_of("ul. ulica al. aleja pl. plac os. osiedle")
_UNITS = any_of("Apt Apartment Suite Ste Unit Floor Fl Room Rm # Apto Piso Wohnung Whg App Appt bus lok")
_STATES = any_of(
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA "
    "RI SC SD TN TX UT VT VA WA WV WI WY DC PR AA AE AP"
)
_POSTCODES = (
    "zip(?:[ -]?code)?|post ?code|postal code|plz|postleitzahl|code postal|código postal|cep|cap|kod pocztowy|postcode"
)

_OF = (
    r"(?:(?:de la|de las|de los|de|del|des|du|di|da|do|dos|das|della|dei|von|van de|van der|van|of|the|y|e|et|la|le|les"
    r"|el|los|las)[ ]|l'|d'|d’)"
)
_NAME = rf"{_OF}{{0,3}}(?:{CAP}|\d{{1,3}}(?:st|nd|rd|th)?)(?:{GAP}{_OF}{{0,2}}{CAP}|{GAP}\d{{1,4}}(?= de )){{0,4}}"
_UNIT = rf"(?:,? (?:{_UNITS})\.? ?#?\w{{1,6}})?"
_HOUSE = r"\d{1,5}(?: ?[A-Za-z](?!\w))?(?:[/\-]\d{1,4}[A-Za-z]?)?(?!\w|[.,]\d)"
_NUMBERED = start("0-9", not_after=r"\w.,:/\-$€£#") + r"\d{0,4}(?:[\-/]\d{1,4})?[A-Za-z]?"
_ENDED = "(?:" + "|".join(f"(?<={ending})".replace(".", r"\.") for ending in _ENDINGS) + ")"

_WORDS = r"(?:[^\s,]+,? ){1,5}"
_MORE = r"(?:[ ,]+[^\s,]+){0,6}"
_WHOLE = "|".join(
    (
        rf"[0-9]{{1,5}}[A-Za-z]?,? {_WORDS}(?:{_ENGLISH}){_MORE}",
        rf"(?:[^\s,0-9]+ )*[^\s,0-9]*(?:{any_of(' '.join(_ENDINGS))}) [0-9]{{1,4}} ?[a-z]?{_MORE}",
        rf"[0-9]{{1,5}},? (?:bis )?(?:{_FRENCH}) [^\s,]+{_MORE}",
        rf"(?:{_SOUTHERN}|{_POLISH}) ?{_WORDS}(?:n[º°o]\.? ?)?[0-9]{{1,5}}[A-Za-z]?{_MORE}",
        r"[Pp]\.? ?[Oo]\.? [Bb][Oo][Xx] [0-9]+",
        r"[\p{Han}\p{Katakana}\p{Hiragana}]+[0-9]+(?:-[0-9]+-[0-9]+|丁目|号).*",
    )
)

ADDRESS = Entity(
    name="address",
    summary="a street and a house number",
    sensitivity="direct",
    example="12 Baker Street",
    whole=_WHOLE,
    shapes=(
        Shape(
            _NUMBERED
            + rf"(?: [NSEW]\.?)?(?:{GAP}(?:{CAP}|\d{{1,3}}(?:st|nd|rd|th)|[A-Z]\.)){{1,4}}?{GAP}(?:{_ENGLISH})(?!\w)"
            + rf"(?: [NSEW]{{1,2}}(?!\w))?{_UNIT}",
            rf"{LETTER} (?:{_ENGLISH})\b",
        ),
        Shape(
            start(CAPITALS) + rf"(?:[^\W\d_]|[.'’\-])*+(?:{GAP}{CAP}\.?){{0,3}}{_ENDED}[ ]{_HOUSE}{_UNIT}",
            rf"(?:{any_of(' '.join(_ENDINGS))}) [0-9]",
        ),
        Shape(_NUMBERED + rf",? (?:bis |ter )?(?:{_FRENCH}) {_NAME}", rf"[0-9],? (?:bis |ter )?(?:{_FRENCH}) "),
        Shape(
            rf"(?:{_SOUTHERN}) ?{_NAME},? (?:n[º°o]\.? ?)?{_HOUSE}{_UNIT}",
            rf"(?:{_SOUTHERN}) ",
        ),
        Shape(
            start(CAPITALS)
            + rf"(?:[^\W\d_]|[.'’\-])*+(?:{GAP}{CAP}){{0,2}} (?:{_HUNGARIAN}) \d{{1,4}}(?!\w)\.?{_UNIT}",
            rf" (?:{_HUNGARIAN}) [0-9]",
        ),
        Shape(
            rf"(?:{_UNITS})\.? ?#?\d{{1,5}}[A-Za-z]?(?!\w)".replace("|#", ""),
            rf"(?:{_UNITS})\.? ?#?[0-9]".replace("|#", ""),
        ),
        Shape(rf"(?:{_POLISH}) {_NAME} {_HOUSE}{_UNIT}", rf"(?:{_POLISH}) "),
        Shape(start("Pp") + r"(?:\.? ?[Oo]\.? ?|ost(?:al)? ?)[Bb][Oo][Xx] \d{1,6}", "(?i)box [0-9]"),
        Shape(r"[\u4e00-\u9fff]{1,12}[路街道巷]\d{1,5}号(?:\d{1,4}[室楼])?", "[0-9]号"),
        Shape(
            r"[\u3040-\u30ff\u4e00-\u9fff]{1,20}\d{1,3}(?:丁目|-)\d{1,3}(?:番地?|-)\d{1,3}号?",
            "丁目|[0-9]-[0-9]{1,3}-[0-9]",
        ),
    ),
)
POSTCODE = Entity(
    name="postcode",
    summary="a postal code",
    sensitivity="quasi",
    example="zip code 90210",
    whole=r"[0-9]{5}(?:-[0-9]{4})?|(?i)[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]"
    r"|[0-9]{4} ?[A-Z]{2}|[0-9]{2}-[0-9]{3}|[0-9]{5}-[0-9]{3}|〒?[0-9]{3}-[0-9]{4}|[0-9]{6}|[0-9]{4}|[0-9]{3} [0-9]{2}",
    shapes=(
        Shape(start("A-Z") + r"(?:[A-Z]?\d[A-Z\d]?) \d[A-Z]{2}(?!\w)", r"[A-Z][0-9][A-Z0-9]? [0-9][A-Z]{2}"),
        Shape(start("A-Z") + r"\d[A-Z] ?\d[A-Z]\d(?!\w)", r"[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]"),
        Shape(rf"(?:{_STATES}),? (?P<v>\d{{5}}(?:-\d{{4}})?)(?!\w)", rf"(?:{_STATES}),? [0-9]{{5}}"),
        Shape(rf"[,\n] ?(?:[A-Z]{{1,2}}-)?(?P<v>\d{{4,5}}) (?={CAP})", r"[,\n] ?(?:[A-Z]{1,2}-)?[0-9]{4}"),
        Shape("〒(?P<v>[0-9]{3}-[0-9]{4})", "〒"),
        Shape(
            CODE + r"[A-Z0-9]{1,5}(?:[ \-][A-Z0-9]{2,4})?(?!\w)",
            rf"(?i){_POSTCODES}",
            near=rf"\b(?:{_POSTCODES})\b(?: is)?\W{{0,3}}$",
        ),
    ),
)
_DEGREES = r"° ?\d{1,2}['′](?: ?\d{1,2}(?:\.\d+)?[\"″])? ?"
COORDINATES = Entity(
    name="coordinates",
    summary="a point on the map",
    sensitivity="quasi",
    example="52.51704, 13.38886",
    whole=r"[+\-]?[0-9]{1,2}\.[0-9]{2,},\s*[+\-]?[0-9]{1,3}\.[0-9]{2,}|(?i)point ?\([^)]*\)",
    shapes=(
        Shape(
            start("0-9+\\-", not_after=r"\w.,")
            + r"\d{0,2}\.\d{3,12}°?(?: ?[NS])?,? {0,2}[+\-]?\d{1,3}\.\d{3,12}°?(?: ?[EW])?(?![\w.])",
            r"[0-9]\.[0-9]{3,12}°?(?: ?[NS])?,? {0,2}[+\-]?[0-9]{1,3}\.[0-9]{3}",
        ),
        Shape(start("0-9") + rf"\d?{_DEGREES}[NS],? \d{{1,3}}{_DEGREES}[EW]", "[0-9]° ?[0-9]"),
    ),
)

ENTITIES = (ADDRESS, COORDINATES, POSTCODE)
