"""``api_key`` and ``hash_shape``: keys, tokens and digests that open nothing and look like the originals.

What is written in hexadecimal digits stays so; all else keeps its letters, digits and marks.  The
beginning that tells whose key it is (``sk_live_``, ``ghp_``, ``AKIA``, ``$2b$12$``) stays.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from understudy.arrow import own_spans
from understudy.transforms.characters import text_array
from understudy.transforms.declare import DOMAIN, PRESERVED, TEXT, Change, Declaration, Setting
from understudy.transforms.matches import matches
from understudy.transforms.parts import Mask, among, bounds_at, cut, in_steps, looked_up, ragged, spread
from understudy.transforms.pieces import CHARACTERS, HEX, UPPER_HEX, Pieces

_ISSUERS = (
    r"(?:sk|pk|rk|whsec)_(?:(?:live|test)_)?",  # Stripe
    r"gh[pousr]_|github_pat_|glpat-|gldt-",  # GitHub, GitLab
    r"AKIA|ASIA|AROA|AIDA",  # Amazon
    r"AIza|ya29\.|GOCSPX-|1//",  # Google
    r"xox[abeoprs]-|xapp-",  # Slack
    r"SG\.|key-|shp(?:at|ca|pa|ss)_|npm_|pypi-|dop_v1_|hf_|sk-(?:ant-|proj-)?|lin_api_|figd_|sq0[a-z]{3}-|EAAA",
    r"eyJ|Bearer |Basic |Token ",  # JSON web tokens, headers
)
_SCHEMES = (
    r"\$2[abxy]?\$\d\d\$",  # bcrypt
    r"\$argon2(?:id|i|d)\$(?:v=\d+\$)?m=\d+,t=\d+,p=\d+\$",
    r"\$(?:1|5|6|y|7|apr1|md5|sha1)\$(?:rounds=\d+\$)?",  # crypt(3)
    r"\$pbkdf2-?[a-z0-9]*\$\d+\$|pbkdf2_sha\d+\$\d+\$",  # passlib, Django
    r"\$scrypt\$ln=\d+,r=\d+,p=\d+\$|scrypt:\d+:\d+:\d+\$|pbkdf2:sha\d+:\d+\$",  # passlib, Werkzeug
    r"bcrypt_sha256\$\$2b\$\d\d\$|\{[A-Z0-9-]{2,10}\}|(?i:sha\d{1,3}|md5)[:$-]",
)
_MARKS = b"$:.,;|/= "
_LEAST = 8  # hexadecimal digits: a shorter text of them is more likely a word
_ALPHABETS = (CHARACTERS, HEX, UPPER_HEX)
_USES = bytes(
    0 if byte in b"0123456789-" else 1 if byte in b"abcdef" else 2 if byte in b"ABCDEF" else 4 for byte in range(256)
)
"""What a byte needs: hexadecimal digits in lower (1) or in upper case (2), or more (4)."""


class _Layout:
    """How secrets are written: where the part to change begins, its pieces, and the alphabet of each."""

    def __init__(self, values: pa.Array, start: str) -> None:
        found = matches(values, f"^(?:{start})")
        self.data, self.offsets = found.data, found.offsets
        self.kept = np.zeros(len(values), np.int64)
        self.kept[found.row] = found.stops - found.starts
        begins = self.offsets[:-1] + self.kept
        self.stay = spread(len(self.data), self.offsets[:-1], begins)
        self.bounds = cut(self.offsets, among(self.data, _MARKS), begins)
        used = looked_up(self.data, _USES)
        used = np.bitwise_or.reduceat(used, self.bounds[:-1]) if len(used) else used
        self.alphabet = np.where((used <= 2) & (np.diff(self.bounds) >= _LEAST), used, 0)

    def unlike(self, other: _Layout) -> Mask:
        """Which texts are laid out otherwise than in a version of them of the same length."""
        found: Mask = self.kept != other.kept
        both = bounds_at(len(self.data), self.bounds, other.bounds)[:-1]
        places = [np.searchsorted(one.bounds, both, side="right") - 1 for one in (self, other)]
        differ = self.alphabet[places[0]] != other.alphabet[places[1]]
        found[np.searchsorted(self.offsets, both[differ], side="right") - 1] = True
        return found


def _changed(subkey: bytes, layout: _Layout, rows: Mask, texts: pa.Array) -> pa.Array:
    """Texts of one layout, the pieces of some of them permuted."""
    data = own_spans(texts)[0]
    out = np.array(data)
    chosen = rows[np.searchsorted(layout.offsets, layout.bounds[:-1], side="right") - 1]
    for number, alphabet in enumerate(_ALPHABETS):
        pieces = np.flatnonzero(chosen & (layout.alphabet == number))
        if not len(pieces):
            continue
        where, inner = ragged(layout.bounds[pieces], np.diff(layout.bounds)[pieces])
        out[where] = Pieces(subkey, alphabet)(data[where], inner, stay=layout.stay[where])
    return text_array(out, layout.offsets)


def _build(name: str, start: str) -> Callable[[Setting], Change]:
    def build(setting: Setting) -> Change:
        subkey = setting.key.subkey(f"{name}:{setting.place.options['domain'] or name}")

        def change(values: pa.Array) -> pa.Array:
            layout = _Layout(values, start)
            made, rows = values, np.ones(len(values), np.bool_)
            while rows.any():  # once, and again for the few that came out with another layout
                made = _changed(subkey, layout, rows, made)
                rows = layout.unlike(_Layout(made, start))
            return made

        return lambda values, _rows: in_steps(change, values)

    return build


def _declare(name: str, summary: str, starts: tuple[str, ...]) -> Declaration:
    return Declaration(
        name=name,
        summary=summary,
        example=name,
        kinds=TEXT,
        build=_build(name, "|".join(starts)),
        options=(DOMAIN,),
        uniqueness=lambda _place: PRESERVED,
    )


API_KEY = _declare(
    "api_key",
    "A key or token that opens nothing, in the shape of the original; the issuer's mark at its start stays.",
    _ISSUERS,
)

HASH_SHAPE = _declare(
    "hash_shape",
    "A digest in the shape of the original (MD5 to SHA-512, bcrypt, Argon2 and others), of no password.",
    _SCHEMES,
)
