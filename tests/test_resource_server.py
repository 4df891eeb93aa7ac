"""The resource server with configured keys: whom it trusts, what it remembers, and that only refusals escape."""

import json
from typing import Any

import pytest

from jwtguard import AccessToken, ConfigurationError, Issuer, KeySet, ResourceServer
from tests.resource_servers import KEY, reason_of, resource_server
from tests.signing import AUDIENCE, ISSUER, NOW, SigningKey, good_claims, signing_key

pytestmark = pytest.mark.anyio

OTHER_ISSUER = "https://login.example.org/tenant"
OTHER_KEY = signing_key("ES256", "key-2")


def two_issuers(**options: Any) -> ResourceServer:
    """A resource server that trusts two issuers, the options going to the second."""
    return ResourceServer(
        [Issuer(ISSUER, keys=KEY.jwk_set), Issuer(OTHER_ISSUER, **{"keys": OTHER_KEY.jwk_set, **options})],
        audience=AUDIENCE,
        clock=lambda: NOW,
    )


# --- What a good token means ---


async def test_good_token_is_handed_over_as_an_access_token() -> None:
    token = await resource_server().validate(KEY.token())
    assert token == AccessToken(
        subject="user-1",
        client_id="client-1",
        issuer=ISSUER,
        audience=(AUDIENCE,),
        scopes=frozenset({"invoices:read", "invoices:write"}),
        expires_at=NOW + 3600,
        issued_at=NOW - 10,
        token_id="token-1",
        claims=good_claims(),  # equal to the frozen mapping
        header={"alg": "Ed25519", "typ": "at+jwt", "kid": "key-1"},  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("algorithm", ["RS256", "PS384", "ES512", "EdDSA", "HS256", "ML-DSA-44"])
async def test_configured_keys_serve_every_kind_of_algorithm(algorithm: str) -> None:
    key = signing_key(algorithm)
    assert await reason_of(resource_server(key), key.token()) is None


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param(KEY.jwk_set, id="mapping"),
        pytest.param(json.dumps(KEY.jwk_set), id="JSON text"),
        pytest.param(KEY.pem, id="PEM"),
        pytest.param(KeySet.from_jwk_set(KEY.jwk_set), id="KeySet"),
    ],
)
async def test_keys_may_be_configured_in_any_form(keys: Any) -> None:
    server = ResourceServer(Issuer(ISSUER, keys=keys), audience=AUDIENCE, clock=lambda: NOW)
    assert await reason_of(server, KEY.token()) is None


async def test_time_is_the_real_one_unless_configured() -> None:
    server = ResourceServer(Issuer(ISSUER, keys=KEY.jwk_set), audience=AUDIENCE)
    assert await reason_of(server, KEY.token(exp=1_700_000_000, iat=...)) == "expired"


# --- Whom it trusts ---


@pytest.mark.parametrize(
    ("key", "issuer"),
    [pytest.param(KEY, ISSUER, id="the first"), pytest.param(OTHER_KEY, OTHER_ISSUER, id="the second")],
)
async def test_each_of_several_issuers_is_trusted(key: SigningKey, issuer: str) -> None:
    assert (await two_issuers().validate(key.token(iss=issuer))).issuer == issuer


@pytest.mark.parametrize(
    "issuer",
    [
        pytest.param(ISSUER + "/", id="trailing slash"),
        pytest.param(ISSUER.upper(), id="upper case"),
        pytest.param(ISSUER.replace("https", "HTTPS"), id="scheme in upper case"),
        pytest.param(ISSUER.replace("https", "http"), id="plain http"),
        pytest.param(ISSUER + ":443", id="default port"),
        pytest.param(ISSUER + ".evil.example", id="longer host"),
        pytest.param(ISSUER[:-1], id="shorter"),
        pytest.param(" " + ISSUER, id="space before"),
        pytest.param(ISSUER + "\n", id="line feed after"),
        pytest.param(ISSUER + "\0", id="NUL after"),
        pytest.param(ISSUER.replace("e", "\N{CYRILLIC SMALL LETTER IE}"), id="look-alike letters"),
        pytest.param(OTHER_ISSUER.rsplit("/", 1)[0], id="parent of an issuer"),
        pytest.param("", id="empty"),
        pytest.param([ISSUER], id="array"),
        pytest.param({"url": ISSUER}, id="object"),
        pytest.param(None, id="null"),
        pytest.param(True, id="boolean"),
        pytest.param(..., id="absent"),
    ],
)
async def test_issuer_is_compared_to_the_letter(issuer: Any) -> None:
    assert await reason_of(two_issuers(), KEY.token(iss=issuer)) == "issuer_mismatch"


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        pytest.param(KEY, "algorithm_not_allowed", id="of another algorithm"),
        pytest.param(signing_key("ES256", "key-1"), "unknown_key", id="of another ID"),
        pytest.param(signing_key("ES256", "key-2", number=1), "signature_mismatch", id="of the same ID"),
    ],
)
async def test_token_of_one_issuer_signed_with_a_key_of_another_is_refused(key: SigningKey, reason: str) -> None:
    assert await reason_of(two_issuers(), key.token(iss=OTHER_ISSUER)) == reason


@pytest.mark.parametrize(
    ("options", "claims", "reason"),
    [
        pytest.param({"audience": "urn:other"}, {}, "audience_mismatch", id="audience"),
        pytest.param({"audience": "urn:other"}, {"aud": "urn:other"}, None, id="audience, met"),
        pytest.param({"leeway": 0}, {"exp": NOW}, "expired", id="leeway"),
        pytest.param({}, {"exp": NOW}, None, id="leeway of the resource server"),
        pytest.param({"required_claims": ["tenant"]}, {}, "claim_missing", id="required claims"),
        pytest.param({"profile": "rfc9068"}, {"jti": ...}, "claim_missing", id="profile"),
        pytest.param({}, {"jti": ...}, None, id="profile of the resource server"),
    ],
)
async def test_issuer_has_rules_of_its_own(options: Any, claims: Any, reason: str | None) -> None:
    assert await reason_of(two_issuers(**options), OTHER_KEY.token(iss=OTHER_ISSUER, **claims)) == reason


async def test_rules_of_one_issuer_do_not_bind_another() -> None:
    server = two_issuers(audience="urn:other", leeway=0, required_claims=["tenant"], profile="rfc9068")
    assert await reason_of(server, KEY.token(jti=..., exp=NOW)) is None


async def test_client_is_read_from_the_claim_that_the_issuer_uses() -> None:
    server = two_issuers(client_id_claims=["cid"])
    assert (await server.validate(OTHER_KEY.token(iss=OTHER_ISSUER, cid="client-9"))).client_id == "client-9"


# --- With configured keys there is nothing to fetch ---


async def test_configured_keys_are_ready_at_once() -> None:
    health = await two_issuers().health()
    assert (health.ready, [(issuer.issuer, issuer.ready, issuer.keys) for issuer in health.issuers]) == (
        True,
        [(ISSUER, True, 1), (OTHER_ISSUER, True, 1)],
    )


@pytest.mark.parametrize("startup", ["background", "require"])
async def test_lifespan_starts_and_ends(startup: Any) -> None:
    server = resource_server(startup=startup)
    async with server.lifespan():
        assert await reason_of(server, KEY.token()) is None


async def test_it_validates_without_its_lifespan_and_after_it() -> None:
    server = resource_server()
    async with server.lifespan():
        pass
    assert await reason_of(server, KEY.token()) is None


# --- What cannot work is refused when it is built ---

TRUSTED = Issuer(ISSUER, keys=KEY.jwk_set)


async def time_later() -> float:
    return NOW


@pytest.mark.parametrize(
    ("issuers", "options", "message"),
    [
        pytest.param((), {}, "give at least one, or a resolver", id="no issuer"),
        pytest.param([TRUSTED, TRUSTED], {}, "same URL", id="one issuer twice"),
        pytest.param([5], {}, "issuers is a URL, an Issuer, or several", id="number among the issuers"),
        pytest.param(5, {}, "issuers is a URL, an Issuer, or several", id="number for the issuers"),
        pytest.param(None, {}, "issuers is a URL, an Issuer, or several", id="nothing for the issuers"),
        pytest.param(KEY.jwk_set["keys"], {}, "issuers is a URL, an Issuer, or several", id="keys for the issuers"),
        pytest.param("auth.example.com", {}, "https URL", id="no URL"),
        pytest.param("http://auth.example.com", {}, "https URL", id="plain http"),
        pytest.param(TRUSTED, {"audience": ""}, "audience is a non-empty string", id="empty audience"),
        pytest.param(TRUSTED, {"audience": []}, "audience is a non-empty string", id="no audience"),
        pytest.param(TRUSTED, {"audience": None}, "audience is a non-empty string", id="nothing for the audience"),
        pytest.param(TRUSTED, {"audience": [AUDIENCE, None]}, "audience is a non-empty string", id="half an audience"),
        pytest.param(TRUSTED, {"leeway": -1}, "leeway is a number of seconds", id="negative leeway"),
        pytest.param(TRUSTED, {"leeway": float("nan")}, "leeway is a number of seconds", id="leeway that is NaN"),
        pytest.param(TRUSTED, {"leeway": "30"}, "leeway is a number of seconds", id="text for the leeway"),
        pytest.param(TRUSTED, {"profile": "strict"}, "profile is 'default' or 'rfc9068'", id="unknown profile"),
        pytest.param(TRUSTED, {"required_claims": [1]}, "required_claims is", id="number for a claim"),
        pytest.param(TRUSTED, {"max_token_bytes": 0}, "max_token_bytes is a positive", id="no bytes"),
        pytest.param(TRUSTED, {"token_cache": -1}, "token_cache is a number of tokens", id="negative cache"),
        pytest.param(TRUSTED, {"realm": 'a"\r\nb'}, "realm holds printable ASCII", id="realm with a line feed"),
        pytest.param(
            TRUSTED, {"realm": "r\N{LATIN SMALL LETTER E WITH ACUTE}alm"}, "realm holds", id="realm in Latin-1"
        ),
        pytest.param(TRUSTED, {"realm": 5}, "realm holds printable ASCII", id="number for the realm"),
        pytest.param(TRUSTED, {"clock": None}, "clock is a function that returns the seconds", id="no clock"),
        pytest.param(TRUSTED, {"clock": time_later}, "clock is a function that returns the seconds", id="async clock"),
        pytest.param((), {"resolver": {}}, "resolver is an async function", id="mapping for the resolver"),
        pytest.param(TRUSTED, {"startup": "later"}, "startup is 'background' or 'require'", id="unknown startup"),
    ],
)
def test_configuration_that_cannot_work_is_refused(issuers: Any, options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ResourceServer(issuers, **{"audience": AUDIENCE, **options})
