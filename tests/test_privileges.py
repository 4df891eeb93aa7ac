"""Where roles and permissions are found."""

from typing import Any

import pytest

from jwtguard import ConfigurationError, KeySet, Rules, verify
from jwtguard.privileges import claim_paths, names_at
from tests.signing import AUDIENCE, ISSUER, NOW, signing_key

KEY = signing_key("Ed25519")


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        ({"roles": ["admin", "auditor"]}, {"admin", "auditor"}),
        ({"roles": "admin"}, {"admin"}),
        ({"roles": "admin auditor"}, {"admin auditor"}),
        ({"roles": []}, set()),
        ({}, set()),
        ({"roles": None}, set()),
        ({"roles": {"admin": True}}, set()),
        ({"roles": [{"value": "admin"}, 7, None, "auditor", ""]}, {"auditor"}),
        ({"roles": ["Admin"]}, {"Admin"}),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
def test_only_strings_grant_anything(claims: dict[str, Any], found: set[str]) -> None:
    assert names_at(claims, (("roles",),)) == found


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        ({"realm_access": {"roles": ["a"]}, "resource_access": {"api": {"roles": ["b"]}}}, {"a", "b"}),
        ({"realm_access": {"roles": ["a"]}, "resource_access": {"other": {"roles": ["b"]}}}, {"a"}),
        ({"realm_access": ["roles"], "resource_access": "api"}, set()),
        ({"realm_access.roles": ["a"]}, set()),
        ({"resource_access": {"api": {"roles": ["b"]}}}, {"b"}),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
def test_path_leads_from_the_outside_in(claims: dict[str, Any], found: set[str]) -> None:
    assert names_at(claims, (("realm_access", "roles"), ("resource_access", "api", "roles"))) == found


@pytest.mark.parametrize(
    ("configured", "paths"),
    [
        ("roles", (("roles",),)),
        (["roles", "groups"], (("roles",), ("groups",))),
        (
            [("realm_access", "roles"), "https://example.com/roles"],
            (("realm_access", "roles"), ("https://example.com/roles",)),
        ),
        ([], ()),
    ],
    ids=str,
)
def test_paths_are_configured_as_names_and_tuples_of_names(configured: Any, paths: Any) -> None:
    assert claim_paths("roles_claims", configured) == paths


@pytest.mark.parametrize("configured", [[""], [()], [("realm_access", "")], [("realm_access", 7)]], ids=str)
def test_what_is_no_path_is_a_configuration_error(configured: Any) -> None:
    with pytest.raises(ConfigurationError, match="roles_claims holds names of claims"):
        claim_paths("roles_claims", configured)


def test_token_has_the_roles_and_permissions_of_its_issuer_s_claims() -> None:
    rules = Rules(
        issuer=ISSUER, audience=AUDIENCE, roles_claims=[("realm_access", "roles")], permissions_claims="grants"
    )
    token = verify(
        KEY.token(realm_access={"roles": ["admin"]}, roles=["not looked at"], grants=["pay"]),
        KeySet.of(KEY.jwk_set),
        rules,
        now=NOW,
    )
    assert token.roles == {"admin"}
    assert token.permissions == {"pay"}
