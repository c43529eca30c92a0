"""bcrypt, against the published vectors of crypt_blowfish."""

import base64

import pytest

from understudy.transforms.bcrypt import _OWN, _USUAL, bcrypt


def salt_of(text):
    return base64.b64decode(text.encode().translate(bytes.maketrans(_OWN, _USUAL)) + b"==")


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
    ],
)
def test_hashes_are_those_of_the_reference(password, expected):
    assert bcrypt(password, salt_of(expected[7:29]), 5) == expected
