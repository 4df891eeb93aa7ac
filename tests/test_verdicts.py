"""For how long an answer about a token may be used again, and what makes room for what."""

from hashlib import sha256

import pytest

from jwtguard import AccessToken, InvalidToken, Rules
from jwtguard.introspection_answer import check_answer
from jwtguard.verdicts import Declined, Pronouncement, Verdict, Verdicts
from tests.signing import AUDIENCE, ISSUER, NOW, good_claims

GOOD: AccessToken = check_answer(good_claims(), Rules(issuer=ISSUER, audience=AUDIENCE), now=NOW)
INACTIVE = InvalidToken("inactive")
DECLINED = Declined("not of this kind")
DIGEST = sha256(b"a token").digest()


def verdict(pronouncement: Pronouncement = GOOD, *, asked_at: float = NOW, seconds: float = 60) -> Verdict:
    return Verdict(pronouncement, asked_at, asked_at + seconds)


@pytest.mark.parametrize(
    ("seconds", "holds"),
    [
        pytest.param(0, True, id="at once"),
        pytest.param(59.9, True, id="until just before its end"),
        pytest.param(60, False, id="not at its end"),
        pytest.param(-0.1, False, id="not after the clock was set back"),
    ],
)
def test_answer_holds(seconds: float, holds: bool) -> None:
    verdicts = Verdicts(1)
    verdicts.put(DIGEST, verdict())
    assert (verdicts.get(DIGEST, NOW + seconds) is not None) is holds


@pytest.mark.parametrize("later", [GOOD, INACTIVE, DECLINED], ids=["good", "inactive", "declined"])
@pytest.mark.parametrize("earlier", [GOOD, INACTIVE, DECLINED], ids=["good", "inactive", "declined"])
def test_later_answer_takes_the_place_of(earlier: Pronouncement, later: Pronouncement) -> None:
    verdicts = Verdicts(2)
    verdicts.put(DIGEST, verdict(earlier))
    verdicts.put(DIGEST, verdict(later))
    known = verdicts.get(DIGEST, NOW)
    assert known is not None
    assert known.pronouncement is later


def test_refusal_that_is_not_to_be_remembered_still_ends_an_earlier_answer() -> None:
    verdicts = Verdicts(2)
    verdicts.put(DIGEST, verdict(GOOD))
    verdicts.put(DIGEST, verdict(INACTIVE, seconds=0))
    assert verdicts.get(DIGEST, NOW) is None


def test_one_token_is_not_another() -> None:
    verdicts = Verdicts(2)
    verdicts.put(DIGEST, verdict())
    assert verdicts.get(sha256(b"another").digest(), NOW) is None


@pytest.mark.parametrize("pronouncement", [GOOD, INACTIVE], ids=["good", "inactive"])
def test_memory_is_bounded_and_forgets_what_was_longest_unused(pronouncement: Pronouncement) -> None:
    verdicts = Verdicts(2)
    verdicts.put(b"1", verdict(pronouncement))
    verdicts.put(b"2", verdict(pronouncement))
    verdicts.get(b"1", NOW)
    verdicts.put(b"3", verdict(pronouncement))
    assert [verdicts.get(digest, NOW) is not None for digest in (b"1", b"2", b"3")] == [True, False, True]


@pytest.mark.parametrize("pronouncement", [INACTIVE, DECLINED], ids=["inactive", "declined"])
def test_tokens_that_someone_made_up_do_not_push_good_ones_out(pronouncement: Pronouncement) -> None:
    verdicts = Verdicts(10)
    verdicts.put(DIGEST, verdict())
    for number in range(100):
        verdicts.put(b"%d" % number, verdict(pronouncement))
    assert verdicts.get(DIGEST, NOW) is not None
