"""What an issuer publishes, fetched as jwtguard fetches it, with everything that an auditor wants to see kept."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jwtguard.encoding import decode_object
from jwtguard.errors import ConfigurationError
from jwtguard.http import HTTP, Answer, Deadline, ExchangeFailed, check_url
from jwtguard.key_set_fetch import conditions_from
from jwtguard.metadata import Metadata, MetadataRefused, fetch_metadata, metadata_urls

KEY_SET_TYPES: Final = "application/jwk-set+json, application/json"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it.

    Attributes:
        url: where it went.
        sent_at: when, seconds since the epoch.
        seconds: how long the whole exchange took.
        answer: the response, or None.
        failure: why there is none; empty where there is one.
    """

    url: str
    sent_at: float
    seconds: float
    answer: Answer | None
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What an issuer publishes.

    Attributes:
        issuer: its configured URL.
        places: the exchanges with both places where metadata may be, in the order in which jwtguard tries them.
        metadata: what jwtguard believes, or None.
        refusal: why it believes nothing.
        document: the metadata that is believed; else the first that was found, or None.
        jwks_uri: where the keys were looked for, or None.
        key_set: the exchange that fetched them.
        again: a second, conditional one, where the first answer had a usable ETag or date to make it one.
    """

    issuer: str
    places: tuple[Exchange, ...]
    metadata: Metadata | None = None
    refusal: str = ""
    document: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    key_set: Exchange | None = None
    again: Exchange | None = None


async def survey(issuer: str, *, http: HTTP, clock: Callable[[], float], allow_http: bool = False) -> Survey:
    """Fetch what an issuer publishes: six requests at the most.

    Args:
        issuer: its URL, checked before.
        http: what to fetch with.
        clock: seconds since the epoch.
        allow_http: let plain http through to other machines.
    """
    places = tuple([await _exchange(http, url, clock) for url in metadata_urls(issuer)])
    metadata, refusal = await _verdict(http, issuer, allow_http=allow_http)
    found = metadata.document if metadata is not None else next(filter(None, map(document_of, places)), None)
    keys_at = _usable_jwks_uri(found, issuer, allow_http=allow_http)
    key_set = None if keys_at is None else await _exchange(http, keys_at, clock, {"Accept": KEY_SET_TYPES})
    return Survey(
        issuer=issuer,
        places=places,
        metadata=metadata,
        refusal=refusal,
        document=found,
        jwks_uri=keys_at,
        key_set=key_set,
        again=await _again(http, key_set, clock),
    )


def document_of(exchange: Exchange) -> dict[str, Any] | None:
    """Return the JSON object that came, or None."""
    if exchange.answer is None or exchange.answer.status != 200:
        return None
    try:
        return decode_object(exchange.answer.body)
    except ValueError:
        return None


async def _verdict(http: HTTP, issuer: str, *, allow_http: bool) -> tuple[Metadata | None, str]:
    """Have jwtguard itself say what it believes."""
    try:
        return await fetch_metadata(
            http, issuer, first=None, allow_http=allow_http, deadline=Deadline(http.timeout)
        ), ""
    except (ExchangeFailed, MetadataRefused) as error:
        return None, str(error)


async def _exchange(
    http: HTTP, url: str, clock: Callable[[], float], headers: Mapping[str, str] | None = None
) -> Exchange:
    sent_at, started = clock(), time.perf_counter()
    try:
        answer = await http.request("GET", url, headers=headers)
    except ExchangeFailed as error:
        return Exchange(url, sent_at, time.perf_counter() - started, None, str(error))
    return Exchange(url, sent_at, time.perf_counter() - started, answer)


def _usable_jwks_uri(document: Mapping[str, Any] | None, issuer: str, *, allow_http: bool) -> str | None:
    """Where the keys are said to be, even if the metadata is refused for another reason: the auditor looks on."""
    jwks_uri = document.get("jwks_uri") if document is not None else None
    try:
        check_url(jwks_uri, what="'jwks_uri'", allow_http=allow_http)
    except ConfigurationError:
        return None
    # An issuer elsewhere has no reason to send anybody to plain http on this very machine.
    usable = str(jwks_uri).startswith("https:") or allow_http or issuer.startswith("http:")
    return str(jwks_uri) if usable else None


async def _again(http: HTTP, key_set: Exchange | None, clock: Callable[[], float]) -> Exchange | None:
    if key_set is None or key_set.answer is None or key_set.answer.status != 200:
        return None
    conditions = conditions_from(key_set.answer)
    return await _exchange(http, key_set.url, clock, {"Accept": KEY_SET_TYPES, **conditions}) if conditions else None
