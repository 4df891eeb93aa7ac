"""What a route may ask for, and which tokens have it."""

from typing import Any

import pytest

from jwtguard import AccessToken, ConfigurationError, InsufficientScope, InvalidToken, KeySet, Rules, verify
from jwtguard.requirements import requirements
from tests.signing import AUDIENCE, ISSUER, NOW, signing_key

KEY = signing_key("Ed25519")


def token(**claims: Any) -> AccessToken:
    return verify(KEY.token(**claims), KeySet.of(KEY.jwk_set), Rules(issuer=ISSUER, audience=AUDIENCE), now=NOW)


def refusal(required: dict[str, Any], **claims: Any) -> InsufficientScope | None:
    try:
        requirements(**required).check(token(**claims))
    except InsufficientScope as error:
        return error
    return None


@pytest.mark.parametrize(
    ("required", "claims", "reason"),
    [
        ({}, {}, None),
        ({"scopes": ["a", "b"]}, {"scope": "b a c"}, None),
        ({"scopes": ["a", "b"]}, {"scope": "a"}, "insufficient_scope"),
        ({"scopes": "read"}, {"scope": "read"}, None),
        ({"any_scope": "read"}, {"scope": "read"}, None),
        ({"scopes": ["A"]}, {"scope": "a"}, "insufficient_scope"),
        ({"any_scope": ["a", "b"]}, {"scope": "b"}, None),
        ({"any_scope": ["a", "b"]}, {"scope": "c"}, "insufficient_scope"),
        ({"roles": ["admin"]}, {"roles": ["admin", "x"]}, None),
        ({"roles": ["admin", "x"]}, {"roles": ["admin"]}, "insufficient_roles"),
        ({"roles": "admin"}, {"roles": "admin"}, None),
        ({"roles": "admin"}, {}, "insufficient_roles"),
        ({"any_role": "admin"}, {"roles": "admin"}, None),
        ({"any_role": ["admin", "owner"]}, {"roles": ["owner"]}, None),
        ({"any_role": ["admin", "owner"]}, {"roles": ["guest"]}, "insufficient_roles"),
        ({"permissions": ["pay"]}, {"permissions": ["pay"]}, None),
        ({"permissions": ["pay", "refund"]}, {"permissions": ["pay"]}, "insufficient_permissions"),
        ({"claims": {"tenant": 7}}, {"tenant": 7}, None),
        ({"claims": {"tenant": 7}}, {"tenant": 8}, "insufficient_claims"),
        ({"claims": {"tenant": 7}}, {}, "insufficient_claims"),
        ({"claims": {"tenant": None}}, {}, "insufficient_claims"),
        ({"claims": {"tenant": None}}, {"tenant": None}, None),
        ({"claims": {"tenant": 1}}, {"tenant": True}, "insufficient_claims"),
        ({"claims": {"tenant": 1}}, {"tenant": 1.0}, "insufficient_claims"),
        ({"claims": {"amr": ["pwd", "otp"]}}, {"amr": ["pwd", "otp"]}, None),
        ({"claims": {"amr": ["pwd", "otp"]}}, {"amr": ["otp", "pwd"]}, "insufficient_claims"),
        pytest.param({"claims": {"amr": lambda amr: "otp" in amr}}, {"amr": ["otp"]}, None, id="function, otp"),
        pytest.param(
            {"claims": {"amr": lambda amr: "otp" in amr}}, {"amr": ["pwd"]}, "insufficient_claims", id="function, pwd"
        ),
        ({"claims": {"org": {"id": 1}}}, {"org": {"id": 1}}, None),
        ({"claims": {"org": {"id": 1}}}, {"org": {"id": 1, "name": "x"}}, "insufficient_claims"),
    ],
    ids=str,
)
def test_token_has_what_is_asked_for_or_is_refused_for_the_lack_of_it(
    required: dict[str, Any], claims: dict[str, Any], reason: str | None
) -> None:
    refused = refusal(required, **claims)
    assert (refused and refused.reason) == reason


def test_scopes_are_looked_at_before_roles_roles_before_permissions_and_claims_last() -> None:
    required = {"scopes": ["s"], "any_scope": ["t"], "roles": ["r"], "permissions": ["p"], "claims": {"c": 1}}
    order = []
    claims: dict[str, Any] = {"scope": ""}
    for given in ({"scope": "s"}, {"scope": "s t"}, {"roles": ["r"]}, {"permissions": ["p"]}, {"c": 1}):
        refused = refusal(required, **claims)
        assert refused is not None
        order.append((refused.reason, refused.scopes))
        claims |= given
    assert order == [
        ("insufficient_scope", ("s",)),
        ("insufficient_scope", ("t",)),
        ("insufficient_roles", ()),
        ("insufficient_permissions", ()),
        ("insufficient_claims", ()),
    ]
    assert refusal(required, **claims) is None


@pytest.mark.parametrize(
    ("required", "said"),
    [
        ({"any_scope": []}, "any_scope is empty"),
        ({"any_role": []}, "any_role is empty"),
        ({"scopes": ['a"b']}, "a scope is printable ASCII"),
        ({"scopes": ["a b"]}, "a scope is printable ASCII"),
        ({"any_scope": [""]}, "a scope is printable ASCII"),
        ({"roles": [7]}, "roles holds names"),
        ({"roles": [""]}, "roles holds names"),
        ({"permissions": [None]}, "permissions holds names"),
        ({"claims": ["tenant"]}, "claims is {'name': value}"),
        ({"claims": {7: "tenant"}}, "the name of a claim is a string"),
        ({"claims": {"tenant": int}}, "'tenant' is compared with a JSON value"),
        ({"claims": {"tenant": {1, 2}}}, "'tenant' is compared with a JSON value"),
        pytest.param(
            {"claims": {"tenant": [object()]}}, "'tenant' is compared with a JSON value", id="object in a list"
        ),
        pytest.param(
            {"claims": {"tenant": {"id": object()}}}, "'tenant' is compared with a JSON value", id="object in an object"
        ),
    ],
    ids=str,
)
def test_what_no_token_could_satisfy_or_every_one_would_is_a_configuration_error(
    required: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        requirements(**required)


def test_async_function_cannot_tell_whether_a_claim_will_do() -> None:
    async def will_do(value: Any) -> bool:
        return False

    with pytest.raises(ConfigurationError, match="plain function"):
        requirements(claims={"tenant": will_do})
    with pytest.raises(ConfigurationError, match="must not be async"):
        refusal({"claims": {"tenant": lambda value: _awaitable()}}, tenant=7)


def test_function_that_fails_on_a_claim_refuses_it_and_says_so() -> None:
    refused = refusal({"claims": {"tenant": lambda value: value in {"a", "b"}}}, tenant=["a"])
    assert refused is not None
    assert (refused.reason, refused.detail) == (
        "insufficient_claims",
        "what tells whether the claim 'tenant' will do raised TypeError",
    )


class _Awaitable:
    def __await__(self) -> Any:
        return iter(())


def _awaitable() -> _Awaitable:
    return _Awaitable()


def test_description_does_not_tell_a_client_what_the_token_holds() -> None:
    refused = refusal({"claims": {"tenant": 7}}, tenant="hush")
    assert refused is not None
    assert "hush" not in f"{refused.description} {refused}"


def test_what_a_route_asks_for_cannot_be_changed_between_requests() -> None:
    asked = requirements(scopes="read")
    with pytest.raises(AttributeError):
        asked.scopes = ()  # type: ignore[misc]


def test_refusal_for_scopes_is_no_invalid_token() -> None:
    assert not issubclass(InsufficientScope, InvalidToken)


@pytest.mark.parametrize(
    ("required", "detail"),
    [
        ({"scopes": ["a", "b"]}, "required are a, b"),
        ({"any_scope": ["a", "b"]}, "one of a, b is required"),
        ({"roles": ["a", "b"]}, "required are a, b"),
        ({"any_role": ["a", "b"]}, "one of a, b is required"),
        ({"permissions": ["a", "b"]}, "required are a, b"),
        ({"claims": {"tenant": 7}}, "the claim 'tenant' is not as this route requires"),
    ],
    ids=["scopes", "any_scope", "roles", "any_role", "permissions", "claims"],
)
def test_operator_is_told_what_the_route_asks_for(required: dict[str, Any], detail: str) -> None:
    refused = refusal(required)
    assert refused is not None
    assert refused.detail == detail


@pytest.mark.parametrize(
    ("required", "said"),
    [
        ({"any_role": ["admin", 7]}, "any_role holds names, not ('admin', 7)"),
        ({"roles": [""]}, "roles holds names, not ['']"),
        ({"claims": ["tenant"]}, "claims is {'name': value}, not list"),
    ],
    ids=["any_role", "roles", "claims"],
)
def test_mistake_is_told_by_the_name_of_the_option(required: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        requirements(**required)
    assert str(caught.value) == said
