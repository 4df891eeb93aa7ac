"""DER of ECDSA signatures: the same, to the octet, as what `cryptography` makes of the same numbers."""

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from jwtguard.der import der_signature

SIZES = [32, 48, 66]
NUMBERS = st.sampled_from(SIZES).flatmap(
    lambda size: st.tuples(
        *2
        * [
            st.one_of(
                st.binary(min_size=size, max_size=size),
                st.integers(0, size).map(lambda zeros: bytes(zeros) + b"\x80" * (size - zeros)),
            )
        ]
    )
)


def as_cryptography_has_it(r: bytes, s: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(r), int.from_bytes(s))


@given(NUMBERS)
def test_signature_is_encoded_as_cryptography_encodes_it(numbers: tuple[bytes, bytes]) -> None:
    assert der_signature(*numbers) == as_cryptography_has_it(*numbers)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("first", [0x00, 0x01, 0x7F, 0x80, 0xFF])
def test_numbers_of_every_length_are_as_short_as_they_can_be_and_positive(size: int, first: int) -> None:
    for zeros in range(size + 1):
        number = (bytes(zeros) + bytes((first,)) * size)[:size]
        for pair in ((number, number), (number, b"\xff" * size), (b"\x01".rjust(size, b"\0"), number)):
            assert der_signature(*pair) == as_cryptography_has_it(*pair)
