"""Attacks through who it is from, for and about: look-alikes of the issuer and the audience, claims of other types."""

from collections.abc import Iterator
from typing import Any

from tests.attacks.case import ACCEPTED, Case, header, key_set, signed, table
from tests.signing import AUDIENCE, ISSUER, signing_key

NOT_A_STRING: dict[str, Any] = {"null": None, "a number": 1, "true": True, "an object": {"a": "b"}, "zero": 0}


def look_alikes(url: str) -> dict[str, str]:
    """Names that are not this one, and would be to who trims, normalizes, or compares a part."""
    scheme, _, host = url.partition("://")
    return {
        "with a slash at the end": f"{url}/",
        "with a query": f"{url}?",
        "with a fragment": f"{url}#",
        "with a path": f"{url}/v2",
        "with a dot at the end": f"{url}.",
        "with its port": f"{url}:443",
        "with http": f"http://{host}",
        "without a scheme": host,
        "in upper case": url.upper(),
        "with a capital letter": f"{scheme}://{host.capitalize()}",
        "a longer name": f"{url}.attacker.example",
        "the name of a user elsewhere": f"{url}@attacker.example",
        "below another": f"https://attacker.example/{url}",
        "a shorter name": url[:-1],
        "of a neighbour": url.replace("://", "://evil-"),
        "percent-encoded": url.replace("example", "%65xample"),
        "with a Cyrillic letter": url.replace("e", "\u0435", 1),
        "with fullwidth letters": url.replace("a", "\uff41", 1),
        "in combining characters": url.replace("a", "a\u0301", 1),
        "with a soft hyphen": url.replace("example", "exam\u00adple"),
        "with a space in front": f" {url}",
        "with a space behind": f"{url} ",
        "with a line break behind": f"{url}\n",
        "with a NUL behind": f"{url}\u0000",
        "with a NUL and more behind": f"{url}\u0000.attacker.example",
        "with another behind a space": f"{url} https://attacker.example",
        "with another behind a comma": f"https://attacker.example,{url}",
        "a pattern": "https://*.example.com",
        "everything": "*",
        "nothing": "",
        "null in letters": "null",
    }


def issuers() -> Iterator[Case]:
    clauses = (
        "RFC 9068 section 4 (g)",
        "RFC 8725 section 3.8 (a)",
        "RFC 8725 section 3.8 (c)",
        "RFC 9068 section 4 (m)",
    )
    yield from table(
        clauses, "issuer_mismatch", {f"iss {name}": signed(iss=value) for name, value in look_alikes(ISSUER).items()}
    )
    yield from table(
        clauses,
        "issuer_mismatch",
        {f"iss is {name}": signed(iss=value) for name, value in {**NOT_A_STRING, "an array": [ISSUER]}.items()},
        pure_reason="claim_malformed",
    )
    yield from table(
        clauses,
        "issuer_mismatch",
        {"iss is missing": signed(iss=...), "iss is written ISS": signed(iss=..., ISS=ISSUER), "no claims": signed({})},
        pure_reason="claim_missing",
    )
    # Two trusted issuers: each one's keys are good for its own tokens only, whatever its key IDs are.
    partner, theirs = "https://partner.example", signing_key("ES256", number=5)
    both = {"more_issuers": {partner: key_set(theirs)}}
    yield from table(
        clauses,
        ACCEPTED,
        {"a partner's own token": theirs.token(iss=partner)},
        **both,
        pure_reason="signature_mismatch",
    )
    yield from table(
        clauses, "signature_mismatch", {"a partner's key under the issuer's name": theirs.token(iss=ISSUER)}, **both
    )
    yield from table(
        clauses,
        "signature_mismatch",
        {"the issuer's key under a partner's name": signed(iss=partner)},
        **both,
        pure_reason="issuer_mismatch",
    )
    other = signing_key("ES256", kid="theirs", number=5)
    yield from table(
        clauses,
        "unknown_key",
        {"a partner's key under the issuer's name, by its own kid": other.token(None, header(kid="theirs"))},
        more_issuers={partner: key_set(other)},
    )


def audiences() -> Iterator[Case]:
    clauses = (
        "RFC 9068 section 4 (h)",
        "RFC 8725 section 3.9 (b)",
        "RFC 6750 section 5.1 (c)",
        "RFC 6750 section 5.2 (c)",
        "RFC 9068 section 4 (m)",
        "RFC 9700 section 2.3 (a)",
    )
    others = look_alikes(AUDIENCE)
    yield from table(clauses, "audience_mismatch", {f"aud {name}": signed(aud=value) for name, value in others.items()})
    yield from table(
        clauses,
        "audience_mismatch",
        {
            "aud is no one": signed(aud=[]),
            "aud is everything that looks like us": signed(aud=list(others.values())),
            "aud is two others": signed(aud=["https://one.example", "https://two.example"]),
        },
    )
    malformed = {
        **NOT_A_STRING,
        "us within an array within an array": [[AUDIENCE]],
        "us, and a number": [AUDIENCE, 1],
        "us, and null": [None, AUDIENCE],
        "us, as a member": {AUDIENCE: AUDIENCE},
    }
    yield from table(
        clauses, "claim_malformed", {f"aud is {name}": signed(aud=value) for name, value in malformed.items()}
    )
    yield from table(
        ("RFC 8725 section 3.9 (a)", "RFC 8725 section 3.9 (b)"),
        "claim_missing",
        {"aud is missing": signed(aud=...), "aud is written audience": signed(aud=..., audience=AUDIENCE)},
    )
    yield from table(
        clauses,
        ACCEPTED,
        {
            "aud is us among others": signed(aud=["https://other.example", AUDIENCE]),
            "aud is us twice": signed(aud=[AUDIENCE] * 2),
        },
    )


def other_claims() -> Iterator[Case]:
    not_strings = {**NOT_A_STRING, "an array": ["user-1"]}
    for claim, clause in {
        "sub": "RFC 7519 section 4.1.2",
        "client_id": "RFC 8693 section 4.3",
        "jti": "RFC 7519 section 4.1.7",
        "scope": "RFC 8693 section 4.2",
    }.items():
        yield from table(
            clause,
            "claim_malformed",
            {f"{claim} is {name}": signed(**{claim: value}) for name, value in not_strings.items()},
        )
    lists: dict[str, Any] = {**NOT_A_STRING, "an array with a number": ["a", 1], "an array of arrays": [["a"]]}
    yield from table(
        "RFC 8693 section 4.2",
        "claim_malformed",
        {f"scp is {name}": signed(scope=..., scp=value) for name, value in lists.items()},
    )
    yield from table(
        "RFC 9068 section 2.2",
        "claim_missing",
        {
            "sub is missing in the strict profile": signed(sub=...),
            "client_id is missing in the strict profile": signed(client_id=...),
            "iat is missing in the strict profile": signed(iat=...),
            "jti is missing in the strict profile": signed(jti=...),
            "azp in the place of client_id in the strict profile": signed(client_id=..., azp="client-1"),
        },
        rules={"profile": "rfc9068"},
    )
    yield from table(
        "RFC 7519 section 4",
        "claim_missing",
        {
            "a claim that is required here is missing": signed(),
            "a claim that is required here is null": signed(tenant=None),
        },
        rules={"required_claims": ("tenant",)},
    )
    told_apart = {"rules": {"claim_values": {"token_use": "access"}}}
    yield from table(
        "RFC 8725 section 3.12",
        "claim_mismatch",
        {
            "a claim that tells access tokens apart has another value": signed(token_use="id"),
            "a claim that tells access tokens apart has the value in an array": signed(token_use=["access"]),
            "a claim that tells access tokens apart has the value in capitals": signed(token_use="ACCESS"),
        },
        **told_apart,
    )
    yield from table(
        "RFC 8725 section 3.12",
        "claim_mismatch",
        {"a claim that tells access tokens apart is missing": signed()},
        **told_apart,
    )
    yield from table(
        "RFC 9068 section 2.2",
        ACCEPTED,
        {"all that the strict profile asks for": signed()},
        rules={"profile": "rfc9068"},
    )


def scopes() -> Iterator[Case]:
    clauses = (
        "RFC 6750 section 3.1 (d)",
        "RFC 6749 section 3.3",
        "RFC 6750 section 5.2 (d)",
        "RFC 9700 section 2.3 (b)",
    )
    granted: dict[str, dict[str, Any]] = {
        "nothing": {"scope": ""},
        "no scope at all": {"scope": ...},
        "another": {"scope": "invoices:read"},
        "a longer one": {"scope": "invoices:writer"},
        "a shorter one": {"scope": "invoices:writ"},
        "the same in capitals": {"scope": "INVOICES:WRITE"},
        "a pattern": {"scope": "invoices:* *"},
        "two with a comma": {"scope": "invoices:read,invoices:write"},
        "two with a tab": {"scope": "invoices:read\tinvoices:write"},
        "two with a line break": {"scope": "invoices:read\ninvoices:write"},
        "two with a non-breaking space": {"scope": "invoices:read\u00a0invoices:write"},
        "the same with a plus sign": {"scope": "+invoices:write"},
        "the same in quotes": {"scope": '"invoices:write"'},
        "both in one member of an array": {"scope": ..., "scp": ["invoices:read invoices:write"]},
        "it in scp, and scope says less": {"scope": "invoices:read", "scp": ["invoices:write"]},
        "it in scopes": {"scope": ..., "scopes": ["invoices:write"]},
        "it in roles": {"scope": ..., "roles": ["invoices:write"]},
    }
    demanded = {"scopes": ("invoices:write",), "faces": ("fastapi",), "pure_reason": ACCEPTED}
    yield from table(
        clauses,
        "insufficient_scope",
        {f"granted {name}": signed(**claims) for name, claims in granted.items()},
        **demanded,
    )
    yield from table(
        clauses,
        ACCEPTED,
        {
            "granted what is demanded, among others": signed(scope="a invoices:write z"),
            "granted what is demanded, between spaces": signed(scope="  invoices:write "),
            "granted what is demanded, in scp": signed(scope=..., scp=["invoices:write"]),
            "granted what is demanded, in the text of scp": signed(scope=..., scp="invoices:read invoices:write"),
        },
        **demanded,
    )
    yield from table(
        clauses,
        "expired",
        {"granted what is demanded, long ago": signed(scope="invoices:write", exp=1)},
        **{**demanded, "pure_reason": None},
    )


def cases() -> list[Case]:
    return [*issuers(), *audiences(), *other_claims(), *scopes()]
