"""Attacks on the answer: that it says too much, too little, or what came with the request."""

from collections.abc import Iterator

from tests.attacks.case import Case, Request, header, signed, table
from tests.signing import NOW

EXPIRED = 'error="invalid_token", error_description="The access token has expired."'
SCOPE = 'error="insufficient_scope", error_description="The access token lacks a scope that this resource requires."'
HOSTILE = '"; realm="x", Bearer \\ \r\nX-Injected: 1 <script>alert(1)</script> \u0000 é 🦊'


def exact() -> Iterator[Case]:
    expired = signed(exp=NOW - 60)
    yield from table(
        ("RFC 6750 section 3.1 (e)", "RFC 6750 section 3 (b)"),
        "credentials_missing",
        {"no credentials": Request()},
        challenge="Bearer",
    )
    yield from table(
        ("RFC 6750 section 3 (c)", "RFC 6750 section 3 (d)"),
        "credentials_missing",
        {"no credentials, and the realm is empty": Request()},
        realm="",
        challenge='Bearer realm=""',
    )
    yield from table(
        ("RFC 6750 section 3 (d)", "RFC 6750 section 3.1 (e)"),
        "credentials_missing",
        {"no credentials, and there is a realm": Request()},
        realm="example",
        challenge='Bearer realm="example"',
    )
    yield from table(
        ("RFC 6750 section 3 (d)", "RFC 6750 section 3 (f)", "RFC 6750 section 3.1 (b)", "RFC 6750 section 3 (a)"),
        "expired",
        {"an expired token, and there is a realm": expired},
        realm="example",
        challenge=f'Bearer realm="example", {EXPIRED}',
    )
    yield from table(
        ("RFC 6750 section 3 (d)", "RFC 9110 section 5.6.4"),
        "expired",
        {"an expired token, and the realm has quotes": expired},
        realm='the "inner" realm\\',
        challenge=f'Bearer realm="the \\"inner\\" realm\\\\", {EXPIRED}',
    )
    yield from table(
        ("RFC 6750 section 3 (e)", "RFC 6750 section 3.1 (d)", "RFC 6750 section 3 (a)"),
        "insufficient_scope",
        {"two scopes too few": signed(scope="profile")},
        scopes=("invoices:read", "invoices:write"),
        faces=("fastapi",),
        pure_reason="accepted",
        challenge=f'Bearer {SCOPE}, scope="invoices:read invoices:write"',
    )
    yield from table(
        ("RFC 6750 section 3 (e)", "RFC 6750 section 3 (d)"),
        "insufficient_scope",
        {"a scope too few, and there is a realm": signed(scope="profile")},
        scopes=("invoices:write",),
        faces=("fastapi",),
        pure_reason="accepted",
        realm="example",
        challenge=f'Bearer realm="example", {SCOPE}, scope="invoices:write"',
    )


def hostile() -> Iterator[Case]:
    silent = ("RFC 6750 section 5.1 (b)", "RFC 6750 section 3 (g)")
    yield from table(silent, "unknown_key", {"a kid that would end the header": signed(None, header(kid=HOSTILE))})
    yield from table(
        silent, "algorithm_not_allowed", {"an alg that would end the header": signed(None, header(alg=HOSTILE))}
    )
    yield from table(silent, "type_mismatch", {"a typ that would end the header": signed(None, header(typ=HOSTILE))})
    yield from table(silent, "issuer_mismatch", {"an iss that would end the header": signed(iss=HOSTILE)})
    yield from table(silent, "audience_mismatch", {"an aud that would end the header": signed(aud=[HOSTILE])})
    yield from table(silent, "claim_malformed", {"an exp that would end the header": signed(exp=HOSTILE)})
    yield from table(
        silent,
        "insufficient_scope",
        {"a scope that would end the header": signed(scope=HOSTILE)},
        scopes=("invoices:write",),
        faces=("fastapi",),
        pure_reason="accepted",
    )
    yield from table(
        silent,
        "critical_header_unsupported",
        {"a crit that would end the header": signed(None, header(crit=[HOSTILE]))},
    )


def cases() -> list[Case]:
    return [*exact(), *hostile()]
