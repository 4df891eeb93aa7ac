"""What the certified authorization server issues, and is no good here: each token with the reason it is refused for."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from jwtguard import Issuer, ResourceServer
from tests.answers import reason_of
from tests.interop.api import invoices_api, read_invoices
from tests.interop.authorization_server import AuthorizationServer, resource
from tests.serving import serving

US = resource("RS256")


@dataclass(frozen=True)
class Refused:
    """What one client presents.

    Attributes:
        token: gets the token.
        reason: what it is refused for.
        status: the answer's status.
        scheme: what it is presented under.
        options: how the resource server differs from the strict one.
        algorithms: what the issuer may sign with.
    """

    token: Callable[[AuthorizationServer], str]
    reason: str
    status: int = 401
    scheme: str = "Bearer"
    options: dict[str, Any] | None = None
    algorithms: str | None = None


def access_token(server: AuthorizationServer) -> str:
    token: str = server.client_credentials(US)["access_token"]
    return token


def tampered(server: AuthorizationServer) -> str:
    header, claims, signature = access_token(server).split(".")
    return f"{header}.{claims}.{signature[:40]}{'B' if signature[40] == 'A' else 'A'}{signature[41:]}"


def dpop_bound(server: AuthorizationServer) -> str:
    return server.dpop_bound(US)


def of_the_code_grant(name: str) -> Callable[[AuthorizationServer], str]:
    return lambda server: str(server.authorization_code(US, subject="alice")[name])


def for_resource(name: str) -> Callable[[AuthorizationServer], str]:
    return lambda server: str(server.client_credentials(resource(name))["access_token"])


REFUSED = {
    "another resource server's": Refused(for_resource("ES256"), "audience_mismatch"),
    "expired": Refused(access_token, "expired", options={"clock": lambda: time.time() + 3600 + 30}),
    "tampered with": Refused(tampered, "signature_mismatch"),
    "signed with an algorithm not allowed": Refused(access_token, "algorithm_not_allowed", algorithms="PS256"),
    "signed with a shared secret": Refused(for_resource("HS256"), "algorithm_not_allowed"),
    "encrypted": Refused(for_resource("encrypted"), "token_encrypted"),
    "opaque, without introspection": Refused(for_resource("opaque"), "token_opaque"),
    "a refresh token": Refused(of_the_code_grant("refresh_token"), "token_opaque"),
    "an ID token": Refused(of_the_code_grant("id_token"), "type_mismatch"),
    "an ID token, and the default profile": Refused(
        of_the_code_grant("id_token"), "audience_mismatch", options={"profile": "default"}
    ),
    "an ID token, and the audience is the client's": Refused(
        of_the_code_grant("id_token"), "type_mismatch", options={"audience": "application"}
    ),
    "bound to a key, as a bearer token": Refused(dpop_bound, "confirmation_unsupported"),
    "bound to a key, under its own scheme": Refused(dpop_bound, "scheme_unsupported", scheme="DPoP"),
}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_token_is_refused_for(authorization_server: AuthorizationServer, refused: Refused) -> None:
    options = {"audience": US, "profile": "rfc9068", **(refused.options or {})}
    issuer = Issuer(authorization_server.url, algorithms=refused.algorithms)
    with serving(invoices_api(ResourceServer(issuer, **options))) as api:
        answer = read_invoices(api, refused.token(authorization_server), scheme=refused.scheme)
    assert (answer.status_code, reason_of(answer)) == (refused.status, refused.reason)
