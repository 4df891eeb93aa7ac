"""jwtguard/claims.py: what a token must say to be accepted here, and the order in which it is asked."""

import pickle
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard import AccessToken, ConfigurationError, Rules
from jwtguard.claims import check_claims, check_header
from jwtguard.errors import InvalidToken
from jwtguard.frozen import MAX_NESTING, FrozenDict, freeze
from tests.refusals import refused
from tests.signing import AUDIENCE, ISSUER, NOW, good_claims
from tests.test_encoding import json_values
from tests.test_frozen import arrays

HEADER = FrozenDict({"alg": "ES256"})
RULES = Rules(issuer=ISSUER, audience=AUDIENCE)
RFC9068 = Rules(issuer=ISSUER, audience=AUDIENCE, profile="rfc9068")
LATEST_DATE = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
INFINITY, NAN = float("inf"), float("nan")


def rules(**more: Any) -> Rules:
    return Rules(**{"issuer": ISSUER, "audience": AUDIENCE, **more})


def check(
    claims: Mapping[str, Any] | None = None, under: Rules = RULES, *, now: float = NOW, **more: Any
) -> AccessToken:
    """Check good claims, changed by `more`, where `...` leaves a claim out."""
    members = {**(good_claims() if claims is None else claims), **more}
    members = {name: value for name, value in members.items() if value is not ...}
    return check_claims(freeze(members), HEADER, under, now=now)


# Configuration


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"issuer": ""}, "issuer is a non-empty string, not ''"),
        ({"issuer": None}, "issuer is a non-empty string, not None"),
        ({"issuer": [ISSUER]}, "issuer is a non-empty string"),
        ({"audience": ""}, "audience is a non-empty string or several, not ''"),
        ({"audience": []}, "audience is a non-empty string or several"),
        ({"audience": [""]}, "audience is a non-empty string or several"),
        ({"audience": [AUDIENCE, None]}, "audience is a non-empty string or several"),
        ({"audience": None}, "audience is a non-empty string or several, not None"),
        ({"audience": b"api"}, "audience is a non-empty string or several"),
        ({"audience": 1}, "audience is a non-empty string or several, not 1"),
        ({"algorithms": ()}, "algorithms is a non-empty string or several"),
        ({"algorithms": "none"}, "algorithms holds none; supported are RS256, "),
        ({"algorithms": ["ES256", "es256", "RS255"]}, "algorithms holds RS255, es256; supported are"),
        ({"leeway": -1}, "leeway is a number of seconds from 0 to 600, not -1"),
        ({"leeway": 601}, "leeway is a number of seconds from 0 to 600, not 601"),
        ({"leeway": 30_000}, "leeway is a number of seconds from 0 to 600, not 30000"),
        ({"leeway": NAN}, "leeway is a number of seconds from 0 to 600, not nan"),
        ({"leeway": INFINITY}, "leeway is a number of seconds from 0 to 600, not inf"),
        ({"leeway": True}, "leeway is a number of seconds from 0 to 600, not True"),
        ({"require_audience": None}, "require_audience is True or False, not None"),
        ({"leeway": "30"}, "leeway is a number of seconds from 0 to 600, not '30'"),
        ({"leeway": None}, "leeway is a number of seconds from 0 to 600, not None"),
        ({"profile": "strict"}, "profile is 'default' or 'rfc9068', not 'strict'"),
        ({"profile": None}, "profile is 'default' or 'rfc9068', not None"),
        ({"profile": ["rfc9068"]}, "profile is 'default' or 'rfc9068', not "),
        ({"required_claims": [""]}, "required_claims is a non-empty string or several"),
        ({"required_claims": None}, "required_claims is a non-empty string or several"),
        ({"client_id_claims": [1]}, "client_id_claims is a non-empty string or several"),
        ({"claim_values": ["token_use"]}, "claim_values is a mapping such as"),
        ({"claim_values": {"token_use": []}}, "claim_values\\['token_use'\\] is a non-empty string or several"),
        ({"max_token_bytes": 0}, "max_token_bytes is a positive whole number, not 0"),
        ({"max_token_bytes": 1e4}, "max_token_bytes is a positive whole number, not 10000.0"),
        ({"max_token_bytes": True}, "max_token_bytes is a positive whole number, not True"),
        ({"max_token_bytes": None}, "max_token_bytes is a positive whole number, not None"),
    ],
    ids=repr,
)
def test_rules_that_cannot_work_are_refused_when_they_are_made(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        rules(**options)


@pytest.mark.parametrize(
    ("given_", "kept"),
    [("a", ("a",)), (["a", "b"], ("a", "b")), (iter(["a", "b"]), ("a", "b")), (("b", "a", "b"), ("b", "a", "b"))],
    ids=["one", "list", "iterator", "tuple"],
)
def test_names_are_taken_one_or_several_and_kept(given_: Any, kept: tuple[str, ...]) -> None:
    made = rules(audience=given_)
    assert made.audience == kept
    assert made.audiences == set(kept)


@pytest.mark.parametrize("leeway", [0, 0.5, 600])
def test_a_leeway_within_bounds_is_taken(leeway: float) -> None:
    assert rules(leeway=leeway).leeway == leeway


def test_the_least_size_of_a_token_is_one_byte() -> None:
    assert rules(max_token_bytes=1).max_token_bytes == 1


def test_rules_are_named_never_positional() -> None:
    with pytest.raises(TypeError):
        Rules(ISSUER, AUDIENCE)  # type: ignore[call-arg]


def test_rules_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        RULES.leeway = 3600  # type: ignore[misc]


def test_the_shortest_rules_are_the_strict_ones() -> None:
    assert (RULES.leeway, RULES.profile, RULES.require_audience, RULES.max_token_bytes) == (30, "default", True, 16384)
    assert not {"none", "HS256", "HS384", "HS512"} & set(RULES.algorithms)


# Header


@pytest.mark.parametrize(
    ("type_", "default", "rfc9068"),
    [
        (None, True, False),
        ("JWT", True, False),
        ("jwt", True, False),
        ("application/jwt", True, False),
        ("at+jwt", True, True),
        ("AT+JWT", True, True),
        ("at+JWT", True, True),
        ("application/at+jwt", True, True),
        ("Application/AT+JWT", True, True),
        ("", False, False),
        (" at+jwt", False, False),
        ("at+jwt ", False, False),
        ("at+jwt; charset=utf-8", False, False),
        ("text/at+jwt", False, False),
        ("application/application/at+jwt", False, False),
        ("at-jwt", False, False),
        ("id+jwt", False, False),
        ("logout+jwt", False, False),
        ("secevent+jwt", False, False),
        ("dpop+jwt", False, False),
        ("token-introspection+jwt", False, False),
        ("client-authentication+jwt", False, False),
        ("oauth-authz-req+jwt", False, False),
        ("kb+jwt", False, False),
        ("JOSE", False, False),
        ("JWE", False, False),
        ("at+\N{LATIN SMALL LETTER DOTLESS J}wt", False, False),
    ],
)
def test_the_type_tells_access_tokens_from_other_tokens(type_: str | None, default: bool, rfc9068: bool) -> None:
    """RFC 9068 section 4; RFC 8725 section 3.11."""
    for under, taken in ((RULES, default), (RFC9068, rfc9068)):
        if taken:
            check_header("ES256", type_, under)
        else:
            with refused("type_mismatch"):
                check_header("ES256", type_, under)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS256", "ES384", "es256", "ES256 ", "RS256"])
def test_an_algorithm_that_is_not_allowed_is_refused(algorithm: str) -> None:
    with refused("algorithm_not_allowed") as caught:
        check_header(algorithm, "at+jwt", rules(algorithms=["ES256", "EdDSA"]))
    assert caught.value.detail == "allowed are ES256, EdDSA"


def test_an_algorithm_that_is_allowed_passes() -> None:
    check_header("EdDSA", "at+jwt", rules(algorithms="EdDSA"))


def test_the_type_is_looked_at_before_the_algorithm() -> None:
    with refused("type_mismatch"):
        check_header("none", "dpop+jwt", RULES)


# The result


def test_good_claims_make_an_access_token() -> None:
    token = check(nbf=NOW)
    assert token.subject == "user-1"
    assert token.client_id == "client-1"
    assert token.issuer == ISSUER
    assert token.audience == (AUDIENCE,)
    assert token.scopes == {"invoices:read", "invoices:write"}
    assert token.expires_at == NOW + 3600
    assert token.issued_at == NOW - 10
    assert token.token_id == "token-1"
    assert token.claims == good_claims(nbf=NOW)
    assert token.header is HEADER


def test_the_least_claims_make_an_access_token() -> None:
    least = {"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 1}
    token = check(least)
    assert (token.subject, token.client_id, token.issued_at, token.token_id) == (None, None, None, None)
    assert token.scopes == token.roles == token.permissions == frozenset()
    assert token.claims == least


def test_claims_that_are_not_frozen_yet_are_frozen() -> None:
    claims = good_claims(roles=["reader"])
    token = check_claims(claims, HEADER, RULES, now=NOW)
    claims["roles"].append("admin")
    assert token.claims == good_claims(roles=["reader"])


def test_claims_that_are_frozen_already_are_not_copied() -> None:
    claims = freeze(good_claims())
    assert check_claims(claims, HEADER, RULES, now=NOW).claims is claims


def test_claims_that_are_not_frozen_yet_are_bounded_in_depth() -> None:
    assert check_claims(good_claims(**arrays(MAX_NESTING)), HEADER, RULES, now=NOW)
    with refused("claim_malformed"):
        check_claims(good_claims(**arrays(MAX_NESTING + 1)), HEADER, RULES, now=NOW)


@given(
    st.dictionaries(
        st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "sub", "scope", "scp", "client_id", "azp", "jti", "cnf"]),
        json_values | st.sampled_from([ISSUER, AUDIENCE, [AUDIENCE], NOW, NOW + 60, float(NOW), "a b", ["a", "b"]]),
    )
)
def test_whatever_is_claimed_is_accepted_by_the_rules_or_refused_by_one(claims: dict[str, Any]) -> None:
    try:
        token = check(claims)
    except InvalidToken:
        return
    assert claims["iss"] == ISSUER
    assert AUDIENCE in claims["aud"]
    assert claims["exp"] + 30 > NOW
    assert max(claims.get("nbf", 0), claims.get("iat", 0)) - 30 <= NOW
    assert "cnf" not in claims
    assert all(type(scope) is str and scope for scope in token.scopes)


# Issuer


@pytest.mark.parametrize(
    "issuer",
    [
        ISSUER + "/",
        ISSUER.upper(),
        ISSUER + " ",
        " " + ISSUER,
        ISSUER + "\0",
        ISSUER.replace("https", "http"),
        ISSUER + ":443",
        ISSUER + "#",
        ISSUER.removeprefix("https://"),
        "https://auth.example.com.attacker.example",
        "https://\N{CYRILLIC SMALL LETTER A}uth.example.com",
        "",
        "*",
    ],
    ids=ascii,
)
def test_another_issuer_to_the_letter_is_refused(issuer: str) -> None:
    with refused("issuer_mismatch") as caught:
        check(iss=issuer)
    assert caught.value.detail == f"expected {ISSUER!r}, came {issuer!r}"


@pytest.mark.parametrize("issuer", [None, 1, True, [ISSUER], {"iss": ISSUER}], ids=repr)
def test_an_issuer_that_is_no_string_is_malformed(issuer: Any) -> None:
    with refused("claim_malformed") as caught:
        check(iss=issuer)
    assert caught.value.claim == "iss"


# Audience


@pytest.mark.parametrize(
    ("audience", "kept"),
    [
        (AUDIENCE, (AUDIENCE,)),
        ([AUDIENCE], (AUDIENCE,)),
        (["https://other.example", AUDIENCE], ("https://other.example", AUDIENCE)),
        ([AUDIENCE, AUDIENCE], (AUDIENCE, AUDIENCE)),
        ([AUDIENCE, ""], (AUDIENCE, "")),
    ],
    ids=["string", "array", "one of two is ours", "twice", "empty beside"],
)
def test_an_audience_that_names_us_is_accepted(audience: Any, kept: tuple[str, ...]) -> None:
    assert check(aud=audience).audience == kept


def test_audience_is_what_the_token_says_and_not_what_was_configured() -> None:
    class Name(StrEnum):
        OURS = AUDIENCE

    (name,) = check_claims(good_claims(), HEADER, rules(audience=Name.OURS), now=NOW).audience
    assert type(name) is str


def test_rules_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(RULES)) == RULES  # noqa: S301  (our own bytes)


def test_any_of_our_names_will_do() -> None:
    under = rules(audience=["https://old.example", AUDIENCE])
    assert check(under=under, aud="https://old.example").audience == ("https://old.example",)
    assert check(under=under, aud=["x", AUDIENCE]).audience == ("x", AUDIENCE)


@pytest.mark.parametrize(
    "audience",
    [
        AUDIENCE + "/",
        AUDIENCE.upper(),
        AUDIENCE[:-1],
        AUDIENCE + ".attacker.example",
        f"{AUDIENCE} https://other.example",
        f"{AUDIENCE},https://other.example",
        "*",
        "",
        [],
        [""],
        ["https://other.example"],
    ],
    ids=repr,
)
def test_an_audience_that_does_not_name_us_is_refused(audience: Any) -> None:
    with refused("audience_mismatch"):
        check(aud=audience)


@pytest.mark.parametrize(
    "audience",
    [
        None,
        1,
        True,
        {},
        {AUDIENCE: True},
        [1],
        [None],
        [AUDIENCE, None],
        [AUDIENCE, 1],
        [[AUDIENCE]],
        [{"a": AUDIENCE}],
    ],
    ids=repr,
)
def test_an_audience_that_is_neither_string_nor_array_of_strings_is_malformed(audience: Any) -> None:
    with refused("claim_malformed") as caught:
        check(aud=audience)
    assert caught.value.claim == "aud"


def test_an_audience_may_be_absent_only_where_the_rules_say_so() -> None:
    under = rules(require_audience=False)
    assert check(under=under, aud=...).audience == ()
    with refused("audience_mismatch"):
        check(under=under, aud="https://other.example")
    with refused("claim_malformed"):
        check(under=under, aud=None)


# Times


@pytest.mark.parametrize("leeway", [0, 30, 2.5, 600])
@pytest.mark.parametrize("kind", [int, float], ids=["whole number", "fraction"])
def test_the_leeway_ends_on_the_second(leeway: float, kind: type[float]) -> None:
    """RFC 7519 sections 4.1.4 and 4.1.5: not on or after `exp`; not before `nbf`."""
    under = rules(leeway=leeway)
    claims = good_claims(exp=kind(NOW + 100), nbf=kind(NOW - 100), iat=kind(NOW - 100))
    first, end = NOW - 100 - leeway, NOW + 100 + leeway
    assert check(claims, under, now=first)
    assert check(claims, under, now=end - 0.001)
    with refused("expired"):
        check(claims, under, now=end)
    with refused("not_yet_valid"):
        check(claims, under, now=first - 0.001)
    with refused("issued_in_future"):
        check(claims, under, now=first - 0.001, nbf=...)


NO_NUMBER = [None, True, False, str(NOW + 60), "", "2027-01-15T08:00:00Z", [NOW], {"a": NOW}, NAN, INFINITY, -INFINITY]
NO_DATE = [-1, -0.5, LATEST_DATE + 1, (NOW + 60) * 1000, 1e300, 10**400, -(10**400)]


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    ("value", "what"),
    [
        *((value, "is not a number") for value in NO_NUMBER),
        *((value, "is not within the years 1970 to 9999 in seconds") for value in NO_DATE),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_time_that_is_no_number_within_the_calendar_is_malformed(claim: str, value: Any, what: str) -> None:
    with refused("claim_malformed") as caught:
        check({**good_claims(), claim: value})
    assert (caught.value.claim, caught.value.detail) == (claim, f"{claim!r} {what}")


@pytest.mark.parametrize("value", [0, 0.0, -0.0, 1, NOW - 3600, NOW - 0.5], ids=repr)
def test_times_long_past_are_times(value: float) -> None:
    assert check(nbf=value, iat=value).issued_at == value
    with refused("expired"):
        check(exp=value, under=rules(leeway=0))


@pytest.mark.parametrize("value", [LATEST_DATE, float(LATEST_DATE), NOW + 60.5], ids=repr)
def test_times_to_come_are_times(value: float) -> None:
    assert check(exp=value).expires_at == value
    with refused("not_yet_valid"):
        check(nbf=value)
    with refused("issued_in_future"):
        check(iat=value)


@pytest.mark.parametrize("now", [NAN, INFINITY], ids=["not a number", "infinite"])
def test_where_the_time_is_no_time_everything_has_expired(now: float) -> None:
    with refused("expired"):
        check({"iss": ISSUER, "aud": AUDIENCE, "exp": LATEST_DATE}, now=now)


# Required claims and values


@pytest.mark.parametrize("claim", ["iss", "aud", "exp"])
@pytest.mark.parametrize("under", [RULES, RFC9068], ids=["default", "rfc9068"])
def test_issuer_audience_and_expiry_are_required_by_every_profile(claim: str, under: Rules) -> None:
    with refused("claim_missing") as caught:
        check({name: value for name, value in good_claims().items() if name != claim}, under)
    assert (caught.value.claim, caught.value.detail) == (claim, f"{claim!r} is required")


@pytest.mark.parametrize("claim", ["sub", "client_id", "iat", "jti"])
def test_the_profile_of_rfc_9068_requires_the_claims_of_its_section_2_2(claim: str) -> None:
    claims = {name: value for name, value in good_claims().items() if name != claim}
    assert check(claims)
    with refused("claim_missing") as caught:
        check(claims, RFC9068)
    assert caught.value.claim == claim


def test_the_profile_of_rfc_9068_accepts_what_has_them() -> None:
    assert check(under=RFC9068).subject == "user-1"


@pytest.mark.parametrize("value", [..., None], ids=["absent", "null"])
@pytest.mark.parametrize("under", [rules(required_claims="tenant"), rules(required_claims=["sub", "tenant"])])
def test_a_required_claim_must_be_there_and_not_null(under: Rules, value: Any) -> None:
    with refused("claim_missing") as caught:
        check(under=under, tenant=value)
    assert caught.value.claim == "tenant"


@pytest.mark.parametrize("value", ["a", "", 0, False, [], {}], ids=repr)
def test_a_required_claim_may_have_any_value(value: Any) -> None:
    assert check(under=rules(required_claims=["tenant"]), tenant=value).claims["tenant"] == value


VALUES = rules(claim_values={"token_use": "access", "env": ["test", "live"]})


def test_a_claim_with_an_allowed_value_is_accepted() -> None:
    assert check(under=VALUES, token_use="access", env="live")


@pytest.mark.parametrize("value", [..., None, "id", "ACCESS", "", ["access"], {"access": 1}, True, 1], ids=repr)
def test_a_claim_with_another_value_is_refused(value: Any) -> None:
    with refused("claim_mismatch") as caught:
        check(under=VALUES, token_use=value, env="live")
    assert (caught.value.claim, caught.value.detail) == ("token_use", "'token_use' must be access")


# The types of the rest


@pytest.mark.parametrize("claim", ["sub", "jti", "client_id", "azp"])
@pytest.mark.parametrize("value", [None, 1, True, ["a"], {"a": "b"}, 1.5], ids=repr)
def test_an_identifier_that_is_no_string_is_malformed(claim: str, value: Any) -> None:
    claims = {name: value for name, value in good_claims().items() if name != "client_id"}
    with refused("claim_malformed") as caught:
        check({**claims, claim: value})
    assert (caught.value.claim, caught.value.detail) == (claim, f"{claim!r} is not a string")


@pytest.mark.parametrize(
    ("claims", "client_id"),
    [
        ({"client_id": "a", "azp": "b"}, "a"),
        ({"azp": "b"}, "b"),
        ({"cid": "c"}, None),
        ({"client_id": ""}, ""),
        ({}, None),
    ],
    ids=["client_id before azp", "azp", "neither", "empty", "none"],
)
def test_the_client_is_looked_for_in_order(claims: dict[str, str], client_id: str | None) -> None:
    assert check({"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 1, **claims}).client_id == client_id


def test_the_client_can_be_looked_for_elsewhere_or_nowhere() -> None:
    assert check(under=rules(client_id_claims=["cid", "azp"]), cid="c").client_id == "c"
    assert check(under=rules(client_id_claims=[]), cid="c").client_id is None


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "a b"}, {"a", "b"}),
        ({"scope": "a"}, {"a"}),
        ({"scope": ""}, set()),
        ({"scope": " "}, set()),
        ({"scope": " a  b "}, {"a", "b"}),
        ({"scope": "a a"}, {"a"}),
        ({"scope": "A a"}, {"A", "a"}),
        ({"scope": "a\tb"}, {"a\tb"}),
        ({"scope": "a\nb"}, {"a\nb"}),
        ({"scope": "a,b"}, {"a,b"}),
        ({"scp": "a b"}, {"a", "b"}),
        ({"scp": ["a", "b"]}, {"a", "b"}),
        ({"scp": ["a b"]}, {"a b"}),
        ({"scp": []}, set()),
        ({"scp": ["", "a"]}, {"a"}),
        ({"scope": "a", "scp": ["admin"]}, {"a"}),
        ({"scope": "", "scp": ["admin"]}, set()),
        ({"scopes": "admin"}, set()),
        ({}, set()),
    ],
    ids=lambda value: repr(sorted(value) if isinstance(value, set) else value),
)
def test_scopes_are_read_from_scope_or_else_from_scp(claims: dict[str, Any], scopes: set[str]) -> None:
    assert check({"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 1, **claims}).scopes == scopes


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": None},
        {"scope": ["a"]},
        {"scope": 1},
        {"scope": {"a": True}},
        {"scope": None, "scp": "a"},
        {"scp": None},
        {"scp": 1},
        {"scp": [1]},
        {"scp": ["a", None]},
        {"scp": [["a"]]},
        {"scp": {"a": True}},
    ],
    ids=repr,
)
def test_scopes_in_another_form_are_malformed(claims: dict[str, Any]) -> None:
    with refused("claim_malformed") as caught:
        check({"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 1, **claims})
    assert caught.value.claim in ("scope", "scp")


def test_roles_and_permissions_are_found_in_the_claims_of_that_name() -> None:
    token = check(roles=["reader"], permissions=["write"])
    assert token.roles == {"reader"}
    assert token.permissions == {"write"}


def test_roles_and_permissions_are_found_where_the_rules_say() -> None:
    under = rules(roles_claims=[("realm_access", "roles")], permissions_claims="perms")
    token = check(under=under, realm_access={"roles": ["reader"]}, perms="write", roles=["admin"])
    assert token.roles == {"reader"}
    assert token.permissions == {"write"}


@pytest.mark.parametrize("cnf", [{"jkt": "0ZcOCORZNYy"}, {"x5t#S256": "x"}, {}, None, 1])
def test_a_token_that_is_bound_to_a_key_is_no_bearer_token(cnf: Any) -> None:
    """RFC 7800 section 3.1."""
    with refused("confirmation_unsupported"):
        check(cnf=cnf)


@pytest.mark.parametrize("claim", ["at_hash", "c_hash", "s_hash", "events", "token_introspection", "htm"])
def test_a_token_with_a_claim_of_another_kind_of_token_is_none_of_ours(claim: str) -> None:
    with refused("type_mismatch"):
        check({**good_claims(), claim: "x"})


# The order


FAULTS: dict[str, Any] = {
    "iss": "https://attacker.example",
    "aud": "https://other.example",
    "exp": NOW - 100,
    "nbf": NOW + 100,
    "iat": NOW + 100,
    "tenant": ...,
    "token_use": "id",
    "sub": 1,
    "cnf": {},
    "at_hash": "x",
}
GOOD: dict[str, Any] = {**good_claims(), "nbf": NOW, "tenant": "a", "token_use": "access", "cnf": ..., "at_hash": ...}
REASONS_IN_ORDER = [
    "issuer_mismatch",
    "audience_mismatch",
    "expired",
    "not_yet_valid",
    "issued_in_future",
    "claim_missing",
    "claim_mismatch",
    "claim_malformed",
    "confirmation_unsupported",
    "type_mismatch",
]


@pytest.mark.parametrize(("mended", "reason"), list(enumerate(REASONS_IN_ORDER)))
def test_of_several_faults_the_first_in_the_documented_order_is_told(mended: int, reason: str) -> None:
    under = rules(required_claims=["tenant"], claim_values={"token_use": "access"})
    repaired = {name: GOOD[name] for name in list(FAULTS)[:mended]}
    with refused(reason):
        check({**GOOD, **FAULTS, **repaired}, under)
    assert check(GOOD, under)


# What the operator is told


@pytest.mark.parametrize(
    ("claims", "detail"),
    [
        ({"iss": 1}, "'iss' is not a string"),
        ({"aud": 1}, "'aud' is not a string or an array of strings"),
        ({"aud": [AUDIENCE, 1]}, "'aud' is not a string or an array of strings"),
        ({"aud": ["a", "b"]}, f"expected one of ['{AUDIENCE}'], came ['a', 'b']"),
        ({"exp": NOW - 60.5}, f"it expired at {NOW - 60.5}, and it is {NOW} (leeway 30 s)"),
        ({"nbf": NOW + 60}, f"'nbf' is {NOW + 60}, and it is {NOW} (leeway 30 s)"),
        ({"iat": NOW + 60}, f"'iat' is {NOW + 60}, and it is {NOW} (leeway 30 s)"),
        ({"tenant": ...}, "'tenant' is required"),
        ({"scope": 1}, "'scope' is not a string"),
        ({"scope": ..., "scp": 1}, "'scp' is not a string or an array of strings"),
        ({"cnf": {}}, "it has a 'cnf' claim, and came without a proof of possession"),
        ({"events": {}, "at_hash": "x"}, "no access token has at_hash, events"),
    ],
    ids=[
        *("issuer", "audience", "audiences", "another audience", "expired", "not yet", "future", "missing", "scope"),
        *("scp", "bound to a key", "of another kind"),
    ],
)
def test_the_operator_is_told_what_was_expected_and_what_came(claims: dict[str, Any], detail: str) -> None:
    with pytest.raises(InvalidToken) as caught:
        check(under=rules(required_claims=["tenant"]), **{"tenant": "a", **claims})
    assert caught.value.detail == detail


def test_the_operator_is_told_which_profile_does_not_take_a_type() -> None:
    with refused("type_mismatch") as caught:
        check_header("ES256", "JWT", RFC9068)
    assert caught.value.detail == "the profile 'rfc9068' does not take this token's 'typ'"


def test_the_operator_is_told_of_an_answer_that_is_nested_too_deep() -> None:
    with refused("claim_malformed") as caught:
        check_claims(good_claims() | arrays(MAX_NESTING + 1), HEADER, RULES, now=NOW)
    assert caught.value.detail == f"the claims are nested deeper than {MAX_NESTING} levels"


def test_rules_keep_what_is_required_besides_what_always_is() -> None:
    assert rules(required_claims="tenant").required_claims == ("tenant",)
