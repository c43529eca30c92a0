"""Entities of the net: addresses of mail, pages and machines, and secrets."""

from __future__ import annotations

from understudy.entities.entity import Entity, Shape
from understudy.entities.letters import any_of, start

_LABEL = r"[^\W_](?:[\w\-]{0,61}[^\W_])?"
_END = r"(?![\w\-]|\.[^\W_])"

_SAFE_TOP = any_of(
    "com org net edu gov info biz io ai app dev tv eu uk ca au de fr es nl ch se dk fi pl pt br jp cn ru cz hu gr ie "
    "ro ua za mx nz kr tw"
)  # those that are no words, for "done.it" is the end of a sentence
_TOP = any_of("co it in is no me us be at so to my am as by li lu ar cl tr il sg hk id th vn")

_SECRETS = "|".join(
    (
        r"(?:sk|pk|rk)_(?:live|test)_[0-9A-Za-z]{16,}",
        r"gh[pousr]_[0-9A-Za-z]{36,}",
        r"github_pat_[0-9A-Za-z_]{22,}",
        r"glpat-[0-9A-Za-z_\-]{20,}",
        r"xox[abeprs]-[0-9A-Za-z\-]{10,}",
        r"A(?:KIA|SIA)[0-9A-Z]{16}",
        r"AIza[0-9A-Za-z_\-]{35}",
        r"SG\.[0-9A-Za-z_\-]{16,}\.[0-9A-Za-z_\-]{16,}",
        r"sk-[0-9A-Za-z_\-]{20,}",
        r"hf_[0-9A-Za-z]{30,}",
        r"npm_[0-9A-Za-z]{36}",
    )
)
_PRIVATE_KEY = (
    r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[0-9A-Za-z+/=\s\-]{0,8000}?-----END [A-Z ]{0,20}PRIVATE KEY-----"
)
_JWT = r"eyJ[0-9A-Za-z_\-]{8,2000}\.eyJ[0-9A-Za-z_\-]{8,4000}\.[0-9A-Za-z_\-]{8,2000}"
_PASSWORD = "password|passwort|passwd|pwd|mot de passe|contraseña|senha|wachtwoord|hasło|kennwort"  # noqa: S105


def _octets(text: str) -> bool:
    return all(int(octet) < 256 for octet in text.partition("/")[0].split("."))


def _version_6(text: str) -> bool:
    """Whether hexadecimal digits and colons are an IPv6 address."""
    groups = text.split(":")
    if ":::" in text or text.count("::") > 1 or max(map(len, groups)) > 4:
        return False
    return len(groups) == 8 if "::" not in text else 3 <= len(groups) <= 8 and len(text) > 4


EMAIL = Entity(
    name="email",
    summary="an e-mail address",
    sensitivity="direct",
    example="ada@example.org",
    whole=r"[^\s@,;:<>\"()\[\]]+@[^\s@,;:<>\"()\[\]._\-][^\s@,;:<>\"()\[\]_]*\.[^\s@,;:<>\"()\[\]._0-9\-]{2,}",
    shapes=(
        Shape(
            rf"@(?:{_LABEL}\.){{1,8}}[^\W\d_]{{2,24}}(?![\w\-])",
            "@",
            before=r"[\w.+%'\-]{0,63}\w(?![\w.+%\-])",
        ),
    ),
)
URL = Entity(
    name="url",
    summary="the address of a page",
    sensitivity="quasi",
    example="https://example.org/ada",
    whole=r"(?i)(?:https?|ftps?)://[^\s<>\"]+|www\.[^\s<>\"]+\.[^\s<>\"]+",
    shapes=(
        Shape(
            start("hHfFwW")
            + r"(?:(?:(?:[tT][tT]|[tT])[pP][sS]?)://|[wW][wW]\.)[^\s\0<>\"'`{}|\\^]*[^\s\0<>\"'`{}|\\^.,;:!?)\]]",
            r"://|[wW][wW][wW]\.",
        ),
    ),
)
DOMAIN = Entity(
    name="domain",
    summary="the name of a host or an Internet domain",
    sensitivity="quasi",
    example="mail.example.org",
    whole=r"(?i)(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}",
    shapes=(
        Shape(
            start("0-9A-Za-z", not_after=r"\w.@/\-")
            + rf"(?:[0-9A-Za-z\-]{{0,62}}\.)(?:(?:[0-9A-Za-z\-]{{1,63}}\.){{0,4}}(?:{_SAFE_TOP})"
            + rf"|(?:[0-9A-Za-z\-]{{1,63}}\.){{1,4}}(?:{_TOP})){_END}",
            rf"\.(?:{_SAFE_TOP}|{_TOP})\b",
        ),
    ),
)
IP = Entity(
    name="ip",
    summary="the network address of a machine",
    sensitivity="direct",
    example="203.0.113.7",
    whole=r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:/\d{1,2})?"
    r"|(?i)(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}|::(?:[0-9a-f]{1,4}:?){1,7}"
    r"|(?:[0-9a-f]{1,4}:){1,7}:",
    shapes=(
        Shape(
            start("0-9", not_after=r"\w.") + r"\d{0,2}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?!\w|\.\d)",
            r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
            check=_octets,
        ),
        Shape(
            start("0-9A-Fa-f:", not_after=r"\w:.") + r"[0-9A-Fa-f:]{2,38}(?![\w:])",
            r"(?i):[0-9a-f]{1,4}:[0-9a-f]{1,4}:[0-9a-f]|::",
            check=_version_6,
        ),
    ),
)
MAC = Entity(
    name="mac",
    summary="the hardware address of a network card",
    sensitivity="direct",
    example="00:1B:44:11:3A:B7",
    whole=r"(?i)(?:[0-9a-f]{2}[:\-]){5}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}",
    shapes=(
        Shape(
            start("0-9A-Fa-f", not_after=r"\w:\-")
            + r"[0-9A-Fa-f](?:([:\-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}(?![\w:\-])",
            r"(?i)[0-9a-f]{2}[:\-][0-9a-f]{2}[:\-][0-9a-f]{2}[:\-][0-9a-f]{2}[:\-]",
        ),
    ),
)
UUID = Entity(
    name="uuid",
    summary="a universally unique identifier",
    sensitivity="quasi",
    example="3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    whole=r"(?i)\{?[0-9a-f]{8}-?[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-?[0-9a-f]{12}\}?",
    shapes=(
        Shape(
            start("0-9A-Fa-f", not_after=r"\w\-") + r"[0-9A-Fa-f]{7}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?![\w\-])",
            r"[0-9A-Fa-f]-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-",
        ),
    ),
)
JWT = Entity(
    name="jwt",
    summary="a signed token that proves who somebody is",
    sensitivity="sensitive",
    example="eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
    whole=r"eyJ[0-9A-Za-z_\-]+\.eyJ[0-9A-Za-z_\-]+\.[0-9A-Za-z_\-]+",
    shapes=(Shape(_JWT, "eyJ"),),
)
SECRET = Entity(
    name="secret",
    summary="a password, an access key or a private key",
    sensitivity="sensitive",
    example="AKIAIOSFODNN7EXAMPLE",
    whole=rf"{_SECRETS}|(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*",
    shapes=(
        Shape(
            rf"(?:{_SECRETS})(?![\w\-])",
            "(?:sk|pk|rk)[_-]|gh[pousr]_|github_pat_|glpat-|xox|AKIA|ASIA|AIza|SG\\.|hf_|npm_",
        ),
        Shape(_PRIVATE_KEY, "PRIVATE KEY-----"),
        Shape(r"[:=]\s?(?P<v>[^\s\0]{4,64})", f"(?i){_PASSWORD}", near=rf"(?:{_PASSWORD})\W{{0,2}}$"),
    ),
)
HASH = Entity(
    name="hash",
    summary="the hexadecimal hash of something",
    sensitivity="quasi",
    example="9e107d9d372bb6826bd81d3542a419d6",
    whole=r"(?i)[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}",
    shapes=(
        Shape(
            start("0-9A-Fa-f") + r"(?:[0-9A-Fa-f]{127}|[0-9A-Fa-f]{63}|[0-9A-Fa-f]{39}|[0-9A-Fa-f]{31})(?!\w)",
            "[0-9A-Fa-f]{32}",
        ),
    ),
)
USERNAME = Entity(
    name="username",
    summary="the name somebody logs in or writes under",
    sensitivity="direct",
    example="@ada_l",
    whole=r"@[A-Za-z_][\w.]{1,29}",
    shapes=(Shape(start("@", not_after=r"\w.@/") + r"(?P<v>[A-Za-z_][\w.]{0,28}\w)(?![\w@])", r"@[A-Za-z_]"),),
)

ENTITIES = (EMAIL, URL, JWT, SECRET, UUID, MAC, IP, HASH, DOMAIN, USERNAME)
