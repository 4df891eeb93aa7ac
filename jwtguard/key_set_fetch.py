"""One fetch of a published key set: conditional where that helps, believed where it is one."""

import asyncio
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

import msgspec

from jwtguard.freshness import DEFAULT_LIFETIME, lifetime
from jwtguard.http import HTTP, Answer, ExchangeFailed, answered
from jwtguard.key_set import KeySet

_LONGEST_VALIDATOR: Final = 256
_CACHING: Final = ("cache-control", "expires")


class PublishedKeys(msgspec.Struct, frozen=True):
    """A key set as it was fetched.

    Attributes:
        url: where it was fetched.
        keys: what it holds.
        lifetime: for how many seconds it may be used, from the fetch on.
        digest: SHA-256 of the document.
        conditions: the headers that make the next request a conditional one (RFC 9110 section 13.1).
        caching: the headers that said how long it lives; they stand until others come (RFC 9111 section 4.3.4).
    """

    url: str
    keys: KeySet
    lifetime: float
    digest: bytes
    conditions: Mapping[str, str]
    caching: Mapping[str, str]


NOTHING_PUBLISHED: Final = PublishedKeys(
    url="", keys=KeySet([]), lifetime=DEFAULT_LIFETIME, digest=b"", conditions={}, caching={}
)
"""What an issuer has whose metadata names no place for keys: its tokens are all opaque."""


async def fetch_key_set(
    http: HTTP,
    url: str,
    *,
    last: PublishedKeys | None,
    now: float,
    seconds: float,
    key_issuers: frozenset[str] = frozenset(),
) -> PublishedKeys:
    """Fetch a key set; where nothing has changed, the very same keys come again.

    Args:
        http: what to fetch with.
        url: where.
        last: what was fetched last time, if anything.
        now: seconds since the epoch.
        seconds: how long it may take.
        key_issuers: what a key must have in its `issuer` member to serve; anything, if there are none.

    Raises:
        ExchangeFailed: where no answer came, or one that is not a key set.
        InvalidKeySet: where a JWK Set came that holds no key which can serve.
    """
    known = last if last is not None and last.url == url else None
    conditions = known.conditions if known is not None else {}
    headers = {"Accept": "application/jwk-set+json, application/json", **conditions}
    answer = await http.request("GET", url, headers=headers, seconds=seconds, keep_alive=False)
    if answer.status == 304 and known is not None and conditions:
        return msgspec.structs.replace(known, lifetime=lifetime({**known.caching, **answer.headers}, now=now))
    if answer.status != 200:
        raise ExchangeFailed(f"{url} {answered(answer)}")
    digest = sha256(answer.body).digest()
    unchanged = last is not None and last.digest == digest
    return PublishedKeys(
        url=url,
        keys=last.keys if last is not None and unchanged else await _read(answer.body, key_issuers),
        lifetime=lifetime(answer.headers, now=now),
        digest=digest,
        conditions=conditions_from(answer),
        caching={name: answer.headers[name] for name in _CACHING if name in answer.headers},
    )


async def _read(document: bytes, key_issuers: frozenset[str]) -> KeySet:
    reading = KeySet.reading(document, issuers=key_issuers)
    while True:
        try:
            next(reading)
        except StopIteration as end:
            keys: KeySet = end.value
            return keys
        await asyncio.sleep(0)  # building a key takes up to 0.1 ms, and others want the event loop too


def conditions_from(answer: Answer) -> dict[str, str]:
    """Return the headers that make the next request a conditional one; none without a usable validator."""
    for validator, condition in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")):
        value = answer.headers.get(validator, "")
        # What cannot be sent back as it came would make every later request fail.
        if value and value.isascii() and len(value) <= _LONGEST_VALIDATOR:
            return {condition: value}
    return {}
