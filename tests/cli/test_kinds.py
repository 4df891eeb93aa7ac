"""What kind of token a JWT seems to be."""

from typing import Any

import pytest

from jwtguard.cli.kinds import UNKNOWN, kind


@pytest.mark.parametrize(
    ("header", "claims", "expected"),
    [
        pytest.param({"typ": "at+jwt"}, {}, "an access token (RFC 9068)", id="typ at+jwt"),
        pytest.param({"typ": "application/AT+JWT"}, {}, "an access token (RFC 9068)", id="typ as a media type"),
        pytest.param({"typ": "dpop+jwt"}, {"scope": "x"}, "a DPoP proof (RFC 9449)", id="typ before claims"),
        pytest.param(
            {"typ": "logout+jwt"}, {}, "a logout token (OpenID Connect Back-Channel Logout)", id="typ logout+jwt"
        ),
        pytest.param({"typ": "JWT"}, {"typ": "Refresh", "scope": "x"}, "a refresh token", id="Keycloak's typ claim"),
        pytest.param({"typ": "JWT"}, {"typ": "ID"}, "an ID token", id="Keycloak's ID token"),
        pytest.param({}, {"token_use": "id", "client_id": "x"}, "an ID token", id="Cognito's token_use"),
        pytest.param({}, {"token_use": "access"}, "an access token", id="Cognito's access token"),
        pytest.param(
            {}, {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, "a logout token", id="logout"
        ),
        pytest.param({}, {"events": {"urn:other": {}}}, "a security event token", id="another event"),
        pytest.param({}, {"htm": "GET", "htu": "https://x"}, "a DPoP proof", id="DPoP by its claims"),
        pytest.param({}, {"nonce": "n", "scope": "x"}, "an ID token", id="nonce before scope"),
        pytest.param({}, {"scp": ["x"]}, "an access token", id="scp"),
        pytest.param(
            {}, {"iss": "c", "sub": "c", "jti": "1", "aud": "x"}, "a client assertion (RFC 7523)", id="client assertion"
        ),
        pytest.param({"typ": "JWT"}, {"sub": "x"}, UNKNOWN, id="nothing tells"),
        pytest.param({"typ": 7}, {"typ": [], "events": 1, "iss": 1, "jti": 1}, UNKNOWN, id="members of wrong types"),
    ],
)
def test_kind_is_guessed_from_what_tells_most(header: dict[str, Any], claims: dict[str, Any], expected: str) -> None:
    assert kind(header, claims)[0] == expected
