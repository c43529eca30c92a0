"""``api_key`` and ``hash_shape``: keys, tokens and digests that open nothing and look like the originals.

What is written in hexadecimal digits stays so; all else keeps its letters, digits and marks.  The
beginning that tells whose key it is (``sk_live_``, ``ghp_``, ``AKIA``, ``$2b$12$``) stays.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import own_spans
from understudy.native import secrets as native
from understudy.native import texts as parts
from understudy.transforms.characters import text_array
from understudy.transforms.declare import DOMAIN, PRESERVED, TEXT, Change, Declaration, Setting
from understudy.transforms.matches import matches
from understudy.transforms.parts import Mask, in_steps, table
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
_USES = np.array(
    [0 if byte in b"0123456789-" else 1 if byte in b"abcdef" else 2 if byte in b"ABCDEF" else 4 for byte in range(256)],
    np.uint8,
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
        self.bounds, self.alphabet = native.pieces(self.data, self.offsets, begins, table(_MARKS), _USES, _LEAST)

    def unlike(self, other: _Layout) -> Mask:
        """Which texts are laid out otherwise than in a version of them of the same length."""
        found = native.unlike(self.offsets, self.bounds, self.alphabet, other.bounds, other.alphabet)
        found |= self.kept != other.kept
        return found

    def changed(self, subkey: bytes, texts: pa.Array) -> pa.Array:
        """Texts of this layout, their pieces permuted."""
        data, _ = own_spans(texts)
        for number, alphabet in enumerate(_ALPHABETS):
            pieces = np.flatnonzero(self.alphabet == number)
            if len(pieces):
                starts, ends = self.bounds[pieces], self.bounds[pieces + 1]
                before, bounds = parts.taken(data, starts, ends)
                data = parts.filled(data, starts, ends, Pieces(subkey, alphabet)(before, bounds), bounds)
        return text_array(data, self.offsets)


def _build(name: str, start: str) -> Callable[[Setting], Change]:
    def build(setting: Setting) -> Change:
        subkey = setting.key.subkey(f"{name}:{setting.place.options['domain'] or name}")

        def change(values: pa.Array) -> pa.Array:
            layout = _Layout(values, start)
            made = layout.changed(subkey, values)
            stray = layout.unlike(_Layout(made, start))
            while stray.any():  # the few that came out with another layout
                rows = pa.array(stray)
                layout = _Layout(values.filter(rows), start)
                again = layout.changed(subkey, made.filter(rows))
                made = pc.replace_with_mask(made, rows, again)
                stray[stray] = layout.unlike(_Layout(again, start))
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
