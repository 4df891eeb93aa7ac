"""What an auditor says of the keys of a set, and of the algorithms that go with them. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from jwtguard.algorithms import ALGORITHMS, SYMMETRIC
from jwtguard.cli.findings import Finding, advice, broken, fine
from jwtguard.cli.keys import KeyCertificate, PublishedKey
from jwtguard.cli.moments import count, duration

USUAL_EXPONENT: Final = 65537
LARGEST_USEFUL_RSA_BITS: Final = 4096
OLD_CERTIFICATE_SECONDS: Final = 2 * 365.25 * 86400

_ABOUT: Final = "keys"


def about_keys(keys: Sequence[PublishedKey], *, now: float) -> Iterator[Finding]:
    """Say what is to be said of the members of a key set.

    Args:
        keys: the members, in order.
        now: seconds since the epoch.
    """
    serving = [key for key in keys if key.serves]
    if serving:
        yield fine(_ABOUT, f"{count(len(serving), 'key')} of {len(keys)} can verify tokens")
    else:
        yield broken(_ABOUT, "no key of the set can verify a token", "The issuer must publish a usable signing key.")
    for key in keys:
        yield from _about_key(key, now=now)
    yield from _about_repetitions(keys)


def label(key: PublishedKey) -> str:
    """Name a key in a sentence."""
    return f"key {key.position + 1} (kid {key.kid!r})" if key.kid is not None else f"key {key.position + 1} (no kid)"


def _about_key(key: PublishedKey, *, now: float) -> Iterator[Finding]:
    name = label(key)
    if key.secret:
        what = f"{name} is published with its secret part ({', '.join(key.secret)})"
        yield broken(_ABOUT, what, "Withdraw it now: whoever has read this set can sign tokens with it.")
    elif key.skipped is not None:
        yield _about_skipped(key, key.skipped)
    if key.serves:
        yield from _about_members(key)
    if key.certificate is not None:
        yield from _about_certificate(name, key.certificate, now=now)


def _about_skipped(key: PublishedKey, why: str) -> Finding:
    if key.use == "enc":
        return fine(_ABOUT, f"{label(key)} is for encryption, and plays no part here")
    return advice(
        _ABOUT, f"{label(key)} is skipped: {why}", "Tokens signed with it are refused: mend it or withdraw it."
    )


def _about_members(key: PublishedKey) -> Iterator[Finding]:
    name = label(key)
    if key.kid is None:
        yield advice(
            _ABOUT, f"{name} has no 'kid'", "Give it one: without, tokens cannot name their key when it is rotated."
        )
    if key.algorithm is None and key.type == "RSA":
        yield advice(
            _ABOUT,
            f"{name} has no 'alg', so it serves {', '.join(key.serves)}",
            "Publish 'alg', or name the algorithms in use: Issuer(url, algorithms=…).",
        )
    if key.use is None:
        yield advice(_ABOUT, f"{name} has no 'use'", "Publish 'use': 'sig', so that it can serve nothing else.")
    if key.exponent not in (None, USUAL_EXPONENT):
        yield advice(
            _ABOUT, f"{name} has the public exponent {key.exponent}", f"Make keys with the exponent {USUAL_EXPONENT}."
        )
    bits = key.size.removesuffix(" bits")
    if key.type == "RSA" and bits.isdigit() and int(bits) > LARGEST_USEFUL_RSA_BITS:
        yield advice(_ABOUT, f"{name} has {bits} bits", "Each check costs accordingly; ES256 or 3072 bits are enough.")


def _about_certificate(name: str, certificate: KeyCertificate, *, now: float) -> Iterator[Finding]:
    today = datetime.fromtimestamp(now, UTC)
    if certificate.same_key is False:
        yield advice(_ABOUT, f"{name} carries the certificate of another key", "Publish its own in 'x5c', or none.")
    if certificate.not_after < today:
        yield advice(
            _ABOUT,
            f"{name} carries a certificate that ended on {certificate.not_after:%Y-%m-%d}",
            "Software that looks at certificates refuses it (jwtguard does not): rotate the key.",
        )
        return
    age = (today - certificate.not_before).total_seconds()
    if age > OLD_CERTIFICATE_SECONDS:
        yield advice(
            _ABOUT, f"{name} has a certificate that is {duration(age)} old", "Rotate signing keys once a year."
        )
    elif age >= 0:
        yield fine(_ABOUT, f"{name} has a certificate that is {duration(age)} old")


def _about_repetitions(keys: Sequence[PublishedKey]) -> Iterator[Finding]:
    for kid, times in Counter(key.kid for key in keys if key.kid is not None).items():
        if times > 1:
            yield advice(
                _ABOUT,
                f"the kid {kid!r} is given to {times} keys",
                "Give each key a kid of its own (RFC 7517 section 4.5).",
            )
    for digest, times in Counter(key.digest for key in keys if key.digest is not None).items():
        if times > 1:
            which = " and ".join(label(key) for key in keys if key.digest == digest)
            yield advice(_ABOUT, f"{which} are the same key", "Publish each key once.")


def about_algorithms(document: Mapping[str, Any] | None, keys: Sequence[PublishedKey]) -> Iterator[Finding]:
    """Compare what the metadata advertises with what the keys can verify.

    Args:
        document: the metadata, or None.
        keys: the members of the key set.
    """
    about = "algorithms"
    served = {name for key in keys for name in key.serves}
    named = document.get("id_token_signing_alg_values_supported") if document is not None else None
    advertised = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    if served:
        yield fine(about, f"the keys verify {', '.join(name for name in ALGORITHMS if name in served)}")
    if not advertised:
        return
    if "none" in advertised:
        yield advice(about, "the metadata advertises 'none'", "Have it withdrawn; unsigned tokens are always refused.")
    if shared := [name for name in advertised if name in SYMMETRIC]:
        yield fine(about, f"{', '.join(shared)} (advertised) take a shared secret; tokens signed so are refused")
    if keyless := [name for name in advertised if name in ALGORITHMS and name not in SYMMETRIC and name not in served]:
        yield advice(
            about,
            f"{', '.join(keyless)} (advertised) have no key in the set",
            "Tokens signed so are refused: publish the key, or do not advertise the algorithm.",
        )
    if foreign := [name for name in advertised if name not in ALGORITHMS and name != "none"]:
        yield advice(
            about, f"{', '.join(foreign)} (advertised) are not supported here", "Have access tokens signed otherwise."
        )
