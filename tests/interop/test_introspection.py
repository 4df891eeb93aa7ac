"""Opaque tokens, and what else cannot be decided locally: the certified authorization server is asked."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from jwtguard import Introspection, Issuer, ResourceServer
from tests.answers import reason_of
from tests.interop.api import invoices_api, read_invoices
from tests.interop.authorization_server import API_KEY, API_SECRET, AuthorizationServer, resource
from tests.resource_servers import Clock
from tests.serving import serving
from tests.signing import good_claims, signing_key

OPAQUE = resource("opaque")
API_PEM = API_KEY.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

WAYS_TO_ASK = {
    "client_secret_basic": Introspection(client_id="api", client_secret=API_SECRET),
    "client_secret_post": Introspection(client_id="api-post", client_secret=API_SECRET, method="client_secret_post"),
    "private_key_jwt": Introspection(client_id="api-key", private_key=API_PEM, key_id=API_KEY.kid, algorithm="ES256"),
    "httpx's own": Introspection(auth=httpx.BasicAuth("machine", "machine-secret")),
    "signed answers": Introspection(client_id="api", client_secret=API_SECRET, signed=True),
}


@contextmanager
def asking(
    authorization_server: AuthorizationServer, *, audience: str = OPAQUE, fresh: bool = False, **options: Any
) -> Iterator[str]:
    """Serve the API, which asks the authorization server as its client `api`; yield the API's URL."""
    clock = options.pop("clock", time.time)
    introspection = Introspection(client_id="api", **{"client_secret": API_SECRET, **options})
    issuer = Issuer(authorization_server.url, introspection=introspection)
    with serving(invoices_api(ResourceServer(issuer, audience=audience, clock=clock), fresh=fresh)) as api:
        yield api


def opaque_token(authorization_server: AuthorizationServer) -> str:
    token: str = authorization_server.client_credentials(OPAQUE)["access_token"]
    return token


@pytest.mark.parametrize("introspection", WAYS_TO_ASK.values(), ids=WAYS_TO_ASK)
def test_opaque_token_is_accepted_with(authorization_server: AuthorizationServer, introspection: Introspection) -> None:
    issuer = Issuer(authorization_server.url, introspection=introspection)
    with serving(invoices_api(ResourceServer(issuer, audience=[OPAQUE, "api"], profile="rfc9068"))) as api:
        answer = read_invoices(api, opaque_token(authorization_server))
    assert (answer.status_code, answer.text) == (
        200,
        '{"subject":null,"client_id":"machine","scopes":["invoices:read"]}',
    )


def test_opaque_token_of_the_authorization_code_grant_tells_its_subject(
    authorization_server: AuthorizationServer,
) -> None:
    token = authorization_server.authorization_code(OPAQUE, subject="alice")["access_token"]
    with asking(authorization_server) as api:
        answer = read_invoices(api, token)
    assert (answer.status_code, answer.json()["subject"], answer.json()["client_id"]) == (200, "alice", "application")


def test_revoked_token_is_refused_at_once_where_answers_are_not_kept(authorization_server: AuthorizationServer) -> None:
    token = opaque_token(authorization_server)
    with asking(authorization_server, active_seconds=0) as api:
        before = read_invoices(api, token)
        authorization_server.revoke(token)
        after = read_invoices(api, token)
    assert (before.status_code, after.status_code, reason_of(after)) == (200, 401, "inactive")


def test_revoked_token_is_refused_once_the_kept_answer_is_too_old(authorization_server: AuthorizationServer) -> None:
    clock = Clock(time.time())
    token = opaque_token(authorization_server)
    with asking(authorization_server, clock=clock) as api:
        assert read_invoices(api, token).status_code == 200
        authorization_server.revoke(token)
        clock.now += 59
        within = read_invoices(api, token)
        clock.now += 1
        after = read_invoices(api, token)
    assert (within.status_code, after.status_code, reason_of(after)) == (200, 401, "inactive")


def test_revoked_token_is_refused_at_once_by_a_route_that_asks_every_time(
    authorization_server: AuthorizationServer,
) -> None:
    token = opaque_token(authorization_server)
    with asking(authorization_server, fresh=True) as api:
        before = read_invoices(api, token)
        authorization_server.revoke(token)
        after = read_invoices(api, token)
    assert (before.status_code, after.status_code, reason_of(after)) == (200, 401, "inactive")


def test_jwt_is_decided_on_locally_where_its_issuer_declines_to_introspect_any(
    authorization_server: AuthorizationServer,
) -> None:
    token = authorization_server.client_credentials(resource("RS256"))["access_token"]
    with asking(authorization_server, audience=resource("RS256")) as api:
        assert read_invoices(api, token).status_code == 200


@dataclass(frozen=True)
class Refused:
    """What one client presents to the API that asks.

    Attributes:
        token: gets the token.
        reason: what it is refused for.
        status: the answer's status.
        options: how the API asks.
    """

    token: Callable[[AuthorizationServer], str]
    reason: str
    status: int = 401
    options: dict[str, Any] = field(default_factory=dict)


def jwt(authorization_server: AuthorizationServer) -> str:
    return str(authorization_server.client_credentials(resource("RS256"))["access_token"])


def jwt_of_an_unknown_key(authorization_server: AuthorizationServer) -> str:
    claims = good_claims(now=time.time(), iss=authorization_server.url, aud=OPAQUE)
    return signing_key("ES256", kid="forged").token(claims)


FOR_JWTS = {"audience": resource("RS256")}

REFUSED = {
    "a token that nobody issued": Refused(lambda _: "UsUCEHfy8cw7j1vPP_4fCU7GF44l_Fo-RyZ01ophT7g", "inactive"),
    "a refresh token": Refused(
        lambda server: str(server.authorization_code(OPAQUE, subject="alice")["refresh_token"]), "claim_missing"
    ),
    "a refresh token, where answers have no audience": Refused(
        lambda server: str(server.authorization_code(OPAQUE, subject="alice")["refresh_token"]),
        "type_mismatch",
        options={"require_audience": False},
    ),
    "a token for another resource server": Refused(opaque_token, "audience_mismatch", options=FOR_JWTS),
    "a token that is expired by our clock": Refused(
        opaque_token, "expired", options={"clock": lambda: time.time() + 3600 + 30}
    ),
    "a token that is bound to a key": Refused(lambda server: server.dpop_bound(OPAQUE), "type_mismatch"),
    "an encrypted JWT": Refused(
        lambda server: str(server.client_credentials(resource("encrypted"))["access_token"]), "token_encrypted"
    ),
    "a JWT of an unknown key": Refused(jwt_of_an_unknown_key, "unknown_key"),
    "a JWT, where every token is to be confirmed": Refused(
        jwt, "introspection_unavailable", 503, {**FOR_JWTS, "when": "always"}
    ),
    "a JWT, on a route that asks every time": Refused(
        jwt, "introspection_unavailable", 503, {**FOR_JWTS, "fresh": True}
    ),
    "a good token, with a wrong client secret": Refused(
        opaque_token, "introspection_unavailable", 503, {"client_secret": "wrong"}
    ),
}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_token_is_refused_for(authorization_server: AuthorizationServer, refused: Refused) -> None:
    with asking(authorization_server, **refused.options) as api:
        answer = read_invoices(api, refused.token(authorization_server))
    assert (answer.status_code, reason_of(answer)) == (refused.status, refused.reason)
    assert ("retry-after" in answer.headers) == (refused.status == 503)
