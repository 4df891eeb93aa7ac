"""What can be configured about introspection: every mistake is named at once, and no secret is shown."""

from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from jwtguard import ConfigurationError, Introspection, Issuer, ResourceServer
from jwtguard.introspection import When
from tests.resource_servers import KEY
from tests.signing import AUDIENCE, ISSUER, signing_key

SECRET = "s3cret-of-the-api"
PEM: str = signing_key("RS256").private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
ENDPOINT = f"{ISSUER}/introspect"


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"client_id": "api", "client_secret": SECRET}, id="a secret"),
        pytest.param({"client_id": "api", "client_secret": SECRET, "method": "client_secret_basic"}, id="named"),
        pytest.param({"client_id": "api", "client_secret": SECRET, "method": "client_secret_post"}, id="in the body"),
        pytest.param({"client_id": "api", "private_key": PEM}, id="a private key"),
        pytest.param({"client_id": "api", "private_key": PEM.encode()}, id="a private key in bytes"),
        pytest.param({"client_id": "api", "private_key": PEM, "method": "private_key_jwt"}, id="a private key, named"),
        pytest.param({"client_id": "api", "private_key": PEM, "algorithm": "PS256"}, id="another algorithm"),
        pytest.param({"client_id": "api", "method": "tls_client_auth"}, id="a certificate"),
        pytest.param({"bearer_token": "token-of-the-api"}, id="a bearer token"),
        pytest.param({"bearer_token": "token", "client_id": "api"}, id="a bearer token and a name"),
        pytest.param({"auth": ("someone", "something")}, id="httpx's own"),
    ],
)
def test_exactly_one_way_to_prove_who_asks_will_do(options: dict[str, Any]) -> None:
    Introspection(**options)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"client_id": "api"}, id="a name alone"),
        pytest.param({"client_secret": SECRET}, id="a secret without a name"),
        pytest.param({"private_key": PEM}, id="a private key without a name"),
        pytest.param({"method": "tls_client_auth"}, id="a certificate without a name"),
        pytest.param(
            {"client_id": "api", "client_secret": SECRET, "private_key": PEM}, id="a secret and a private key"
        ),
        pytest.param({"client_id": "api", "client_secret": SECRET, "bearer_token": "token"}, id="a secret and a token"),
        pytest.param({"client_id": "api", "client_secret": SECRET, "auth": ("a", "b")}, id="a secret and httpx's own"),
        pytest.param({"bearer_token": "token", "auth": ("a", "b")}, id="a token and httpx's own"),
        pytest.param(
            {"client_id": "api", "client_secret": SECRET, "method": "tls_client_auth"}, id="a secret and a certificate"
        ),
    ],
)
def test_no_way_or_more_than_one_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"RFC 7662 section 2\.1"):
        Introspection(**options)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        pytest.param("private_key_jwt", {"client_secret": SECRET}, id="private_key_jwt with a secret"),
        pytest.param("client_secret_post", {"private_key": PEM}, id="client_secret_post with a private key"),
        pytest.param("client_secret_basic", {"bearer_token": "token"}, id="client_secret_basic with a bearer token"),
        pytest.param("client_secret_jwt", {"client_secret": SECRET}, id="a method that is not known"),
        pytest.param("none", {"auth": ("a", "b")}, id="none"),
    ],
)
def test_method_must_go_with_the_credentials(method: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=method):
        Introspection(client_id="api", method=method, **options)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("client_id", value) for value in ("", 1, b"api", ["api"])),
        *(("client_secret", value) for value in ("", 1, SECRET.encode(), True)),
        *(("private_key", value) for value in ("", b"", 1, Path("key.pem"))),
        *(("key_id", value) for value in ("", 1, b"key-1")),
        *(("bearer_token", value) for value in ("", 1, b"token", "two words", "line\r\nfeed", "tökén", "a,b")),
        *(("when", value) for value in ("never", "", None, ["opaque"])),
        *(("require_audience", value) for value in (None, 0, "no")),
        *(("signed", value) for value in (None, 1, "yes")),
        *(("active_seconds", value) for value in (-1, nan, inf, "60", None, True)),
        *(("inactive_seconds", value) for value in (-0.001, nan, inf, "10", None, False)),
        *(("cache_size", value) for value in (0, -1, 10.5, "4096", None, True)),
        *(("concurrency", value) for value in (0, -1, 2.5, nan, "20", None, True)),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isidentifier() else repr(value),
)
def test_value_that_cannot_work_is_refused_by_name(option: str, value: Any) -> None:
    credentials: dict[str, Any] = {"client_id": "api"}
    if option not in ("client_secret", "private_key", "bearer_token"):
        credentials["client_secret"] = SECRET
    with pytest.raises(ConfigurationError, match=option) as refusal:
        Introspection(**{**credentials, option: value})
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"client_id": "api", "client_secret": SECRET}, id="client_secret"),
        pytest.param({"client_id": "api", "private_key": PEM}, id="private_key"),
        pytest.param({"bearer_token": SECRET}, id="bearer_token"),
        pytest.param({"auth": ("api", SECRET)}, id="auth"),
    ],
)
def test_no_secret_is_shown(options: dict[str, Any]) -> None:
    introspection = Introspection(endpoint=ENDPOINT, **options)
    issuer = Issuer(ISSUER, keys=KEY.jwk_set, introspection=introspection)
    proof = introspection.prove(ISSUER)(0)
    server = ResourceServer(issuer, audience=AUDIENCE)
    for shown in (introspection, issuer, proof, server, server.issuers):
        text = f"{shown!r} {shown!s}"
        assert SECRET not in text
        assert "BEGIN" not in text


# --- On an issuer ---


@pytest.mark.parametrize(
    "endpoint",
    [
        pytest.param("http://auth.example.com/introspect", id="plain http"),
        pytest.param("ftp://auth.example.com/introspect", id="another scheme"),
        pytest.param("https://api:s3cret@auth.example.com/introspect", id="credentials in the URL"),
        pytest.param("https://auth.example.com/introspect#a", id="a fragment"),
        pytest.param("/introspect", id="a path alone"),
        pytest.param("", id="empty"),
        pytest.param(7, id="a number"),
    ],
)
def test_endpoint_must_be_an_https_url(endpoint: Any) -> None:
    introspection = Introspection(client_id="api", client_secret=SECRET, endpoint=endpoint)
    with pytest.raises(ConfigurationError, match="introspection endpoint"):
        Issuer(ISSUER, introspection=introspection)


def test_endpoint_in_a_closed_network_may_be_plain_http() -> None:
    introspection = Introspection(client_id="api", client_secret=SECRET, endpoint="http://auth.internal/introspect")
    Issuer("http://auth.internal", introspection=introspection, allow_http=True)


@pytest.mark.parametrize("options", [{"keys": KEY.jwk_set}, {"jwks_uri": f"{ISSUER}/keys"}], ids=["keys", "jwks_uri"])
def test_endpoint_must_be_given_where_no_metadata_is_asked_for(options: dict[str, Any]) -> None:
    introspection = Introspection(client_id="api", client_secret=SECRET)
    with pytest.raises(ConfigurationError, match=r"Introspection\(endpoint="):
        Issuer(ISSUER, introspection=introspection, **options)
    Issuer(ISSUER, introspection=Introspection(client_id="api", client_secret=SECRET, endpoint=ENDPOINT), **options)


@pytest.mark.parametrize("introspection", [True, ENDPOINT, ("api", SECRET), {"client_id": "api"}], ids=repr)
def test_introspection_of_another_type_is_refused(introspection: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"Introspection\(client_id=") as refusal:
        Issuer(ISSUER, introspection=introspection)
    assert SECRET not in str(refusal.value)


def test_two_issuers_configured_alike_are_equal_so_that_a_tenant_keeps_its_keys() -> None:
    alike = [Issuer(ISSUER, introspection=Introspection(client_id="api", client_secret=SECRET)) for _ in range(2)]
    assert alike[0] == alike[1]
    assert alike[0] != Issuer(ISSUER, introspection=Introspection(client_id="api", client_secret="another"))


@pytest.mark.parametrize("when", ["undecided", "opaque", "unknown_key", "always"])
def test_tokens_that_are_asked_about_can_be_chosen(when: When) -> None:
    assert Introspection(client_id="api", client_secret=SECRET, when=when).when == when
