"""RFC 8725 section 3, RFC 9068 section 4, RFC 6750 sections 2, 3 and 5, RFC 9700 where it binds resource servers.

Every clause either has cases in the table, which name it, or says here why a resource server has nothing to do for it.
Letters follow the order of the text.

Compared sentence by sentence with the RFC Editor's texts: RFC 6750 (October 2012) and RFC 8725 (February 2020) in plain
text, RFC 9068 (October 2021) and RFC 9700 (January 2025) as made from its HTML; of RFC 9700 that was section 2 and, of
section 4, what speaks of access tokens at a resource server (4.3.2, 4.9, 4.10, 4.13, 4.15).
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Clause:
    """One demand of a specification.

    Attributes:
        name: document, section, and a letter where the section makes several demands.
        demand: what it demands, in short.
        not_ours: why a resource server has nothing to do for it; None where cases show what this one does.
    """

    name: str
    demand: str
    not_ours: str | None = None


def _section(name: str, **demands: str | tuple[str, str]) -> list[Clause]:
    clauses = []
    for letter, says in demands.items():
        demand, not_ours = (says, None) if isinstance(says, str) else says
        clauses.append(Clause(name if letter == "only" else f"{name} ({letter})", demand, not_ours))
    return clauses


WALKED: Final = [
    *_section(
        "RFC 8725 section 3.1",
        a="The caller states the supported algorithms, and no other is used.",
        b="The algorithm that `alg` names is the one that is used.",
        # Not to the letter for a key published without `alg`: it serves all of its type that `algorithms` allows.
        c="Each key is used with exactly one algorithm, and that is checked when it is used.",
    ),
    *_section(
        "RFC 8725 section 3.2",
        a="Only cryptographically current algorithms are allowed.",
        b="Applications can move to other algorithms.",
        c=(
            "`none` is not generated.",
            "No access tokens are made here, and nothing is signed with `none`: tests/test_algorithms.py shows.",
        ),
        d="`none` is not consumed.",
        e="RSA-PKCS1 v1.5 encryption is avoided.",
        f=(
            "ECDSA signatures are made deterministically.",
            "No token is signed, but the assertions that say who asks are so: tests/test_algorithms.py shows.",
        ),
    ),
    *_section(
        "RFC 8725 section 3.3",
        a="All cryptographic operations are validated, and the whole token is rejected if one fails.",
        b="Of nested tokens, both the outer and the inner operations are validated.",
    ),
    *_section(
        "RFC 8725 section 3.4",
        a="Inputs are validated before they are used: points off the curve, and other invalid ones.",
        b=(
            "The ephemeral key of ECDH-ES passes partial public-key validation.",
            "No keys are agreed upon; the issuer's own keys are validated so: (a).",
        ),
        c="For X25519 and X448 the considerations of RFC 8037 apply.",
    ),
    *_section(
        "RFC 8725 section 3.5",
        a="Keys have enough entropy (RFC 7515 section 10.1).",
        b="Passwords that a human can remember are no keys of a MAC (RFC 7518 section 8.8).",
        c=("Passwords encrypt keys only, no content.", "Encrypted tokens are refused: RFC 9068 section 4 (e)."),
    ),
    *_section(
        "RFC 8725 section 3.6",
        only=(
            "Nothing is compressed before encryption.",
            "A resource server encrypts no tokens, and this one decrypts none.",
        ),
    ),
    *_section("RFC 8725 section 3.7", only="JSON is UTF-8, and nothing else is admitted."),
    *_section(
        "RFC 8725 section 3.8",
        a="The keys that verify a token belong to its issuer.",
        b=(
            "The subject is valid at the application.",
            "Which subjects there are, the application knows; it gets `AccessToken.subject`, which is a string.",
        ),
        c="An issuer that is not trusted is rejected.",
    ),
    *_section(
        "RFC 8725 section 3.9",
        a="Where an issuer's tokens are for several parties, each has `aud`.",
        b="The audience is validated; a token without it, or for others, is rejected.",
    ),
    *_section(
        "RFC 8725 section 3.10",
        a="`kid` is not used in a way that makes an injection of it.",
        b="`jku` and `x5u` are not followed blindly.",
    ),
    *_section(
        "RFC 8725 section 3.11",
        a="`typ` leaves out `application/`; both ways mean the same.",
        b=("A nested token has its `typ` inside.", "Nested tokens are refused, whatever their `typ`: section 3.3 (b)."),
        c="Explicit types are checked.",
        d="New kinds of tokens are typed explicitly: the strict profile takes no others.",
    ),
    *_section("RFC 8725 section 3.12", only="The rules for different kinds of tokens exclude each other."),
    *_section(
        "RFC 9068 section 4",
        a="Tokens are signed by an asymmetric algorithm; by another only where a secret is configured.",
        b=(
            "The authorization server publishes its keys and its name in its metadata, consistently.",
            "The authorization server's duty; what of its metadata is believed, tests/test_metadata.py shows.",
        ),
        c="ID tokens may be signed with another key, which a resource server cannot tell.",
        d="`typ` is `at+jwt` or `application/at+jwt`, and any other is rejected: in the strict profile.",
        e="Encrypted tokens are decrypted with the keys agreed upon; where none are, there are no such tokens.",
        f=(
            "Where encryption was agreed upon, tokens that are not encrypted are rejected.",
            "Nobody can agree upon it with a resource server that decrypts nothing.",
        ),
        g="`iss` exactly matches the issuer's identifier.",
        h="`aud` contains an identifier of this resource server.",
        i="The signature is validated by the algorithm in `alg`.",
        j="`none` is rejected.",
        k="Only keys that the authorization server provides are used.",
        l="The time is before `exp`, but for a small leeway.",
        m="Any failure of these checks is answered with `invalid_token`.",
        n=(
            "Authorization claims (`groups`, `roles`, `entitlements`) are used together with what else is known.",
            "The application's decision; a route demands claims with `guard.require(claims=…)`.",
        ),
    ),
    *_section("RFC 6750 section 2", a="A token is presented in one way only."),
    *_section(
        "RFC 6750 section 2.1",
        a="`Bearer`, one or more spaces, and one token of its alphabet.",
        b="Resource servers support the header.",
        c=("Clients use the header.", "The client's duty; it is the only way here."),
    ),
    *_section(
        "RFC 6750 section 2.2",
        a="A resource server may take the token from a form; this one does not.",
        b=("A client puts it there under six conditions only.", "The client's duty, and forms are not read."),
    ),
    *_section(
        "RFC 6750 section 2.3",
        a="A resource server may take the token from the query; this one does not.",
        b=(
            "Answers to such requests are `Cache-Control: private`.",
            "No request succeeds by the token in its query.",
        ),
        c=("Clients send `Cache-Control: no-store` with it, and do so as a last resort.", "The client's duty."),
    ),
    *_section(
        "RFC 6750 section 3",
        a="There is a challenge where credentials are missing or do not give access.",
        b="The challenge's scheme is `Bearer`.",
        # Not to the letter where no credentials came and no realm is configured: `Bearer` then, as DESIGN promises.
        c="One or more parameters follow the scheme.",
        d="There is at most one `realm`.",
        e="There is at most one `scope`, of scope tokens and single spaces.",
        f="There is an `error` where a token was sent and refused; at most one, and at most one `error_description`.",
        g="`error` and `error_description` keep to their alphabet.",
        h=("`error_uri` is an absolute URI.", "None is sent."),
    ),
    *_section(
        "RFC 6750 section 3.1",
        a="`invalid_request` goes with 400.",
        b="`invalid_token` goes with 401: where a token is expired, malformed, or invalid for other reasons.",
        c=(
            "`invalid_token` goes with 401: where a token is revoked.",
            "Only the authorization server knows; where it is asked, tests/test_fresh.py shows.",
        ),
        d="`insufficient_scope` goes with 403, and with the `scope` that would do.",
        e="Where no credentials came, the challenge has no error code or other error information.",
    ),
    *_section(
        "RFC 6750 section 5.1",
        a="Threat: tokens are made up or modified.",
        b="Threat: what a token contains is disclosed.",
        c="Threat: a token for one resource server is used at another.",
        d="Threat: a token that was used before is used again.",
    ),
    *_section(
        "RFC 6750 section 5.2",
        a=(
            "A token that is but a reference cannot be guessed.",
            "The authorization server makes it; jwtguard asks it about such tokens, or refuses them.",
        ),
        b="The token's integrity is protected.",
        c="The token names its audience.",
        d="The token is restricted to a scope.",
        e=(
            "The authorization server has TLS.",
            "Its own duty; its keys are fetched by https only, tests/test_http.py shows.",
        ),
        f=("Requests travel in TLS.", "The matter of the server in front of the application."),
        g=("A token whose content the client must not see is encrypted.", "Whoever issues it decides that."),
        h=("The client validates the certificate chain.", "The client's duty."),
        i="Tokens are not put into cookies that can be sent in the clear.",
        j=("Behind a load balancer that ends TLS, tokens are kept confidential.", "The matter of the deployment."),
        k="The token's lifetime is limited.",
        l=("The client verifies whom it presents the token to.", "The client's duty."),
    ),
    *_section(
        "RFC 6750 section 5.3",
        a=("Clients safeguard tokens.", "The client's duty."),
        b=("Clients validate certificate chains.", "The client's duty."),
        c=("Clients always use TLS.", "The client's duty."),
        d="Tokens are not stored in cookies; where they are, forged requests are guarded against.",
        e=("Tokens live an hour at most.", "The authorization server decides; a resource server checks that they end."),
        f=("Tokens are scoped to their audience.", "The authorization server's duty; the check is section 5.2 (c)."),
        g="Tokens are not passed in URLs.",
    ),
    *_section(
        "RFC 9700 section 2.2.1",
        only="Tokens are bound to their sender; whoever sends such a token without a proof is refused.",
    ),
    *_section(
        "RFC 9700 section 2.3",
        a="A token for another resource server is refused, on every request.",
        b="A token that does not allow the action is refused, on every request.",
    ),
    *_section("RFC 9700 section 4.3.2", only="Tokens are never passed in the query."),
    *_section(
        "RFC 9700 section 4.9.3",
        only=(
            "The resource server neither stores nor transfers tokens in plaintext.",
            "No answer shows it: tests/attacks/test_kept_tokens.py and tests/test_introspector.py do.",
        ),
    ),
    *_section(
        "RFC 9700 section 4.13",
        only=(
            "Headers that an application believes are cleared of what came from outside.",
            "The proxy's duty; nothing but `Authorization` is believed, whatever the proxy sets.",
        ),
    ),
]
