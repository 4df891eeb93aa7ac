"""Attacks with a genuine token of another kind: the right issuer and signature, and no access token."""

from collections.abc import Iterator
from typing import Any

from tests.attacks.case import ACCEPTED, Case, header, key, signed, table
from tests.signing import AUDIENCE, ISSUER, NOW, b64, good_claims, signing_key

RFC9068 = {"profile": "rfc9068"}
CLIENT = "client-1"

OTHER_TYPES = [
    *(
        "id+jwt",
        "logout+jwt",
        "secevent+jwt",
        "dpop+jwt",
        "rt+jwt",
        "kb+jwt",
        "dc+sd-jwt",
        "vc+jwt",
        "vp+jwt",
        "mso_mdoc",
    ),
    *("token-introspection+jwt", "oauth-authz-req+jwt", "client-authentication+jwt", "authorization-grant+jwt"),
    *("entity-statement+jwt", "oauth-client-attestation+jwt", "oauth-id-jag+jwt", "statuslist+jwt", "txntoken+jwt"),
    *("application/logout+jwt", "application/secevent+jwt", "JOSE", "JOSE+JSON", "JWE", "JWS", "Bearer"),
    *(
        "at+jwt ",
        " at+jwt",
        "at+jwt\n",
        "at+jwt;charset=utf-8",
        "at jwt",
        "at-jwt",
        "at+jwt+x",
        "at+jwts",
        "xat+jwt",
        "jwts",
    ),
    *(
        "application/application/at+jwt",
        "text/at+jwt",
        "application\\at+jwt",
        "/at+jwt",
        "",
        "*",
        "a\u0442+jwt",
        "\uff4awt",
    ),
]
"""Values of `typ` that are another kind's, or look like an access token's."""

NOT_A_STRING = {"null": None, "a number": 1, "true": True, "an array": ["at+jwt"], "an object": {"at+jwt": 1}}


def id_token(**more: Any) -> dict[str, Any]:
    """OpenID Connect Core section 2."""
    return {
        "iss": ISSUER,
        "sub": "user-1",
        "aud": CLIENT,
        "azp": CLIENT,
        "iat": NOW,
        "exp": NOW + 300,
        "nonce": "n-0S6_WzA2Mj",
        "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
        **more,
    }


def logout_token(**more: Any) -> dict[str, Any]:
    """OpenID Connect Back-Channel Logout section 2.4."""
    return {
        "iss": ISSUER,
        "sub": "user-1",
        "aud": CLIENT,
        "iat": NOW,
        "exp": NOW + 120,
        "jti": "logout-1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        **more,
    }


def security_event(**more: Any) -> dict[str, Any]:
    """RFC 8417 section 2.2."""
    return {
        "iss": ISSUER,
        "aud": CLIENT,
        "iat": NOW,
        "jti": "event-1",
        "events": {"urn:ietf:params:scim:event:create": {"ref": "https://scim.example.com/Users/1"}},
        **more,
    }


def types() -> Iterator[Case]:
    explicit = ("RFC 8725 section 3.11 (c)", "RFC 9068 section 4 (d)", "RFC 9068 section 4 (m)")
    yield from table(
        explicit, "type_mismatch", {f"typ {name!r}": signed(None, header(typ=name)) for name in OTHER_TYPES}
    )
    yield from table(
        "RFC 7515 section 4.1.9",
        "header_malformed",
        {f"typ is {name}": signed(None, header(typ=value)) for name, value in NOT_A_STRING.items()},
    )
    access = ("at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "APPLICATION/AT+JWT")
    yield from table(
        ("RFC 9068 section 4 (d)", "RFC 8725 section 3.11 (a)"),
        ACCEPTED,
        {f"typ {name!r} in the strict profile": signed(None, header(typ=name)) for name in access},
        rules=RFC9068,
    )
    general = {"typ 'JWT'": "JWT", "typ 'jwt'": "jwt", "typ 'application/jwt'": "application/jwt", "no typ": ...}
    yield from table(
        ("RFC 9068 section 4 (d)", "RFC 8725 section 3.11 (d)", "RFC 9068 section 4 (m)"),
        "type_mismatch",
        {f"{name} in the strict profile": signed(None, header(typ=value)) for name, value in general.items()},
        rules=RFC9068,
    )
    yield from table(
        "RFC 7519 section 5.1",
        ACCEPTED,
        {f"{name} in the default profile": signed(None, header(typ=value)) for name, value in general.items()},
    )


def issued_by_the_same_server() -> Iterator[Case]:
    confusion = ("RFC 8725 section 3.12", "RFC 9068 section 4 (c)")
    untyped, ours = header(typ=...), {"aud": AUDIENCE}
    kinds = {"ID token": id_token, "logout token": logout_token, "security event token": security_event}
    yield from table(
        confusion,
        "audience_mismatch",
        {f"an untyped {name} for a client": signed(make(), untyped) for name, make in kinds.items()},
    )
    yield from table(
        confusion,
        "type_mismatch",
        {f"an untyped {name}, in the strict profile": signed(make(), untyped) for name, make in kinds.items()},
        rules=RFC9068,
    )
    yield from table(
        confusion,
        "type_mismatch",
        {
            "a typed logout token for us": signed(logout_token(**ours), header(typ="logout+jwt")),
            "a typed security event token for us": signed(security_event(**ours), header(typ="secevent+jwt")),
            "a logout token that calls itself a JWT, for us": signed(logout_token(**ours), header(typ="JWT")),
            "an untyped security event token for us": signed(security_event(**ours, exp=NOW + 9), untyped),
            "an untyped ID token for us, of the hybrid flow": signed(
                id_token(**ours, c_hash="LDktKdoQak3Pk0"), untyped
            ),
            "an untyped ID token for us, of the code flow": signed(id_token(**ours), untyped),
            "a signed introspection answer": signed(
                {"iss": ISSUER, "aud": AUDIENCE, "iat": NOW, "token_introspection": {"active": True, **good_claims()}},
                header(typ="token-introspection+jwt"),
            ),
        },
    )
    # OpenID Connect makes `at_hash` optional in the code flow, and access tokens may have `nonce` as well: nothing is
    # left to tell such an ID token by but the audience. README says what to do where that is a client's ID, too.
    nameless = signed({name: value for name, value in id_token(**ours).items() if name != "at_hash"}, untyped)
    yield from table(
        confusion,
        ACCEPTED,
        {"an untyped ID token without at_hash for us, in the default profile": nameless},
    )
    yield from table(
        confusion,
        "type_mismatch",
        {"an untyped ID token without at_hash for us, in the strict profile": nameless},
        rules=RFC9068,
    )
    yield from table(
        confusion,
        "claim_mismatch",
        {"an untyped ID token without at_hash for us, where a claim tells access tokens apart": nameless},
        rules={"claim_values": {"token_use": "access"}},
    )
    yield from table(
        confusion,
        "audience_mismatch",
        {
            "a refresh token that is a JWT": signed(good_claims(aud=ISSUER, typ="Refresh"), untyped),
            "an access token for the userinfo endpoint": signed(good_claims(aud=f"{ISSUER}/userinfo")),
            "an authorization code that is a JWT": signed(good_claims(aud=ISSUER, redirect_uri="x"), untyped),
        },
    )
    yield from table(
        confusion,
        "claim_missing",
        {
            "a JWT-secured userinfo answer": signed({"iss": ISSUER, "aud": AUDIENCE, "sub": "user-1"}, untyped),
            "a status list that calls itself a JWT": signed(
                {"iss": ISSUER, "aud": AUDIENCE, "status_list": {}}, untyped
            ),
        },
    )


def made_by_the_client() -> Iterator[Case]:
    confusion = "RFC 8725 section 3.12"
    client_key = signing_key("ES256", number=7)
    public = {name: value for name, value in client_key.jwk.items() if name in ("kty", "crv", "x", "y")}
    proof = {
        "jti": "proof-1",
        "htm": "GET",
        "htu": f"{AUDIENCE}/invoices",
        "iat": NOW,
        "ath": "fUHyO2r2Z3DZ53EsNrWBb0x",
    }
    proof_header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public}
    assertion = {"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": NOW + 60, "jti": "assertion-1"}
    untyped = {"alg": "ES256", "kid": "key-1"}
    yield from table(
        confusion,
        "issuer_mismatch",
        {
            "a client's assertion": client_key.token(assertion, untyped),
            "a client's assertion for us": client_key.token({**assertion, "aud": AUDIENCE}, untyped),
            "a request object": client_key.token({"iss": CLIENT, "aud": ISSUER, "response_type": "code"}, untyped),
        },
        pure_reason="signature_mismatch",
    )
    yield from table(
        confusion,
        "issuer_mismatch",
        {"a DPoP proof": client_key.token(proof, proof_header)},
        pure_reason="type_mismatch",
    )
    yield from table(
        confusion,
        "type_mismatch",
        {"a DPoP proof with all claims of an access token": client_key.token({**good_claims(), **proof}, proof_header)},
    )
    yield from table(
        confusion,
        "signature_mismatch",
        {"a client's assertion with the issuer's name": client_key.token({**assertion, "iss": ISSUER}, untyped)},
    )
    yield from table(
        confusion,
        "token_opaque",
        {
            "an opaque refresh token": "UsUCEHfy8cw7j1vPP_4fCU7GF44l_Fo-RyZ01ophT7g",
            "an API key": "sk-live-4eC39HqLyjWDarjtT1zdp7dc",
            "a SAML assertion": b64(b"<saml:Assertion ID='a1'>"),
        },
    )


def bound_to_a_key() -> Iterator[Case]:
    """RFC 9449 section 7.1 and RFC 8705 section 3: whoever presents such a token must show that the key is theirs."""
    confirmations: dict[str, Any] = {
        "a DPoP key": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"},
        "a certificate": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"},
        "a key": {"jwk": key().jwk},
        "a way that nobody knows": {"unheard-of": 1},
        "nothing": {},
        "null": None,
        "a string": "jkt",
        "false": False,
        "an empty array": [],
    }
    yield from table(
        ("RFC 7800 section 3.1", "RFC 9449 section 7.1", "RFC 9700 section 2.2.1"),
        "confirmation_unsupported",
        {f"bound to {name}, as a bearer token": signed(cnf=value) for name, value in confirmations.items()},
    )


def cases() -> list[Case]:
    return [*types(), *issued_by_the_same_server(), *made_by_the_client(), *bound_to_a_key()]
