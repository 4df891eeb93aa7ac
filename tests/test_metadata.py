"""Where an issuer's metadata is looked for, and what of it is believed."""

from typing import Any

import httpx
import pytest

from jwtguard.http import HTTP, Deadline, ExchangeFailed
from jwtguard.metadata import Metadata, MetadataRefused, fetch_metadata, metadata_urls
from tests.certificates import client_tls, server_tls
from tests.loopback import (
    MISBEHAVIOURS,
    AuthorizationServer,
    Behaviour,
    authorization_server,
    hanging,
    replying,
    replying_json,
    resetting,
)

pytestmark = pytest.mark.anyio


async def fetched(
    server: AuthorizationServer, *, first: str | None = None, seconds: float = 2, **options: Any
) -> Metadata:
    """Fetch the server's metadata."""
    http = HTTP(timeout=seconds)
    try:
        return await fetch_metadata(
            http, server.issuer, first=first, deadline=Deadline(seconds), **{"allow_http": False, **options}
        )
    finally:
        await http.aclose()


@pytest.mark.parametrize(
    ("issuer", "rfc8414", "openid"),
    [
        pytest.param(
            "https://auth.example.com",
            "https://auth.example.com/.well-known/oauth-authorization-server",
            "https://auth.example.com/.well-known/openid-configuration",
            id="without a path",
        ),
        pytest.param(
            "https://auth.example.com/",
            "https://auth.example.com/.well-known/oauth-authorization-server",
            "https://auth.example.com/.well-known/openid-configuration",
            id="with a slash",
        ),
        pytest.param(
            "https://auth.example.com:8443/realms/one",
            "https://auth.example.com:8443/.well-known/oauth-authorization-server/realms/one",
            "https://auth.example.com:8443/realms/one/.well-known/openid-configuration",
            id="with a path",
        ),
        pytest.param(
            "https://auth.example.com/realms/one/",
            "https://auth.example.com/.well-known/oauth-authorization-server/realms/one",
            "https://auth.example.com/realms/one/.well-known/openid-configuration",
            id="with a path and a slash",
        ),
    ],
)
def test_metadata_is_where_rfc_8414_and_openid_connect_discovery_have_it(
    issuer: str, rfc8414: str, openid: str
) -> None:
    assert metadata_urls(issuer) == (rfc8414, openid)


@pytest.mark.parametrize("path", ["", "/", "/tenant", "/tenant/"])
async def test_metadata_of_rfc_8414_is_taken_and_no_other_asked_for(path: str) -> None:
    with authorization_server(path=path) as server:
        metadata = await fetched(server)
    assert (metadata.url, metadata.jwks_uri) == (f"{server.url}{server.rfc8414_path}", server.jwks_uri)
    assert [request.path for request in server.requests] == [server.rfc8414_path]


@pytest.mark.parametrize("path", ["", "/tenant"])
@pytest.mark.parametrize(
    "first_place",
    [
        pytest.param(replying(404, b"{}"), id="404"),
        pytest.param(replying(302, Location="/elsewhere"), id="a redirect"),
        pytest.param(replying(200, "<html>"), id="HTML"),
        pytest.param(replying(200, b"[]"), id="another JSON value"),
        pytest.param(resetting, id="a reset"),
        pytest.param(
            replying_json({"issuer": "https://other.example", "jwks_uri": "https://other.example/k"}), id="other"
        ),
    ],
)
async def test_openid_connect_discovery_is_asked_where_rfc_8414_has_no_metadata(
    path: str, first_place: Behaviour
) -> None:
    with authorization_server(path=path) as server:
        server.behaviours[server.rfc8414_path] = first_place
        server.behaviours[server.openid_path] = replying_json(server.metadata())
        metadata = await fetched(server)
    assert metadata.url == f"{server.url}{server.openid_path}"
    assert [request.path for request in server.requests] == [server.rfc8414_path, server.openid_path]


async def test_place_that_never_answers_leaves_time_to_ask_the_other() -> None:
    with authorization_server() as server:
        server.behaviours[server.rfc8414_path] = hanging
        server.behaviours[server.openid_path] = replying_json(server.metadata())
        assert (await fetched(server, seconds=2)).url == f"{server.url}{server.openid_path}"


async def test_place_where_it_was_found_is_asked_first() -> None:
    with authorization_server() as server:
        server.behaviours[server.openid_path] = replying_json(server.metadata())
        await fetched(server, first=f"{server.url}{server.openid_path}")
    assert [request.path for request in server.requests] == [server.openid_path]


async def test_failure_in_both_places_names_both() -> None:
    with authorization_server() as server:
        server.behaviours[server.rfc8414_path] = replying(302, Location="/elsewhere")
        server.behaviours[server.openid_path] = replying(200, "<html>")
        with pytest.raises(ExchangeFailed) as raised:
            await fetched(server)
    assert str(raised.value) == (
        f"no metadata: {server.url}{server.rfc8414_path} answered 302, and redirects are not followed; "
        f"{server.url}{server.openid_path} answered with something else than a JSON object"
    )


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS)
async def test_no_misbehaviour_is_metadata(misbehaviour: str) -> None:
    with authorization_server() as server:
        server.behaviours[server.rfc8414_path] = MISBEHAVIOURS[misbehaviour]
        server.behaviours[server.openid_path] = MISBEHAVIOURS[misbehaviour]
        with pytest.raises((ExchangeFailed, MetadataRefused)):
            await fetched(server, seconds=0.4)


# --- What of a document is believed ---


async def refusal(server: AuthorizationServer, document: dict[str, Any], **options: Any) -> str:
    """Why the document is refused."""
    server.behaviours[server.rfc8414_path] = replying_json(document)
    with pytest.raises(MetadataRefused) as raised:
        await fetched(server, **options)
    return str(raised.value)


@pytest.mark.parametrize(
    "altered",
    [
        pytest.param(lambda issuer: f"{issuer}/", id="a slash more"),
        pytest.param(lambda issuer: issuer.upper(), id="upper case"),
        pytest.param(lambda issuer: issuer.replace("127.0.0.1", "localhost"), id="another name of the same host"),
        pytest.param(lambda issuer: f"{issuer} ", id="a space more"),
        pytest.param(lambda issuer: f"{issuer}/tenant", id="a path more"),
        pytest.param(lambda issuer: [issuer], id="a list"),
        pytest.param(lambda _: None, id="null"),
        pytest.param(lambda _: ..., id="none"),
    ],
)
async def test_issuer_that_is_not_equal_to_the_letter_is_refused_with_both_names(altered: Any) -> None:
    with authorization_server() as server:
        named = altered(server.issuer)
        text = await refusal(server, server.metadata(issuer=named))
    assert repr(server.issuer) in text
    assert f"is of {None if named is ... else named!r};" in text


async def test_foreign_name_in_a_refusal_is_shortened() -> None:
    with authorization_server() as server:
        assert len(await refusal(server, server.metadata(issuer="https://long.example/" + "x" * 100_000))) < 800


UNUSABLE = [
    pytest.param("http://keys.example.com/jwks", id="plain http"),
    pytest.param("ftp://keys.example.com/jwks", id="another scheme"),
    pytest.param("/jwks", id="a relative one"),
    pytest.param("https://name@keys.example.com", id="a user name"),
    pytest.param(["https://keys.example.com"], id="a list"),
    pytest.param("", id="an empty one"),
]


@pytest.mark.parametrize("member", ["jwks_uri", "introspection_endpoint"])
@pytest.mark.parametrize("url", UNUSABLE)
async def test_unusable_url_is_refused_with_its_name(member: str, url: Any) -> None:
    with authorization_server() as server:
        text = await refusal(server, server.metadata(**{member: url}))
    assert f"no usable https URL as {member!r}: {url!r}" in text


@pytest.mark.parametrize("member", ["jwks_uri", "introspection_endpoint"])
async def test_url_without_end_is_refused_and_not_repeated(member: str) -> None:
    with authorization_server() as server:
        text = await refusal(server, server.metadata(**{member: "https://keys.example.com/" + "x" * 100_000}))
    assert f"no usable https URL as {member!r}: " in text
    assert len(text) < 1200


@pytest.mark.parametrize("jwks_uri", [..., None])
async def test_metadata_without_keys_is_refused(jwks_uri: Any) -> None:
    with authorization_server() as server:
        assert "no usable https URL as 'jwks_uri': None" in await refusal(server, server.metadata(jwks_uri=jwks_uri))


async def test_plain_http_url_is_believed_in_a_closed_network() -> None:
    with authorization_server() as server:
        server.behaviours[server.rfc8414_path] = replying_json(server.metadata(jwks_uri="http://keys.internal/jwks"))
        assert (await fetched(server, allow_http=True)).jwks_uri == "http://keys.internal/jwks"


async def test_introspection_endpoint_and_all_of_the_document_are_handed_over() -> None:
    with authorization_server() as server:
        document = server.metadata(introspection_endpoint="https://auth.example.com/introspect", extra=[1])
        server.behaviours[server.rfc8414_path] = replying_json(document)
        metadata = await fetched(server)
    assert (metadata.introspection_endpoint, metadata.document) == ("https://auth.example.com/introspect", document)


async def test_https_issuer_cannot_send_us_to_plain_http_on_our_own_machine() -> None:
    async with httpx.AsyncClient(verify=client_tls()) as client:
        with authorization_server(tls=server_tls()) as server:
            document = server.metadata(jwks_uri="http://127.0.0.1:9200/_cat")
            server.behaviours[server.rfc8414_path] = replying_json(document)
            options: Any = {"first": None, "deadline": Deadline(5)}
            with pytest.raises(MetadataRefused, match="no usable https URL as 'jwks_uri'"):
                await fetch_metadata(HTTP(client), server.issuer, allow_http=False, **options)
            believed = await fetch_metadata(HTTP(client), server.issuer, allow_http=True, **options)
    assert believed.jwks_uri == document["jwks_uri"]
