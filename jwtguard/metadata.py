"""Where an issuer publishes its metadata, and what of it is believed (RFC 8414, OpenID Connect Discovery 1.0)."""

from typing import Any
from urllib.parse import urlsplit

import msgspec

from jwtguard.encoding import decode_object
from jwtguard.errors import ConfigurationError
from jwtguard.http import HTTP, Answer, Deadline, ExchangeFailed, answered, check_url


class Metadata(msgspec.Struct, frozen=True):
    """An authorization server's metadata, as far as a resource server needs it.

    Attributes:
        url: where it was found.
        jwks_uri: where the issuer publishes its keys, or None.
        introspection_endpoint: where tokens can be asked about, or None.
        document: all of it.
    """

    url: str
    jwks_uri: str | None
    introspection_endpoint: str | None
    document: dict[str, Any]


class MetadataRefused(Exception):
    """A document came, and it is not this issuer's to be trusted; the text says why."""


def metadata_urls(issuer: str) -> tuple[str, str]:
    """Return where the issuer's metadata may be: RFC 8414 section 3.1, then OpenID Connect Discovery section 4.

    Args:
        issuer: the issuer's URL, checked before.
    """
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    origin = f"{parts.scheme}://{parts.netloc}"
    return f"{origin}/.well-known/oauth-authorization-server{path}", f"{origin}{path}/.well-known/openid-configuration"


async def fetch_metadata(
    http: HTTP, issuer: str, *, first: str | None, allow_http: bool, deadline: Deadline, keyless: bool = False
) -> Metadata:
    """Fetch the issuer's metadata from the first place that has it.

    Args:
        http: what to fetch with.
        issuer: the issuer's URL.
        first: where it was found last time.
        allow_http: let plain http through in the document's URLs.
        deadline: by when. A place that was never seen to work takes at most half of what is left: the other may.
        keyless: let metadata without a `jwks_uri` through, which is optional (RFC 8414 section 2).

    Raises:
        ExchangeFailed: where no place gave a metadata document.
        MetadataRefused: where all that came names another issuer (RFC 8414 section 3.3) or an unusable URL.
    """
    urls = sorted(metadata_urls(issuer), key=lambda url: url != first) if first else metadata_urls(issuer)
    failures: list[str] = []
    refused = False
    for url in urls:
        seconds = deadline.half() if first is None and not failures else deadline.left()
        try:
            document = document_of(await http.request("GET", url, seconds=seconds, keep_alive=False))
            return believed(document, url, issuer, allow_http=allow_http, keyless=keyless)
        except ExchangeFailed as failure:
            failures.append(str(failure))
        except ValueError as failure:
            failures.append(f"{url} {failure}")
        except MetadataRefused as failure:
            failures.append(str(failure))
            refused = True
    raise (MetadataRefused if refused else ExchangeFailed)(f"no metadata: {'; '.join(failures)}")


def document_of(answer: Answer) -> dict[str, Any]:
    """Return the metadata document that a server answered with.

    Raises:
        ValueError: where it answered with something else.
    """
    if answer.status != 200:
        raise ValueError(answered(answer))
    try:
        return decode_object(answer.body)
    except ValueError:
        raise ValueError("answered with something else than a JSON object") from None


def believed(document: dict[str, Any], url: str, issuer: str, *, allow_http: bool, keyless: bool = False) -> Metadata:
    """Return what of a metadata document is believed.

    Args:
        document: the document.
        url: where it was found.
        issuer: the issuer's URL.
        allow_http: let plain http through in the document's URLs.
        keyless: let it name no `jwks_uri`.

    Raises:
        MetadataRefused: where it names another issuer (RFC 8414 section 3.3) or an unusable URL.
    """
    if document.get("issuer") != issuer:
        raise MetadataRefused(
            f"the configured issuer is {issuer!r}, but the metadata at {url} is of {_shortened(document.get('issuer'))}"
        )
    jwks_uri, endpoint = document.get("jwks_uri"), document.get("introspection_endpoint")
    for name, value in (("jwks_uri", jwks_uri), ("introspection_endpoint", endpoint)):
        if value is not None or (name == "jwks_uri" and not keyless):
            _check(value, name, url, issuer, allow_http=allow_http)
    return Metadata(url, jwks_uri, endpoint, document)


def _check(value: Any, name: str, url: str, issuer: str, *, allow_http: bool) -> None:
    try:
        check_url(value, what=name, allow_http=allow_http)
    except ConfigurationError:
        pass
    else:
        # Nobody but an issuer on this very machine has a reason to send us to plain http on this very machine.
        if not value.startswith("http:") or allow_http or issuer.startswith("http:"):
            return
    raise MetadataRefused(f"the metadata at {url} has no usable https URL as {name!r}: {_shortened(value)}")


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
