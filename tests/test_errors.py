"""jwtguard/errors.py: each refusal has a reason out of one list, a status, and words that give nothing away."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import jwtguard
from jwtguard import errors
from jwtguard.errors import (
    REASONS,
    ConfigurationError,
    CredentialsRequired,
    InsufficientScope,
    InvalidKeySet,
    InvalidRequest,
    InvalidToken,
    JWTGuardError,
    Unavailable,
)
from tests.test_frozen import COPIES

PACKAGE = Path(jwtguard.__file__).parent

REFUSALS: list[JWTGuardError] = [
    CredentialsRequired("credentials_missing"),
    InvalidRequest("credentials_repeated"),
    InvalidToken("claim_missing", detail="'aud' is required", claim="aud"),
    InsufficientScope(scopes=("invoices:read", "invoices:write"), detail="one of two"),
    Unavailable("issuer_unreachable", retry_after=7),
]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (CredentialsRequired, 401, None),
        (InvalidRequest, 400, "invalid_request"),
        (InvalidToken, 401, "invalid_token"),
        (InsufficientScope, 403, "insufficient_scope"),
        (Unavailable, 503, None),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_each_kind_of_refusal_has_its_status_and_error_code(
    kind: type[JWTGuardError], status: int, code: str | None
) -> None:
    """RFC 6750 section 3.1; RFC 9110 section 15.6.4 for the last."""
    assert (kind.status, kind.error) == (status, code)


def test_a_refusal_tells_its_reason_to_the_operator_and_its_description_to_the_client() -> None:
    error = InvalidToken("expired", detail="it expired at 1, and it is 2")
    assert error.reason == "expired"
    assert error.description == REASONS["expired"]
    assert error.detail == "it expired at 1, and it is 2"
    assert str(error) == "expired: it expired at 1, and it is 2"


def test_without_a_detail_the_description_stands_for_it() -> None:
    assert InvalidToken("expired").detail == REASONS["expired"]
    assert Unavailable("issuer_unreachable", retry_after=7).detail == REASONS["issuer_unreachable"]


def test_what_cannot_be_decided_on_tells_why_and_when_to_ask_again() -> None:
    error = Unavailable("issuer_unreachable", retry_after=7, detail="no answer for 5 s")
    assert (error.reason, error.detail, error.retry_after) == ("issuer_unreachable", "no answer for 5 s", 7)


def test_missing_scopes_are_the_usual_reason_of_insufficient_scope() -> None:
    error = InsufficientScope(scopes=("a",))
    assert (error.reason, error.scopes) == ("insufficient_scope", ("a",))


@pytest.mark.parametrize(
    ("options", "detail"),
    [
        ({"scopes": ("a", "b")}, "required are a, b"),
        ({"scopes": ("a", "b"), "detail": "one of a, b"}, "one of a, b"),
        ({}, REASONS["insufficient_scope"]),
    ],
    ids=["scopes", "scopes and detail", "neither"],
)
def test_missing_scopes_are_told_to_the_operator(options: dict[str, Any], detail: str) -> None:
    assert InsufficientScope(**options).detail == detail


def test_a_reason_outside_the_list_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError):
        InvalidToken("because")


def test_the_list_of_reasons_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        REASONS["because"] = "Because."  # type: ignore[index]


@pytest.mark.parametrize("description", REASONS.values(), ids=REASONS)
def test_a_description_is_one_short_sentence_that_can_stand_in_a_challenge(description: str) -> None:
    """RFC 6750 section 3 allows `error_description` %x20-21, %x23-5B and %x5D-7E."""
    assert re.fullmatch(r"[A-Z][\x20\x21\x23-\x5b\x5d-\x7e]{10,90}\.", description)


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_is_a_plain_name_for_logs_and_metrics(reason: str) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", reason)


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: error.reason)
@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_a_refusal_survives_the_way_out_of_a_worker_process(
    duplicate: Callable[[JWTGuardError], JWTGuardError], error: JWTGuardError
) -> None:
    copied = duplicate(error)
    assert type(copied) is type(error)
    assert vars(copied) == vars(error)
    assert str(copied) == str(error)


def test_configuration_errors_are_value_errors_and_no_refusals() -> None:
    assert issubclass(InvalidKeySet, ConfigurationError)
    assert issubclass(ConfigurationError, ValueError)
    assert not issubclass(ConfigurationError, JWTGuardError)
    assert not issubclass(JWTGuardError, ValueError)


KINDS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, JWTGuardError)}


def modules() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path != PACKAGE / "errors.py":
            yield str(path.relative_to(PACKAGE)), ast.parse(path.read_text())


def test_every_reason_that_a_module_gives_is_in_the_list() -> None:
    given = {
        (module, str(call.args[0].value))
        for module, tree in modules()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in KINDS
        if call.args and isinstance(call.args[0], ast.Constant)
    }
    assert len(given) > 20
    assert [(module, reason) for module, reason in sorted(given) if reason not in REASONS] == []


def test_every_reason_in_the_list_is_given_by_some_module() -> None:
    named = {node.value for _, tree in modules() for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert [reason for reason in REASONS if reason not in named | {"insufficient_scope"}] == []


def test_a_refusal_knows_of_no_issuer_key_or_client_at_first() -> None:
    refusal = InvalidToken("expired")
    assert (refusal.claim, refusal.issuer, refusal.kid, refusal.client_id) == (None, None, None, None)
