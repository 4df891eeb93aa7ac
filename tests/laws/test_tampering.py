"""No byte of an accepted token can be changed: not in its text, and not in what its text stands for."""

import string
from base64 import urlsafe_b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard.algorithms import ALGORITHMS
from tests.laws import tokens
from tests.signing import b64

ALPHABET = string.ascii_letters + string.digits + "-_"


@given(draft=tokens.acceptable, data=st.data())
def test_token_with_any_byte_changed_is_refused(draft: tokens.Draft, data: st.DataObject) -> None:
    token = draft.signed()
    assert tokens.accepted(token)
    for _ in range(5):
        position = data.draw(st.integers(0, len(token) - 1))
        other = data.draw(st.characters(codec="latin-1") | st.sampled_from(ALPHABET))
        changed = token[:position] + other + token[position + 1 :]
        assert tokens.accepted(changed) == (changed == token)


@given(draft=tokens.acceptable, data=st.data())
def test_token_with_bytes_left_out_put_in_or_moved_is_refused(draft: tokens.Draft, data: st.DataObject) -> None:
    token = draft.signed()
    start, end = sorted((data.draw(st.integers(0, len(token))), data.draw(st.integers(0, len(token)))))
    rest = token[:start] + token[end:]
    inserted = data.draw(st.text(st.characters(codec="latin-1"), max_size=3) | st.just(token[start:end]))
    position = data.draw(st.integers(0, len(rest)))
    changed = rest[:position] + inserted + rest[position:]
    assert tokens.accepted(changed) == (changed == token)


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
@pytest.mark.parametrize("length", range(3), ids="{} more characters".format)
def test_each_segment_ends_in_the_one_way_in_which_it_was_written(algorithm: str, length: int) -> None:
    """The last character of base64url text may have bits that stand for nothing: sixteen texts would mean the same."""
    draft = tokens.good(algorithm).with_claim("sub", "a" * length).with_header("cty", "a" * length)
    token = draft.signed()
    assert tokens.accepted(token)
    ends = [position - 1 for position, character in enumerate(f"{token}.") if character == "."]
    taken = [
        token[:end] + other + token[end + 1 :]
        for end in ends
        for other in ALPHABET
        if tokens.accepted(token[:end] + other + token[end + 1 :])
    ]
    assert taken == [token] * 3


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_token_with_any_one_bit_of_its_signature_flipped_is_refused(algorithm: str) -> None:
    draft = tokens.good(algorithm)
    signing_input, _, signature = draft.signed().rpartition(".")
    octets = urlsafe_b64decode(signature + "==")
    for bit in range(0, 8 * len(octets), max(1, len(octets) // 64)):  # all of them, of the short signatures
        flipped = bytearray(octets)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not tokens.accepted(f"{signing_input}.{b64(bytes(flipped))}")
