"""RFC 8725 section 3, RFC 9068 section 4, RFC 6750 sections 2, 3 and 5, clause by clause.

Every clause either has cases in the table, which name it, or says here why a resource server has nothing to do for it.
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
        c="Each key is used with exactly one algorithm, and that is checked when it is used.",
    ),
    *_section(
        "RFC 8725 section 3.2",
        a="Only cryptographically current algorithms are allowed.",
        b="Applications can move to other algorithms.",
        c="`none` is not consumed.",
        d="RSA-PKCS1 v1.5 encryption is avoided.",
        e=("ECDSA signatures are made deterministically.", "A resource server makes no token signatures."),
    ),
    *_section(
        "RFC 8725 section 3.3",
        a="All cryptographic operations are validated, and the whole token is rejected if one fails.",
        b="Of nested tokens, both the outer and the inner operations are validated.",
    ),
    *_section(
        "RFC 8725 section 3.4",
        a="Inputs are validated before they are used: points on the curve.",
        b="Public keys are validated: of the curve's field, and of its group.",
        c="For X25519 and X448 the considerations of RFC 8037 apply.",
    ),
    *_section(
        "RFC 8725 section 3.5",
        a="Keys have enough entropy.",
        b="Passwords that a human can remember are no keys.",
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
    ),
    *_section("RFC 8725 section 3.12", only="The rules for different kinds of tokens exclude each other."),
    *_section(
        "RFC 9068 section 4",
        a=(
            "The authorization server publishes its keys and its name in its metadata, consistently.",
            "The authorization server's duty; what of its metadata is believed, tests/test_metadata.py shows.",
        ),
        b="ID tokens may be signed with another key, which a resource server cannot tell.",
        c="`typ` is `at+jwt` or `application/at+jwt`.",
        d="Encrypted tokens are decrypted with the keys agreed upon; where none are, there are no such tokens.",
        e="`iss` exactly matches the issuer's identifier.",
        f="`aud` contains an identifier of this resource server.",
        g="The signature is validated by the algorithm in `alg`.",
        h="`none` is rejected.",
        i="Only keys that the authorization server provides are used.",
        j="The time is before `exp`, but for a small leeway.",
        k="Any failure is answered with `invalid_token`.",
        l=(
            "Authorization claims (`groups`, `roles`, `entitlements`) are used together with what else is known.",
            "The application's decision; a route demands claims with `guard.require(claims=…)`.",
        ),
    ),
    *_section("RFC 6750 section 2", a="A token is presented in one way only."),
    *_section(
        "RFC 6750 section 2.1",
        a="`Bearer`, one or more spaces, and one token of its alphabet.",
        b="Resource servers support the header.",
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
            "No request with a token in its query is answered so.",
        ),
    ),
    *_section(
        "RFC 6750 section 3",
        a="There is a challenge where credentials are missing or do not give access.",
        b="The challenge's scheme is `Bearer`.",
        c="There is at most one `realm`.",
        d="There is at most one `scope`, of scope tokens and single spaces.",
        e="There is an `error` where a token was sent and refused; at most one, and at most one `error_description`.",
        f="`error` and `error_description` keep to their alphabet.",
        g=("`error_uri` is an absolute URI.", "None is sent."),
    ),
    *_section(
        "RFC 6750 section 3.1",
        a="`invalid_request` goes with 400.",
        b="`invalid_token` goes with 401.",
        c="`insufficient_scope` goes with 403, and with the `scope` that would do.",
        d="Where no credentials came, there is no error code.",
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
        a="The token's integrity is protected.",
        b="The token names its audience.",
        c=(
            "The authorization server has TLS.",
            "Its own duty; its keys are fetched by https only, tests/test_http.py shows.",
        ),
        d=("Requests travel in TLS.", "The matter of the server in front of the application."),
        e=("A token whose content the client must not see is encrypted.", "Whoever issues it decides that."),
        f=("The client validates the certificate chain.", "The client's duty."),
        g=("Behind a load balancer that ends TLS, tokens are kept confidential.", "The matter of the deployment."),
        h="Tokens are not put into cookies that can be sent in the clear.",
        i=("The client verifies whom it presents the token to.", "The client's duty."),
        j="The token's lifetime is limited.",
    ),
    *_section(
        "RFC 6750 section 5.3",
        a=("Clients safeguard tokens.", "The client's duty."),
        b=("Clients validate certificate chains.", "The client's duty."),
        c=("Clients always use TLS.", "The client's duty."),
        d="Tokens are not stored in cookies; where they are, forged requests are guarded against.",
        e=("Tokens live an hour at most.", "The authorization server decides; a resource server checks that they end."),
        f=("Tokens are scoped to their audience.", "The authorization server's duty; the check is section 5.2 (b)."),
        g="Tokens are not passed in URLs.",
    ),
]
