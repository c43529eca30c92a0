"""FF1: the standard's own samples, and an oracle in plain integers written as the standard reads."""

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from understudy.transforms.ff1 import Ff1
from understudy.transforms.prf import CHUNK_ROWS

CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
KEY_128 = "2B7E151628AED2A6ABF7158809CF4F3C"
KEY_192 = KEY_128 + "EF4359D8D580AA4F"
KEY_256 = KEY_192 + "7F036D6F04FC6A94"
TWEAK_10 = "39383736353433323130"
TWEAK_36 = "3737373770717273373737"

NIST_SAMPLES = [  # SP 800-38G, "FF1samples"
    (KEY_128, 10, "", "0123456789", "2433477484"),
    (KEY_128, 10, TWEAK_10, "0123456789", "6124200773"),
    (KEY_128, 36, TWEAK_36, "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
    (KEY_192, 10, "", "0123456789", "2830668132"),
    (KEY_192, 10, TWEAK_10, "0123456789", "2496655549"),
    (KEY_192, 36, TWEAK_36, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
    (KEY_256, 10, "", "0123456789", "6657667009"),
    (KEY_256, 10, TWEAK_10, "0123456789", "1001623463"),
    (KEY_256, 36, TWEAK_36, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
]


def numerals(text: str) -> np.ndarray:
    return np.array([[CHARACTERS.index(character) for character in text]], np.uint16)


@pytest.mark.parametrize(("key", "radix", "tweak", "plain", "expected"), NIST_SAMPLES)
def test_the_samples_of_the_standard(key, radix, tweak, plain, expected):
    ff1 = Ff1(bytes.fromhex(key), (radix,) * len(plain), bytes.fromhex(tweak))
    assert (ff1.encrypt(numerals(plain)) == numerals(expected)).all()
    assert (ff1.decrypt(numerals(expected)) == numerals(plain)).all()


def oracle(key: bytes, radices: list[int], tweak: bytes, values: list[int]) -> list[int]:
    """Algorithm 7 in plain integers; with mixed radices, both halves count in theirs."""
    n, u = len(values), len(values) // 2
    radix = radices[0] if len(set(radices)) == 1 else 0

    def number(digits: list[int], bases: list[int]) -> int:
        total = 0
        for digit, base in zip(digits, bases, strict=True):
            total = total * base + digit
        return total

    def digits_of(total: int, bases: list[int]) -> list[int]:
        digits = []
        for base in reversed(bases):
            total, digit = divmod(total, base)
            digits.append(digit)
        return digits[::-1]

    def product(bases: list[int]) -> int:
        return number([1] + [0] * len(bases), [1, *bases])

    def aes(block: bytes) -> bytes:
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)

    left, right = radices[:u], radices[u:]
    b = -(-(max(product(left), product(right)) - 1).bit_length() // 8)
    d = 4 * -(-b // 4) + 4
    p = bytes([1, 2, 1]) + radix.to_bytes(3) + bytes([10, u % 256]) + n.to_bytes(4) + len(tweak).to_bytes(4)
    halves = [(number(values[:u], left), left), (number(values[u:], right), right)]
    for i in range(10):
        (a, bases), (other, _) = halves
        q = tweak + bytes(-(len(tweak) + b + 1) % 16) + bytes([i]) + other.to_bytes(b)
        state = bytes(16)
        for start in range(0, len(p + q), 16):
            state = aes(bytes(x ^ y for x, y in zip(state, (p + q)[start : start + 16], strict=True)))
        s = state
        for j in range(1, -(-d // 16)):
            s += aes((int.from_bytes(state) ^ j).to_bytes(16))
        halves = [halves[1], ((a + int.from_bytes(s[:d])) % product(bases), bases)]
    return [digit for total, bases in halves for digit in digits_of(total, bases)]


radices = st.one_of(
    st.tuples(st.integers(2, 2**16), st.integers(1, 14)).map(lambda pair: [pair[0]] * pair[1]),
    st.lists(st.sampled_from([2, 10, 26, 64]), min_size=1, max_size=40),
)


@given(radices, st.binary(max_size=20), st.binary(min_size=16, max_size=16), st.data())
def test_every_radix_length_and_tweak_agrees_with_the_oracle(bases, tweak, key, data):
    rows = [[data.draw(st.integers(0, base - 1)) for base in bases] for _ in range(2)]
    ff1 = Ff1(key, tuple(bases), tweak)
    found = ff1.encrypt(np.array(rows, np.uint16))
    assert found.tolist() == [oracle(key, bases, tweak, row) for row in rows]
    assert ff1.decrypt(found).tolist() == rows


@pytest.mark.parametrize(
    "bases",
    [[2**16] * 4, [2**16] * 5, [2**16] * 7, [4, *[2**16] * 7], [2, 2, 2, *[2**16] * 4], [10] * 37],
)
def test_halves_of_about_a_word_agree_with_the_oracle(bases):
    drawn = np.random.default_rng(1).integers(0, bases, (20, len(bases)))
    rows = np.vstack([drawn, np.zeros_like(bases), np.array(bases) - 1]).astype(np.uint16)
    ff1 = Ff1(bytes(16), tuple(bases))
    found = ff1.encrypt(rows)
    assert found.tolist() == [oracle(bytes(16), bases, b"", row) for row in rows.tolist()]
    assert (ff1.decrypt(found) == rows).all()


@pytest.mark.parametrize("bases", [(10, 10, 10), (26, 10, 10), (10,), (2, 2)])
def test_every_string_of_a_small_domain_has_its_own_stand_in(bases):
    grid = (
        np.stack(np.meshgrid(*map(np.arange, bases), indexing="ij"), axis=-1).reshape(-1, len(bases)).astype(np.uint8)
    )
    found = {tuple(row) for row in Ff1(bytes(16), bases).encrypt(grid).tolist()}
    assert found == {tuple(row) for row in grid.tolist()}


def test_chunks_do_not_show():
    rows = np.random.default_rng(1).integers(0, 10, (CHUNK_ROWS + 2, 6)).astype(np.uint8)
    ff1 = Ff1(bytes(16), (10,) * 6)
    assert (ff1.encrypt(rows)[CHUNK_ROWS:] == ff1.encrypt(rows[CHUNK_ROWS:])).all()
    assert ff1.encrypt(rows[:0]).shape == (0, 6)
