"""What an auditor says of how the documents are served: caching, revalidation, type, speed, and the clock. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from jwtguard.claims import DEFAULT_LEEWAY
from jwtguard.cli.findings import Finding, advice, broken, fine
from jwtguard.cli.moments import duration
from jwtguard.cli.survey import Exchange
from jwtguard.fetched_keys import OUTAGE_TOLERANCE
from jwtguard.freshness import DEFAULT_LIFETIME, LONGEST_LIFETIME, REFRESH_AT, SHORTEST_LIFETIME, http_date, lifetime
from jwtguard.http import TIMEOUT, Answer

SLOW_SECONDS: Final = 1.0
CLOCKS_APART_SECONDS: Final = 5.0

_FRESHNESS_HEADERS: Final = ("cache-control", "expires", "age")
_JSON: Final = "application/json"
_JWK_SET: Final = "application/jwk-set+json"


def about_caching(answer: Answer, *, now: float) -> Iterator[Finding]:
    """Say for how long the keys are used, and why.

    Args:
        answer: the response with the key set.
        now: when it came, seconds since the epoch.
    """
    about = "caching"
    seconds = lifetime(answer.headers, now=now)
    said = ", ".join(f"{name}: {answer.headers[name]}" for name in _FRESHNESS_HEADERS if name in answer.headers)
    used = (
        f"the keys are used for {duration(seconds)} and fetched anew in the background"
        f" after about {duration(seconds * REFRESH_AT)}"
    )
    if not {"cache-control", "expires"} & answer.headers.keys():
        what_to_do = (
            "Send Cache-Control: max-age=3600, or whatever is less than the time from publishing a key to using it."
        )
        yield advice(about, f"no Cache-Control: {used} (the default)", what_to_do)
    elif seconds == SHORTEST_LIFETIME:
        yield advice(about, f"{said}: {used} (the least)", "Allow some minutes at least: keys change seldom.")
    elif seconds == LONGEST_LIFETIME:
        yield fine(about, f"{said}: {used} (the most)")
    elif seconds == DEFAULT_LIFETIME and "max-age" not in said and "expires" not in answer.headers:
        yield advice(about, f"{said}: {used} (the default)", "Send max-age as well.")
    else:
        yield fine(about, f"{said}: {used}")
    yield fine(about, f"should the issuer fail, its keys serve for {duration(OUTAGE_TOLERANCE)} after the last fetch")


def about_revalidation(first: Answer, again: Exchange | None) -> Iterator[Finding]:
    """Say whether a refresh can be answered with 304.

    Args:
        first: the response with the key set.
        again: the conditional request that followed, or None where the first response left nothing to ask with.
    """
    about = "revalidation"
    if again is None:
        size = len(first.body)
        yield advice(about, f"no usable ETag or Last-Modified: each refresh takes {size} bytes", "Send an ETag.")
        return
    name = "ETag" if "etag" in first.headers else "Last-Modified"
    if again.answer is None:
        yield advice(about, f"the conditional request failed: {again.failure}", "Answer it with 304 or 200.")
    elif again.answer.status != 304:
        yield advice(
            about,
            f"{name} is sent, but the conditional request was answered {again.answer.status}",
            "Answer it with 304.",
        )
    else:
        yield fine(about, f"{name} works: an unchanged key set is answered with 304")
    if modified := first.headers.get("last-modified"):
        yield fine(about, f"the key set was last modified on {modified}")


def about_content_type(what: str, answer: Answer, *, key_set: bool) -> Iterator[Finding]:
    """Say whether the media type is the registered one; jwtguard does not depend on it.

    Args:
        what: the document's name.
        answer: the response with it.
        key_set: whether it is a JWK Set.
    """
    sent = answer.headers.get("content-type", "")
    expected = (_JWK_SET, _JSON) if key_set else (_JSON,)
    if sent.partition(";")[0].strip().lower() in expected:
        yield fine("content type", f"{what}: {sent}")
    else:
        yield advice("content type", f"{what}: {sent or 'none'}", f"Send {' or '.join(expected)}.")


def about_speed(metadata: Sequence[Exchange], key_set: Exchange | None) -> Iterator[Finding]:
    """Say how long the first fetch takes, which the first requests of an API wait for.

    Args:
        metadata: the exchanges that it takes to find the metadata.
        key_set: the exchange that fetches the keys.
    """
    about = "response time"
    exchanges = [*metadata, *([key_set] if key_set is not None else [])]
    if not any(exchange.answer is not None for exchange in exchanges):
        return
    total = sum(exchange.seconds for exchange in exchanges)
    each = ", ".join(f"{exchange.url} {exchange.seconds * 1000:.0f} ms" for exchange in exchanges)
    if total > TIMEOUT:
        what_to_do = f"Metadata and keys must come within {TIMEOUT:g} s together, or there are none."
        yield broken(about, f"{total:.1f} s: {each}", what_to_do)
    elif total > SLOW_SECONDS:
        yield advice(about, f"{total:.1f} s: {each}", "An API's first requests wait that long: use its lifespan.")
    else:
        yield fine(about, each)


def about_clock(exchanges: Sequence[Exchange]) -> Iterator[Finding]:
    """Say how far the issuer's clock and this machine's are apart.

    Args:
        exchanges: all that were made; the freshest `Date` counts, because caches may have kept the others.
    """
    about = "clock"
    differences = [difference for exchange in exchanges if (difference := _ahead(exchange)) is not None]
    if not differences:
        if any(exchange.answer is not None for exchange in exchanges):
            yield advice(about, "no answer has a usable Date", "Send Date, so that clocks can be compared.")
        return
    ahead = max(differences)
    apart = f"the issuer's clock is {duration(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} this machine's"
    if abs(ahead) > DEFAULT_LEEWAY:
        what_to_do = (
            f"Set both by NTP: more than {DEFAULT_LEEWAY} s apart, good tokens are refused or ended ones accepted."
        )
        yield broken(about, apart, what_to_do)
    elif abs(ahead) > CLOCKS_APART_SECONDS:
        yield advice(about, apart, f"Set both by NTP; up to {DEFAULT_LEEWAY} s are forgiven.")
    else:
        yield fine(about, "the issuer's clock and this machine's agree, as far as Date tells")


def _ahead(exchange: Exchange) -> float | None:
    """Return how far the server is ahead, in seconds: `Date` counts whole ones, hence the half."""
    if exchange.answer is None:
        return None
    headers = exchange.answer.headers
    date, age = http_date(headers.get("date", "")), headers.get("age", "0").strip()
    if date is None:
        return None
    spent = float(age) if age.isascii() and age.isdigit() and len(age) <= 10 else 0.0
    return date + 0.5 + spent - (exchange.sent_at + exchange.seconds / 2)
