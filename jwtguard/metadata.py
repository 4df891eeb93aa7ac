"""Where an issuer publishes its metadata, and what of it is believed (RFC 8414, OpenID Connect Discovery 1.0)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from jwtguard.encoding import decode_object
from jwtguard.errors import ConfigurationError
from jwtguard.http import HTTP, Answer, ExchangeFailed, check_url


@dataclass(frozen=True, slots=True)
class Metadata:
    """An authorization server's metadata, as far as a resource server needs it.

    Attributes:
        url: where it was found.
        jwks_uri: where the issuer publishes its keys.
        introspection_endpoint: where tokens can be asked about, or None.
        document: all of it.
    """

    url: str
    jwks_uri: str
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


async def fetch_metadata(http: HTTP, issuer: str, *, first: str | None, allow_http: bool) -> Metadata:
    """Fetch the issuer's metadata from the first place that has it.

    Args:
        http: what to fetch with.
        issuer: the issuer's URL.
        first: where it was found last time.
        allow_http: let plain http through in the document's URLs.

    Raises:
        ExchangeFailed: where no place gave a metadata document.
        MetadataRefused: where a document names another issuer (RFC 8414 section 3.3) or an unusable URL.
    """
    urls = sorted(metadata_urls(issuer), key=lambda url: url != first) if first else metadata_urls(issuer)
    failures = []
    for url in urls:
        answer = await http.request("GET", url)
        try:
            document = _document(answer)
        except ValueError as error:
            failures.append(f"{url} {error}")
            continue
        return _believed(document, url, issuer, allow_http=allow_http)
    raise ExchangeFailed(f"no metadata: {'; '.join(failures)}")


def _document(answer: Answer) -> dict[str, Any]:
    if answer.status != 200:
        raise ValueError(f"answered {answer.status}")
    try:
        return decode_object(answer.body)
    except ValueError:
        raise ValueError("answered with something else than a JSON object") from None


def _believed(document: dict[str, Any], url: str, issuer: str, *, allow_http: bool) -> Metadata:
    if document.get("issuer") != issuer:
        raise MetadataRefused(
            f"the configured issuer is {issuer!r}, but {url} says {_shortened(document.get('issuer'))}"
        )
    endpoint = document.get("introspection_endpoint")
    try:
        check_url(document.get("jwks_uri"), what="'jwks_uri'", allow_http=allow_http)
        if endpoint is not None:
            check_url(endpoint, what="'introspection_endpoint'", allow_http=allow_http)
    except ConfigurationError as error:
        raise MetadataRefused(f"in the metadata at {url}, {_shortened(str(error))}") from None
    return Metadata(url, document["jwks_uri"], endpoint, document)


def _shortened(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return repr(text) if len(text) <= 300 else f"{text[:300]!r}…"
