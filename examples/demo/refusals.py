"""The requests that the API must refuse, each with what it should answer and log."""

from collections.abc import Callable
from dataclasses import dataclass

from joserfc.jwk import RSAKey

from examples.authorization_server.keys import SigningKeys
from examples.demo import forgery
from examples.demo.report import Refusal
from examples.demo.stage import Stage
from examples.demonstration import OTHER_AUDIENCE, READ

TWO_HOURS = 7200


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCall:
    """A request that must fail.

    Attributes:
        what: what is wrong with it.
        token: makes its token; None for a request without one.
        expected: how it should be refused.
        method: the HTTP method.
        path: where.
    """

    what: str
    token: Callable[[Stage], str | None]
    expected: Refusal
    method: str = "GET"
    path: str = "/invoices"


def _tampered_claims(stage: Stage) -> str:
    return forgery.with_claims(stage.service_token(), sub="somebody-else")


def _tampered_signature(stage: Stage) -> str:
    return forgery.with_broken_signature(stage.service_token())


def _expired(stage: Stage) -> str:
    """As the authorization server would have signed it two hours ago."""
    _, claims = forgery.decode(stage.service_token())
    earlier = {"iat": claims["iat"] - TWO_HOURS, "exp": claims["exp"] - TWO_HOURS}
    return stage.server.keys.sign({**claims, **earlier}, type_="at+jwt")


def _wrong_audience(stage: Stage) -> str:
    return stage.service_token(resource=OTHER_AUDIENCE)


def _wrong_issuer(stage: Stage) -> str:
    """Good, signed by an authorization server that the API does not trust."""
    _, claims = forgery.decode(stage.service_token())
    return SigningKeys().sign({**claims, "iss": "https://elsewhere.example.com"}, type_="at+jwt")


def _missing_scope(stage: Stage) -> str:
    return stage.service_token(scope=READ)


def _algorithm_none(stage: Stage) -> str:
    return forgery.with_algorithm_none(stage.service_token(), keep_signature=False)


def _algorithm_none_with_signature(stage: Stage) -> str:
    return forgery.with_algorithm_none(stage.service_token(), keep_signature=True)


def _public_key_as_secret(stage: Stage) -> str:
    key = RSAKey.import_key(stage.server.keys.jwk_set()["keys"][0])
    return forgery.signed_with_public_key(stage.service_token(), key.as_pem(private=False))


REFUSED_CALLS = (
    RefusedCall(
        what="No token", token=lambda _: None, expected=Refusal(reason="credentials_missing", challenge="Bearer")
    ),
    RefusedCall(what="Tampered claims", token=_tampered_claims, expected=Refusal(reason="signature_mismatch")),
    RefusedCall(what="Tampered signature", token=_tampered_signature, expected=Refusal(reason="signature_mismatch")),
    RefusedCall(what="Expired", token=_expired, expected=Refusal(reason="expired")),
    RefusedCall(what="For another audience", token=_wrong_audience, expected=Refusal(reason="audience_mismatch")),
    RefusedCall(what="By another issuer", token=_wrong_issuer, expected=Refusal(reason="issuer_mismatch")),
    RefusedCall(
        what="Without the scope of POST /payouts",
        token=_missing_scope,
        expected=Refusal(
            status=403,
            reason="insufficient_scope",
            challenge='Bearer error="insufficient_scope", …',
        ),
        method="POST",
        path="/payouts",
    ),
    RefusedCall(what="alg: none, no signature", token=_algorithm_none, expected=Refusal(reason="token_malformed")),
    RefusedCall(
        what="alg: none, the old signature kept",
        token=_algorithm_none_with_signature,
        expected=Refusal(reason="algorithm_not_allowed"),
    ),
    RefusedCall(
        what="HS256, signed with the public key",
        token=_public_key_as_secret,
        expected=Refusal(reason="algorithm_not_allowed"),
    ),
)
