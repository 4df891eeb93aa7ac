"""An issuer as it is configured: what can work, and what is refused at once with what to write instead."""

from typing import Any

import pytest

from jwtguard import ConfigurationError, Introspection, Issuer, Rules
from jwtguard.fetched_keys import FetchedKeys
from jwtguard.http import HTTP
from jwtguard.issuer import TrustedIssuer, trust
from jwtguard.key_source import ConfiguredKeys
from tests.signing import AUDIENCE, ISSUER, NOW, signing_key

KEY = signing_key("ES256")
SECRET = bytes(range(48))
ASKS: dict[str, Any] = {"client_id": "api", "client_secret": "sesame"}


def trusted(issuer: Issuer, **defaults: Any) -> TrustedIssuer:
    """The issuer at work at a resource server with these rules."""
    rules = Rules(issuer="any", audience=AUDIENCE, **defaults)
    return trust(issuer, rules, http=HTTP(tls=False), clock=lambda: NOW)


@pytest.mark.parametrize(
    ("issuer", "source", "fetches"),
    [
        pytest.param(Issuer(ISSUER), FetchedKeys, True, id="found through its metadata"),
        pytest.param(Issuer(ISSUER, jwks_uri=f"{ISSUER}/keys"), FetchedKeys, True, id="at its jwks_uri"),
        pytest.param(Issuer("my issuer", jwks_uri=f"{ISSUER}/keys"), FetchedKeys, True, id="a name that is no URL"),
        pytest.param(Issuer(ISSUER, keys=KEY.jwk_set), ConfiguredKeys, False, id="configured"),
        pytest.param(Issuer("my issuer", keys=SECRET), ConfiguredKeys, False, id="configured, a name that is no URL"),
        pytest.param(
            Issuer(ISSUER, keys=SECRET, introspection=Introspection(endpoint=f"{ISSUER}/ask", **ASKS)),
            ConfiguredKeys,
            True,
            id="configured, and asked about tokens",
        ),
    ],
)
def test_keys_come_from_where_the_issuer_has_them(issuer: Issuer, source: type, fetches: bool) -> None:
    assert (type(trusted(issuer).keys), issuer.fetches) == (source, fetches)


@pytest.mark.parametrize(
    ("url", "options", "message"),
    [
        pytest.param("", {}, "an issuer is a URL", id="no name"),
        pytest.param(None, {}, "an issuer is a URL", id="None for a name"),
        pytest.param("auth.example.com", {}, "is an https URL", id="no scheme"),
        pytest.param("http://auth.example.com", {}, "allow_http=True", id="plain http"),
        pytest.param("https://auth.example.com?a=b", {}, "no query", id="a query"),
        pytest.param("https://auth.example.com#a", {}, "without user name and fragment", id="a fragment"),
        pytest.param(ISSUER, {"jwks_uri": "http://auth.example.com/keys"}, "allow_http=True", id="keys by plain http"),
        pytest.param(ISSUER, {"jwks_uri": ""}, "jwks_uri is an https URL", id="an empty jwks_uri"),
        pytest.param(ISSUER, {"jwks_uri": f"{ISSUER}/k", "keys": KEY.jwk_set}, "not both", id="keys twice"),
        pytest.param(ISSUER, {"keys": {"keys": []}}, "empty", id="no keys"),
        pytest.param(
            ISSUER, {"introspection": ASKS}, r"introspection is Introspection\(", id="introspection as a dict"
        ),
        pytest.param(
            ISSUER,
            {"introspection": Introspection(endpoint="http://auth.example.com/ask", **ASKS)},
            "allow_http=True",
            id="introspection by plain http",
        ),
        pytest.param(
            ISSUER,
            {"keys": KEY.jwk_set, "introspection": Introspection(**ASKS)},
            r"write Introspection\(endpoint=",
            id="introspection nowhere",
        ),
        pytest.param(ISSUER, {"require_audience": False}, "needs claim_values", id="no audience"),
        pytest.param(
            ISSUER,
            {"require_audience": False, "claim_values": {"client_id": None}},
            "needs claim_values",
            id="no audience, and values that may be absent",
        ),
        pytest.param(ISSUER, {"require_audience": None}, "require_audience is True or False", id="None for True"),
        pytest.param("http://auth.example.com", {"allow_http": "false"}, "allow_http is True or False", id="a text"),
        pytest.param(
            ISSUER,
            {"keys": KEY.jwk_set, "key_issuers": ISSUER},
            "key_issuers is for published",
            id="given keys' issuers",
        ),
        pytest.param(ISSUER, {"key_issuers": 7}, "key_issuers is a non-empty string or several", id="a number for it"),
        pytest.param(ISSUER, {"key_issuers": [""]}, "key_issuers is a non-empty string", id="an empty key issuer"),
    ],
)
def test_issuer_that_cannot_work_is_refused_with_what_to_write_instead(url: Any, options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Issuer(url, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"algorithms": ["RS256", "HS256"]}, "HS256 need a shared secret", id="HS256 with published keys"),
        pytest.param({"algorithms": "HS512"}, "HS512 need a shared secret", id="HS512 alone"),
        pytest.param({"algorithms": "none"}, "supported are", id="none"),
        pytest.param({"algorithms": []}, "algorithms is a non-empty string or several", id="no algorithm"),
        pytest.param({"algorithms": 7}, "algorithms is a non-empty string or several", id="a number"),
        pytest.param({"algorithms": [["RS256"]]}, "algorithms is a non-empty string or several", id="a list in a list"),
        pytest.param({"algorithms": "RS256", "keys": KEY.jwk_set}, "but the keys serve ES256", id="no key for it"),
        pytest.param(
            {"algorithms": 7, "keys": KEY.jwk_set}, "algorithms is a non-empty", id="a number, for given keys"
        ),
    ],
)
def test_algorithms_that_cannot_work_are_refused_with_what_to_write_instead(options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        trusted(Issuer(ISSUER, **options))


def test_algorithms_may_come_from_an_iterator() -> None:
    algorithms = iter(["RS256", "ES256"])
    assert trusted(Issuer(ISSUER, algorithms=algorithms)).rules.algorithms == {"RS256", "ES256"}


def test_claims_that_come_from_an_iterator_are_demanded_every_time_that_the_issuer_is_put_to_work() -> None:
    issuer = Issuer(ISSUER, required_claims=iter(["tenant"]), one_of_claims=iter(["scp", "roles"]))
    rules = [trusted(issuer).rules for _ in range(2)]
    assert [rule.demanded_claims for rule in rules] == [("tenant",), ("tenant",)]
    assert [rule.one_of_claims for rule in rules] == [("scp", "roles"), ("scp", "roles")]


def test_every_asymmetric_algorithm_and_no_shared_secret_is_allowed_for_published_keys() -> None:
    allowed = set(trusted(Issuer(ISSUER)).rules.algorithms)
    assert {"RS256", "PS512", "ES256", "EdDSA", "Ed25519"} <= allowed
    assert not {"HS256", "HS384", "HS512", "none"} & allowed


def test_configured_keys_allow_the_algorithms_that_they_serve() -> None:
    assert trusted(Issuer(ISSUER, keys=SECRET)).rules.algorithms == {"HS256", "HS384"}


@pytest.mark.parametrize(
    ("options", "rule", "own", "default"),
    [
        ({"audience": "https://own.example"}, "audiences", {"https://own.example"}, {AUDIENCE}),
        ({"leeway": 0}, "leeway", 0, 30),
        ({"profile": "rfc9068"}, "profile", "rfc9068", "default"),
    ],
    ids=["audience", "leeway", "profile"],
)
def test_rules_are_the_issuers_own_and_else_the_resource_servers(
    options: Any, rule: str, own: Any, default: Any
) -> None:
    assert getattr(trusted(Issuer(ISSUER, **options)).rules, rule) == own
    assert getattr(trusted(Issuer(ISSUER)).rules, rule) == default


@pytest.mark.parametrize("own", ["tenant", ["tenant"]], ids=repr)
def test_claims_that_an_issuer_requires_are_required_besides_those_of_the_resource_server(own: Any) -> None:
    assert trusted(Issuer(ISSUER, required_claims=own), required_claims=["jti"]).rules.required_claims == (
        "jti",
        "tenant",
    )


@pytest.mark.parametrize("own", [None, 7, [""], [7]], ids=repr)
def test_required_claims_that_are_no_names_are_refused(own: Any) -> None:
    with pytest.raises(ConfigurationError, match="required_claims is a non-empty string or several"):
        trusted(Issuer(ISSUER, required_claims=own))


def test_plain_http_is_let_through_in_a_closed_network() -> None:
    issuer = Issuer("http://auth.internal", jwks_uri="http://keys.internal/jwks", allow_http=True)
    assert issuer.fetches


def test_shared_secret_does_not_show_in_the_issuers_text() -> None:
    assert "sesame" not in repr(Issuer(ISSUER, keys=b"sesame" * 8))
