"""What an auditor says of an issuer: all findings of a survey, those about discovery and introspection first. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from jwtguard.cli.delivery_findings import (
    about_caching,
    about_clock,
    about_content_type,
    about_revalidation,
    about_speed,
)
from jwtguard.cli.findings import Finding, advice, broken, fine
from jwtguard.cli.key_findings import about_algorithms, about_keys
from jwtguard.cli.keys import PublishedKey, published_keys
from jwtguard.cli.moments import count
from jwtguard.cli.survey import Exchange, Survey, document_of
from jwtguard.errors import ConfigurationError, InvalidKeySet
from jwtguard.http import check_url

_NO_METADATA: Final = "Check the URL; an issuer without metadata is configured with Issuer(url, jwks_uri=…)."
_NO_REDIRECTS: Final = "Redirects are never followed: name the place that they lead to, if you trust it."


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was found.

    Attributes:
        issuer: its URL.
        findings: in the order of the look-up.
        keys: the members of its key set.
    """

    issuer: str
    findings: tuple[Finding, ...]
    keys: tuple[PublishedKey, ...]

    @property
    def broken(self) -> bool:
        """Whether anything is broken; advice does not count."""
        return any(finding.weight == "broken" for finding in self.findings)


def diagnose(survey: Survey) -> Diagnosis:
    """Write down what a survey tells."""
    keys, key_set_findings = _key_set(survey)
    exchanges = [one for one in (*survey.places, survey.key_set, survey.again) if one is not None]
    findings = (
        *_about_transport(exchanges),
        *_about_discovery(survey),
        *key_set_findings,
        *about_algorithms(survey.document, keys),
        *_about_delivery(survey),
        *about_speed(_tried(survey), survey.key_set),
        *about_clock(exchanges),
        *_about_introspection(survey),
    )
    return Diagnosis(survey.issuer, findings, keys)


def _about_transport(exchanges: Iterable[Exchange]) -> Iterator[Finding]:
    for url in dict.fromkeys(_origin(exchange.url) for exchange in exchanges if exchange.answer is not None):
        if url.startswith("https:"):
            yield fine("transport", f"{url} is asked over https, its certificate verified")
        elif _is_this_machine(url):
            yield fine("transport", f"{url} is asked over plain http, on this very machine")
        else:
            what_to_do = "Only where nobody else is on the network; anybody on it can hand out keys of their own."
            yield advice("transport", f"{url} is asked over plain http", what_to_do)


def _about_discovery(survey: Survey) -> Iterator[Finding]:
    about = "discovery"
    for place in survey.places:
        document = document_of(place)
        if survey.metadata is not None and place.url == survey.metadata.url:
            yield fine(about, f"{place.url} has the metadata")
        elif document is not None:
            yield from _about_other_document(survey, place.url, document)
        elif survey.document is None:
            yield broken(about, _came(place), _instead(place, _NO_METADATA))
        elif place.answer is None:
            yield advice(about, _came(place), "It is asked too: have it answer, with 404 at least.")
        else:
            yield fine(about, _came(place))
    if survey.metadata is not None:
        yield fine("issuer name", "the metadata names the configured issuer, to the letter")
    elif survey.document is not None:
        yield broken("issuer name", survey.refusal, _how_to_be_believed(survey.issuer, survey.document))


def _about_other_document(survey: Survey, url: str, document: Mapping[str, Any]) -> Iterator[Finding]:
    about, used = "discovery", survey.document
    if survey.metadata is None or used is None:
        yield fine(about, f"{url} has metadata, which is not believed")
        return
    differing = [name for name in ("issuer", "jwks_uri") if document.get(name) != used.get(name)]
    if differing:
        found = f"{url} has metadata too, with another {' and '.join(differing)}"
        yield advice(about, found, "Publish the same at both places; the first that can be believed counts.")
    else:
        yield fine(about, f"{url} has metadata too, with the same issuer and jwks_uri")


def _how_to_be_believed(issuer: str, document: Mapping[str, Any]) -> str:
    published = document.get("issuer")
    if published == issuer:
        return "The issuer must publish https URLs."
    if not isinstance(published, str):
        return "The issuer must publish its name as 'issuer' (RFC 8414 section 2)."
    if published.rstrip("/") == issuer.rstrip("/"):
        return f"They differ by the slash at the end alone: configure {published!r} if tokens have that in 'iss'."
    return f"If tokens have {published!r} in 'iss', configure that; else this is another server's metadata."


def _key_set(survey: Survey) -> tuple[tuple[PublishedKey, ...], list[Finding]]:
    about = "key set"
    exchange = survey.key_set
    if exchange is None:
        return (), []
    if exchange.answer is None or exchange.answer.status != 200:
        return (), [broken(about, _came(exchange), _instead(exchange, "The issuer must serve its key set there."))]
    try:
        keys = published_keys(exchange.answer.body)
    except InvalidKeySet as error:
        return (), [broken(about, f"{exchange.url}: {error}", "The issuer must publish a JWK Set there (RFC 7517).")]
    where = fine(about, f"{exchange.url} has {count(len(keys), 'key')} in {len(exchange.answer.body)} bytes")
    return keys, [where, *about_keys(keys, now=exchange.sent_at)]


def _about_delivery(survey: Survey) -> Iterator[Finding]:
    for place in survey.places:
        if place.answer is not None and survey.metadata is not None and place.url == survey.metadata.url:
            yield from about_content_type("metadata", place.answer, key_set=False)
    exchange = survey.key_set
    if exchange is None or exchange.answer is None or exchange.answer.status != 200:
        return
    yield from about_content_type("key set", exchange.answer, key_set=True)
    yield from about_caching(exchange.answer, now=exchange.sent_at)
    yield from about_revalidation(exchange.answer, survey.again)


def _about_introspection(survey: Survey) -> Iterator[Finding]:
    about = "introspection"
    if survey.metadata is None:
        return
    endpoint = survey.metadata.introspection_endpoint
    if endpoint is None:
        yield fine(about, "the metadata names no endpoint: opaque tokens and revocation cannot be asked about")
        return
    methods = survey.metadata.document.get("introspection_endpoint_auth_methods_supported")
    named = [name for name in methods if isinstance(name, str)] if isinstance(methods, list) else []
    said = f"authenticating by {', '.join(named)}" if named else "how to authenticate is not stated"
    yield fine(about, f"{endpoint}, {said}")
    if "none" in named:
        yield advice(
            about, "the endpoint answers whoever asks", "Have it demand authentication (RFC 7662 section 2.1)."
        )


def _tried(survey: Survey) -> list[Exchange]:
    """Return the exchanges that jwtguard makes to find the metadata: it stops at the first."""
    tried = []
    for place in survey.places:
        tried.append(place)
        if survey.metadata is not None and place.url == survey.metadata.url:
            break
    return tried


def _came(exchange: Exchange) -> str:
    answer, url = exchange.answer, exchange.url
    if answer is None:
        return exchange.failure
    if 300 <= answer.status < 400 and "location" in answer.headers:
        return f"{url} redirects ({answer.status}) to {answer.headers['location']}"
    if answer.status != 200:
        return f"{url} answered {answer.status}"
    return f"{url} answered with something else than a JSON object"


def _instead(exchange: Exchange, otherwise: str) -> str:
    if exchange.answer is None:
        return "Check the URL, the network between, and the certificate (SSL_CERT_FILE names private authorities)."
    if 300 <= exchange.answer.status < 400:
        return _NO_REDIRECTS
    return otherwise


def _is_this_machine(url: str) -> bool:
    try:
        check_url(url, what="it", allow_http=False)
    except ConfigurationError:
        return False
    return True


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
