"""Every case of the table, through the pure half and through both faces over real sockets."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any, Final

import pytest

from jwtguard import InvalidToken, JWTGuardError, KeySet, verify
from jwtguard.algorithms import ALGORITHMS
from jwtguard.errors import REASONS
from tests.attacks.case import ACCEPTED, CLIENT_ERROR, Case, Published, Request
from tests.attacks.faces import REACHED, Answer, Faces, all_faces
from tests.attacks.table import CASES
from tests.signing import NOW

# RFC 6750 section 3.1: the status and the error code of a reason, where they are not those of `invalid_token`.
PRESCRIBED: Final = {
    "credentials_missing": (401, None),
    "scheme_unsupported": (401, None),
    "credentials_repeated": (400, "invalid_request"),
    "credentials_malformed": (400, "invalid_request"),
    "insufficient_scope": (403, "insufficient_scope"),
    "issuer_unreachable": (503, None),
}
INVALID_TOKEN: Final = (401, "invalid_token")

BEFORE_THE_SIGNATURE: Final = {
    *("token_too_large", "token_opaque", "token_encrypted", "token_malformed", "header_malformed"),
    *("critical_header_unsupported", "algorithm_not_allowed", "unknown_key", "key_ambiguous", "signature_mismatch"),
}
"""Reasons that are found before anything of the token is known to be the issuer's."""

PURE: Final = [
    name
    for name, case in CASES.items()
    if isinstance(case.sent, str) and (case.pure_reason or case.reason) != "issuer_unreachable"
]
PARSERS: Final = ("httptools", "h11")
THROUGH_FACES: Final = [
    (name, face, parser)
    for name, case in CASES.items()
    for face in case.faces
    for parser in (PARSERS if isinstance(case.sent, Request) else PARSERS[:1])
]


@pytest.fixture(scope="module")
def faces() -> Iterator[dict[str, Faces]]:
    """Both faces of every case, by the parser of HTTP that stands before them."""
    with ExitStack() as stack:
        yield {parser: stack.enter_context(all_faces(CASES, parser)) for parser in PARSERS}


@pytest.mark.parametrize("name", PURE)
def test_pure_half_decides(name: str) -> None:
    case = CASES[name]
    refusal = refusal_of(case)
    assert (ACCEPTED if refusal is None else refusal.reason) == (case.pure_reason or case.reason)


@pytest.mark.parametrize("name", PURE)
def test_refusal_tells_the_operator_nothing_that_is_not_verified(name: str) -> None:
    refusal = refusal_of(CASES[name])
    if refusal is None:
        return
    assert words_of(CASES[name]).isdisjoint(words_in(str(refusal)))
    if refusal.reason in BEFORE_THE_SIGNATURE:
        ours = " ".join([*ALGORITHMS, "crit", refusal.description])
        assert not [value for value in values_of(CASES[name]) if value in str(refusal) and value.strip() not in ours]


@pytest.mark.parametrize(("name", "face", "parser"), THROUGH_FACES)
def test_face_answers(faces: dict[str, Faces], name: str, face: str, parser: str) -> None:
    case, answer = CASES[name], faces[parser].answer(name, face)
    if case.reason == CLIENT_ERROR:
        assert answer.status == 400
        return
    if case.reason == ACCEPTED:
        assert (answer.status, answer.body.decode(), answer.values("www-authenticate")) == (200, REACHED, [])
        return
    status, error = PRESCRIBED.get(case.reason, INVALID_TOKEN)
    assert (answer.status, answer.values("www-authenticate")) == (status, challenges_of(case))
    assert answer.values("cache-control") == ["no-store"]
    assert bool(answer.values("retry-after")) == (status == 503)
    if case.request().method != "HEAD":
        described = {"error_description": REASONS[case.reason]}
        assert json.loads(answer.body) == {"detail": described | ({} if error is None else {"error": error})}


@pytest.mark.parametrize(("name", "face", "parser"), THROUGH_FACES)
def test_answer_holds_nothing_of_what_was_sent(faces: dict[str, Faces], name: str, face: str, parser: str) -> None:
    case, text = CASES[name], shown(faces[parser].answer(name, face))
    ours = " ".join([*REASONS.values(), *(f'"{scope}"' for scope in case.scopes), case.realm or "", REACHED])
    assert words_of(case).isdisjoint(words_in(text))
    assert not [value for value in values_of(case) if value in text and value not in ours]


def refusal_of(case: Case) -> JWTGuardError | None:
    """What `verify` raises; any exception that is not ours ends the test."""
    assert isinstance(case.sent, str)
    try:
        verify(case.sent, keys_of(case), case.strict_rules(), now=NOW)
    except InvalidToken as refusal:
        return refusal
    return None


def keys_of(case: Case) -> KeySet:
    if not isinstance(case.keys, Published):
        return case.keys
    document = case.keys.document
    return KeySet.from_jwk_set(document if isinstance(document, bytes) else json.dumps(document))


def challenges_of(case: Case) -> list[str]:
    """The `WWW-Authenticate` headers that the RFC prescribes."""
    if case.challenge is not None:
        return [case.challenge]
    status, error = PRESCRIBED.get(case.reason, INVALID_TOKEN)
    if status == 503:
        return []
    if error is None:
        return ["Bearer"]
    parameters = {"error": error, "error_description": REASONS[case.reason]}
    if error == "insufficient_scope":
        parameters["scope"] = " ".join(case.scopes)
    return ["Bearer " + ", ".join(f'{name}="{value}"' for name, value in parameters.items())]


def shown(answer: Answer) -> str:
    """Everything that a client sees of an answer but the date and the length."""
    headers = [f"{name}: {value}" for name, value in answer.headers if name not in ("date", "content-length")]
    return "\n".join([*headers, answer.body.decode()])


def words_in(text: str) -> set[str]:
    """Everything in a text that is long enough for a part of a token."""
    return set(re.findall(r"[A-Za-z0-9_-]{16,}", text))


def words_of(case: Case) -> set[str]:
    """The parts of the tokens in what is sent."""
    request = case.request()
    return words_in(b"\n".join([request.target, *request.headers, request.body]).decode("latin-1"))


def values_of(case: Case) -> set[str]:
    """The values in a token's header and claims, and the names of its claims, that are long enough to be recognised."""
    if isinstance(case.sent, Request):
        return set()
    found: set[str] = set()
    for segment in case.sent.split(".")[:2]:
        with suppress(ValueError, RecursionError):
            found |= set(_leaves(json.loads(base64.urlsafe_b64decode(segment + "=="))))
    return {text for text in found if len(text) >= 4}


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from _leaves(member)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        with suppress(ValueError):
            yield str(value)
