"""jwtguard/claim_values.py: the values that a claim may have, and the claims of which one must be there."""

from typing import Any

import pytest

from jwtguard import ConfigurationError, Issuer, Rules
from jwtguard.claims import check_claims
from jwtguard.frozen import FrozenDict, freeze
from tests.refusals import refused
from tests.signing import AUDIENCE, ISSUER, NOW, good_claims


def rules(**more: Any) -> Rules:
    return Rules(issuer=ISSUER, audience=AUDIENCE, **more)


def check(under: Rules, **claims: Any) -> Any:
    """Check good claims with others; `...` leaves a claim out."""
    members = {name: value for name, value in good_claims(**claims).items() if value is not ...}
    return check_claims(freeze(members), FrozenDict(), under, now=NOW)


@pytest.mark.parametrize(
    ("claim_values", "claims"),
    [
        pytest.param({"env": "live"}, {"env": "live"}, id="a string"),
        pytest.param({"env": ["test", "live"]}, {"env": "live"}, id="one of several"),
        pytest.param({"verified": True}, {"verified": True}, id="true"),
        pytest.param({"guest": False}, {"guest": False}, id="false"),
        pytest.param({"guest": (True, False)}, {"guest": True}, id="either boolean"),
        pytest.param({"status": ("active", None)}, {"status": "active"}, id="a value that may be absent, present"),
        pytest.param({"status": ("active", None)}, {}, id="a value that may be absent, absent"),
        pytest.param({"tenant": None}, {}, id="absent"),
        pytest.param({"tenant": None}, {"tenant": None}, id="null, which is as good as absent"),
        pytest.param({("org", "id"): "org-1"}, {"org": {"id": "org-1"}}, id="within a claim"),
        pytest.param({("a", "b", "c"): "x"}, {"a": {"b": {"c": "x"}}}, id="deep within a claim"),
        pytest.param({("org", "id"): None}, {}, id="absent within a claim that is absent"),
        pytest.param({("org", "id"): None}, {"org": {}}, id="absent within a claim"),
    ],
)
def test_claim_with_an_allowed_value_is_accepted(claim_values: Any, claims: Any) -> None:
    assert check(rules(claim_values=claim_values), **claims)


@pytest.mark.parametrize(
    ("claim_values", "claims", "detail"),
    [
        pytest.param({"verified": True}, {"verified": False}, "'verified' must be true", id="false for true"),
        pytest.param({"verified": True}, {"verified": 1}, "'verified' must be true", id="1 for true"),
        pytest.param({"verified": True}, {"verified": "true"}, "'verified' must be true", id="a string for true"),
        pytest.param({"verified": True}, {}, "'verified' must be true", id="true, absent"),
        pytest.param({"guest": False}, {"guest": 0}, "'guest' must be false", id="0 for false"),
        pytest.param({"guest": False}, {}, "'guest' must be false", id="false, absent"),
        pytest.param({"guest": False}, {"guest": 0.0}, "'guest' must be false", id="0.0 for false"),
        pytest.param(
            {"status": ("active", None)}, {"status": "pending"}, "'status' must be absent or active", id="other"
        ),
        pytest.param({"status": ("active", None)}, {"status": ""}, "'status' must be absent or active", id="empty"),
        pytest.param({"tenant": None}, {"tenant": "t"}, "'tenant' must be absent", id="present"),
        pytest.param({"tenant": None}, {"tenant": {}}, "'tenant' must be absent", id="an empty object"),
        pytest.param({("org", "id"): "a"}, {"org": {"id": "b"}}, "'org.id' must be a", id="another within a claim"),
        pytest.param({("org", "id"): "a"}, {"org.id": "a"}, "'org.id' must be a", id="a claim with a dot in its name"),
        pytest.param({("org", "id"): "a"}, {"org": "a"}, "'org.id' must be a", id="no object"),
        pytest.param({("org", "id"): "a"}, {"org": [{"id": "a"}]}, "'org.id' must be a", id="an array of objects"),
        pytest.param(
            {("org", "id"): None}, {"org": {"id": "a"}}, "'org.id' must be absent", id="present within a claim"
        ),
    ],
)
def test_claim_with_another_value_is_refused(claim_values: Any, claims: Any, detail: str) -> None:
    with refused("claim_mismatch") as caught:
        check(rules(claim_values=claim_values), **claims)
    claim = next(iter(claim_values))
    assert (caught.value.detail, caught.value.claim) == (detail, claim if isinstance(claim, str) else claim[0])


@pytest.mark.parametrize(
    ("claim_values", "why"),
    [
        ({"a": ""}, "is a non-empty string or several"),
        ({"a": []}, "is a non-empty string or several"),
        ({"a": [""]}, "is a non-empty string or several"),
        ({"a": 1}, "is a non-empty string or several"),
        ({"a": [1]}, "is a non-empty string or several"),
        ({"a": [["b"]]}, "is a non-empty string or several"),
        ({"a": b"b"}, "is a non-empty string or several"),
        ({("a", ""): "b"}, "claim_values holds names of claims"),
        ({(): "b"}, "claim_values holds names of claims"),
        ({1: "b"}, "claim_values holds names of claims"),
        ("a", "is a mapping"),
        (None, "is a mapping"),
    ],
    ids=repr,
)
def test_values_that_cannot_work_are_refused(claim_values: Any, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        rules(claim_values=claim_values)


GRANT = rules(one_of_claims=["scp", "roles"])


@pytest.mark.parametrize(
    "claims",
    [{"scp": "read"}, {"roles": ["reader"]}, {"scp": "", "roles": None}, {"scp": "a", "roles": ["b"]}],
    ids=repr,
)
def test_one_of_several_claims_will_do(claims: Any) -> None:
    assert check(GRANT, scope=..., **claims)


@pytest.mark.parametrize("claims", [{}, {"scp": None}, {"scp": None, "roles": None}], ids=repr)
def test_without_any_of_several_claims_a_token_is_refused(claims: Any) -> None:
    with refused("claim_missing") as caught:
        check(GRANT, **claims)
    assert (caught.value.detail, caught.value.claim) == ("one of scp, roles is required", "scp")


@pytest.mark.parametrize("one_of_claims", [[""], 7, [1], None], ids=repr)
def test_alternatives_that_are_no_names_are_refused(one_of_claims: Any) -> None:
    with pytest.raises(ConfigurationError, match="one_of_claims is a non-empty string or several"):
        rules(one_of_claims=one_of_claims)


def test_issuer_without_audience_needs_values_that_tell_for_whom_its_tokens_are() -> None:
    assert Issuer(ISSUER, require_audience=False, claim_values={("client", "id"): "client-1"})


@pytest.mark.parametrize("paths", [7, None, [7], [None], b"roles", [("a", 1)]], ids=repr)
@pytest.mark.parametrize("option", ["roles_claims", "permissions_claims"])
def test_paths_that_are_none_are_refused_with_our_own_error(option: str, paths: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{option} holds names of claims"):
        rules(**{option: paths})
