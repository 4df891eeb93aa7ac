"""Attacks through the times: expired, not yet valid, of every JSON type, at every edge."""

from collections.abc import Iterator

from tests.attacks.case import ACCEPTED, Case, claims_text, signed, table
from tests.signing import NOW

LEEWAY = 30
LATEST = 253_402_300_799  # the last second of the year 9999

NOT_A_DATE = {
    "null": "null",
    "a string": '"soon"',
    "a number in a string": f'"{NOW + 100}"',
    "the empty string": '""',
    "an ISO 8601 date": '"2030-01-01T00:00:00Z"',
    "true": "true",
    "false": "false",
    "an array": f"[{NOW + 100}]",
    "an object": f'{{"exp": {NOW + 100}}}',
    "negative": "-1",
    "minus infinity, nearly": "-1.7976931348623157e308",
    "infinity, nearly": "1.7976931348623157e308",
    "a huge whole number": "9" * 4000,
    "the year 10000": str(LATEST + 1),
    "in milliseconds": str((NOW + 100) * 1000),
    "in microseconds": str((NOW + 100) * 1_000_000),
}
"""Values that are no NumericDate within the calendar (RFC 7519 section 2), as JSON text."""

NOT_JSON = {"NaN": "NaN", "Infinity": "Infinity", "1e999": "1e999", "a number with underscores": "1_900_000_000"}


def of_every_type() -> Iterator[Case]:
    clauses = {"exp": "RFC 7519 section 4.1.4", "nbf": "RFC 7519 section 4.1.5", "iat": "RFC 7519 section 4.1.6"}
    for claim, clause in clauses.items():
        yield from table(
            clause,
            "claim_malformed",
            {f"{claim} is {name}": signed(claims_text(**{claim: text})) for name, text in NOT_A_DATE.items()},
        )
        yield from table(
            clause,
            "token_malformed",
            {f"{claim} is {name}": signed(claims_text(**{claim: text})) for name, text in NOT_JSON.items()},
        )


def expiry() -> Iterator[Case]:
    clauses = (
        "RFC 9068 section 4 (l)",
        "RFC 6750 section 5.2 (k)",
        "RFC 9068 section 4 (m)",
        "RFC 6750 section 3.1 (b)",
    )
    gone = {
        "expired long ago": 1,
        "expired in 1970": 0,
        "expired as many seconds ago as are forgiven": NOW - LEEWAY,
        "expired a fraction more than is forgiven": NOW - LEEWAY - 0.001,
        "expired an hour ago": NOW - 3600,
        "expired at minus zero": -0.0,
    }
    yield from table(clauses, "expired", {name: signed(exp=value) for name, value in gone.items()})
    yield from table(clauses, "expired", {"expires now, and nothing is forgiven": signed(exp=NOW)}, rules={"leeway": 0})
    yield from table(clauses, "claim_missing", {"exp is missing": signed(exp=...)})
    yield from table(clauses, "claim_missing", {"exp is written Exp": signed(exp=..., Exp=NOW + 100)})
    yield from table(
        clauses,
        ACCEPTED,
        {
            "expired one second less ago than is forgiven": signed(exp=NOW - LEEWAY + 1),
            "expired a fraction less ago than is forgiven": signed(exp=NOW - LEEWAY + 0.001),
            "expires at the end of the year 9999": signed(exp=LATEST),
            "expires at a fraction of a second": signed(exp=NOW + 0.5),
        },
    )
    yield from table(
        clauses, ACCEPTED, {"expires in a second, and nothing is forgiven": signed(exp=NOW + 1)}, rules={"leeway": 0}
    )


def beginning() -> Iterator[Case]:
    yield from table(
        "RFC 7519 section 4.1.5",
        "not_yet_valid",
        {
            "valid from tomorrow": signed(nbf=NOW + 86400),
            "valid one second later than is forgiven": signed(nbf=NOW + LEEWAY + 1),
            "valid a fraction later than is forgiven": signed(nbf=NOW + LEEWAY + 0.001),
            "valid after it has expired": signed(nbf=NOW + 7200, exp=NOW + 3600),
        },
    )
    yield from table(
        "RFC 7519 section 4.1.5", "not_yet_valid", {"nbf, no leeway": signed(nbf=NOW + 1)}, rules={"leeway": 0}
    )
    yield from table(
        "RFC 7519 section 4.1.5",
        ACCEPTED,
        {
            "valid as much later as is forgiven": signed(nbf=NOW + LEEWAY),
            "valid since 1970": signed(nbf=0),
            "without nbf": signed(nbf=...),
        },
    )
    yield from table(
        "RFC 7519 section 4.1.6",
        "issued_in_future",
        {
            "issued one second later than is forgiven": signed(iat=NOW + LEEWAY + 1),
            "issued tomorrow": signed(iat=NOW + 86400),
        },
    )
    yield from table(
        "RFC 7519 section 4.1.6",
        ACCEPTED,
        {"issued as much later as is forgiven": signed(iat=NOW + LEEWAY), "without iat": signed(iat=...)},
    )


def cases() -> list[Case]:
    return [*of_every_type(), *expiry(), *beginning()]
