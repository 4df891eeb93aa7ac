"""Whatever jwtguard accepts, two independent implementations accept as well, and read the same out of it."""

from collections.abc import Iterator

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from jwtguard import InvalidToken, verify
from jwtguard.algorithms import ALGORITHMS
from tests.laws import peers, tokens
from tests.signing import NOW


@pytest.fixture(autouse=True, scope="module")
def _at_that_time() -> Iterator[None]:
    with peers.pyjwt_at(NOW):
        yield


@pytest.mark.parametrize("kind", tokens.KINDS)
@given(data=st.data())
def test_what_is_accepted_is_accepted_by_two_other_implementations_and_says_the_same(
    kind: str, data: st.DataObject
) -> None:
    for _ in range(8):
        token = data.draw(tokens.KINDS[kind])
        try:
            access_token = verify(token, tokens.key_set(), tokens.RULES, now=NOW)
        except InvalidToken as refusal:
            event(refusal.reason)
            continue
        event("accepted")
        algorithm = access_token.header["alg"]
        if algorithm in peers.PYJWT_KNOWS:
            assert peers.pyjwt(token, algorithm) == access_token.claims
        if algorithm in peers.JOSERFC_KNOWS:
            assert peers.joserfc_(token, algorithm) == access_token.claims


@given(draft=tokens.acceptable)
def test_no_harmless_variation_is_refused(draft: tokens.Draft) -> None:
    """Without it the law above might hold because nothing is ever accepted."""
    assert tokens.accepted(draft.signed())


def test_only_ml_dsa_has_no_other_implementation_to_agree_with() -> None:
    assert ALGORITHMS.keys() - peers.JOSERFC_KNOWS == {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87"}


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_plain_token_of_each_algorithm_is_accepted(algorithm: str) -> None:
    assert tokens.accepted(tokens.good(algorithm).signed())
