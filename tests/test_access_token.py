"""jwtguard/access_token.py: a value that requests share, so nobody can change it."""

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from jwtguard import AccessToken, KeySet, Rules, verify
from jwtguard.frozen import FrozenDict
from tests.signing import AUDIENCE, ISSUER, NOW, signing_key
from tests.test_frozen import COPIES

FIELDS = AccessToken.__struct_fields__


@pytest.fixture
def token() -> AccessToken:
    key = signing_key("ES256")
    rules = Rules(issuer=ISSUER, audience=AUDIENCE)
    return verify(key.token(roles=["reader"]), KeySet.from_jwk_set(key.jwk_set), rules, now=NOW)


@pytest.mark.parametrize("name", FIELDS)
def test_each_attribute_is_documented(name: str) -> None:
    assert f"\n        {name}: " in str(AccessToken.__doc__)


@pytest.mark.parametrize("name", FIELDS)
def test_no_attribute_can_be_set_or_deleted(token: AccessToken, name: str) -> None:
    before = getattr(token, name)
    with pytest.raises(AttributeError):
        setattr(token, name, "admin")
    with pytest.raises(AttributeError):
        delattr(token, name)
    assert getattr(token, name) is before


def test_no_attribute_can_be_added(token: AccessToken) -> None:
    with pytest.raises(AttributeError):
        token.admin = True  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token.claims.update(sub="admin"),
        lambda token: token.claims["roles"].append("admin"),
        lambda token: token.header.update(alg="none"),
        lambda token: token.scopes.add("admin"),
        lambda token: token.audience.append("admin"),
    ],
    ids=["claims", "nested claims", "header", "scopes", "audience"],
)
def test_what_it_holds_cannot_be_changed(token: AccessToken, change: Callable[[AccessToken], Any]) -> None:
    before = copy.deepcopy(token)
    with pytest.raises((TypeError, AttributeError)):
        change(token)
    assert token == before


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_a_copy_is_equal_and_as_frozen(token: AccessToken, duplicate: Callable[[AccessToken], AccessToken]) -> None:
    copied = duplicate(token)
    assert copied == token
    assert type(copied.claims) is type(copied.header) is FrozenDict
    with pytest.raises(AttributeError):
        copied.subject = "admin"  # type: ignore[misc]


def test_its_values_are_named_never_positional() -> None:
    with pytest.raises(TypeError):
        AccessToken("user-1")  # type: ignore[call-arg]


def test_it_is_no_dataclass_whose_fields_could_be_replaced_by_chance(token: AccessToken) -> None:
    assert not dataclasses.is_dataclass(token)


def test_it_prints_whose_it_is_and_none_of_its_other_claims(token: AccessToken) -> None:
    assert repr(token) == f"AccessToken(subject='user-1', client_id='client-1', issuer={ISSUER!r})"
    assert str(token) == repr(token)
