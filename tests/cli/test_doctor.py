"""What an auditor says of an issuer, seen over real sockets."""

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from jwtguard import ResourceServer
from jwtguard.cli.doctor import diagnose
from jwtguard.cli.survey import Exchange, Survey, survey
from jwtguard.http import HTTP, Answer
from tests.cli.conftest import Command
from tests.cli.publisher import KEY_SET, OAUTH_METADATA, OPENID_METADATA, Publisher, Reply, publishing
from tests.cli.test_keys import certificate, without
from tests.serving import free_port
from tests.signing import b64_uint, signing_key

RSA, OTHER_RSA = signing_key("RS256"), signing_key("RS256", "key-2", number=1)
EC = signing_key("ES256", "key-3")
CACHED = {"content-type": "application/jwk-set+json", "cache-control": "public, max-age=3600", "etag": '"1"'}

Finding = dict[str, str]
Change = Callable[[Publisher], Any]


def findings(command: Command, issuer: str, *, code: int, options: tuple[str, ...] = ()) -> list[Finding]:
    outcome = command("doctor", "--json", issuer, *options, now=time.time())
    assert outcome.code == code, outcome.out
    found: list[Finding] = outcome.document["findings"]
    return found


def having(found: list[Finding], weight: str, about: str) -> list[str]:
    return [one["found"] for one in found if (one["weight"], one["about"]) == (weight, about)]


def key_set(*members: Any, **headers: str) -> Change:
    reply = Reply({"keys": list(members)}, headers={**CACHED, **{n.replace("_", "-"): v for n, v in headers.items()}})
    return lambda publisher: publisher.replies.update({KEY_SET: reply})


def metadata(place: str = OPENID_METADATA, **members: Any) -> Change:
    return lambda publisher: publisher.replies.update({place: Reply(publisher.metadata(**members))})


def reply(place: str, *arguments: Any, **options: Any) -> Change:
    return lambda publisher: publisher.replies.update({place: Reply(*arguments, **options)})


def all_of(*changes: Change) -> Change:
    return lambda publisher: [change(publisher) for change in changes]


def test_nothing_is_said_against_a_well_kept_issuer(command: Command, publisher: Publisher) -> None:
    key_set(RSA.jwk, EC.jwk)(publisher)
    found = findings(command, publisher.url, code=0)
    assert {one["weight"] for one in found} == {"fine"}
    assert {one["about"] for one in found} == {
        "transport", "discovery", "issuer name", "key set", "keys", "algorithms", "content type", "caching",
        "revalidation", "response time", "clock", "introspection",
    }  # fmt: skip


def test_six_requests_are_enough(command: Command, publisher: Publisher) -> None:
    key_set(RSA.jwk)(publisher)
    findings(command, publisher.url, code=0)
    assert len(publisher.asked) == 6


BROKEN = [
    pytest.param(reply(OPENID_METADATA, {}, 404), "discovery", "answered 404", id="no metadata"),
    pytest.param(reply(OPENID_METADATA, b"<html>"), "discovery", "something else than a JSON object", id="HTML"),
    pytest.param(
        reply(OPENID_METADATA, b"", 302, {"location": "https://elsewhere.example.com/"}),
        "discovery",
        "redirects (302) to https://elsewhere.example.com/",
        id="redirect of the metadata",
    ),
    pytest.param(metadata(issuer="https://other.example.com"), "issuer name", "other.example.com", id="another issuer"),
    pytest.param(metadata(issuer=...), "issuer name", "None", id="no issuer"),
    pytest.param(metadata(jwks_uri="http://auth.example.com/jwks"), "issuer name", "jwks_uri", id="keys over http"),
    pytest.param(metadata(jwks_uri=...), "issuer name", "jwks_uri", id="no jwks_uri"),
    pytest.param(
        metadata(introspection_endpoint="http://auth.example.com/"),
        "issuer name",
        "introspection",
        id="asked over http",
    ),
    pytest.param(reply(KEY_SET, {}, 500), "key set", "answered 500", id="key set fails"),
    pytest.param(
        reply(KEY_SET, b"", 301, {"location": "/keys"}),
        "key set",
        "redirects (301) to /keys",
        id="redirect of the keys",
    ),
    pytest.param(reply(KEY_SET, b"{"), "key set", "a JWK Set is a JSON object", id="key set is no JSON"),
    pytest.param(reply(KEY_SET, {"keys": {}}), "key set", "a JWK Set is a JSON object", id="keys are no array"),
    pytest.param(key_set(*[{}] * 101), "key set", "at most 100 keys", id="too many keys"),
    pytest.param(reply(KEY_SET, b" " * 600_000), "key set", "more than 524288 bytes", id="key set too large"),
    pytest.param(
        reply(KEY_SET, RSA.jwk_set, headers={"content-encoding": "gzip"}), "key set", "compressed", id="compressed"
    ),
    pytest.param(key_set(), "keys", "no key of the set can verify", id="empty key set"),
    pytest.param(key_set({**RSA.jwk, "use": "enc"}), "keys", "no key of the set can verify", id="no signing key"),
]
EXPOSED = [
    pytest.param(
        key_set(EC.jwk, {**RSA.jwk, "d": "AQAB"}),
        "keys",
        "key 2 (kid 'key-1') is published with its secret",
        id="private",
    ),
    pytest.param(key_set(EC.jwk, signing_key("HS256").jwk), "keys", "with its secret part (k)", id="shared secret"),
]


@pytest.mark.parametrize(("change", "about", "text"), [*BROKEN, *EXPOSED])
def test_what_is_broken_is_told_with_what_to_do(
    command: Command, publisher: Publisher, change: Change, about: str, text: str
) -> None:
    change(publisher)
    found = findings(command, publisher.url, code=1)
    assert any(text in one for one in having(found, "broken", about)), found
    assert all(one["advice"] for one in found if one["weight"] != "fine")


@pytest.mark.anyio
@pytest.mark.parametrize(("change", "about", "text"), BROKEN)
async def test_what_is_broken_leaves_an_api_without_keys(
    publisher: Publisher, change: Change, about: str, text: str
) -> None:
    """The auditor calls nothing broken that the library copes with."""
    change(publisher)
    server = ResourceServer(publisher.url, audience="x")
    async with server.lifespan():
        assert not (await server.health()).ready


ADVICE = [
    pytest.param(key_set(RSA.jwk, etag=""), "revalidation", "no usable ETag or Last-Modified", id="no validator"),
    pytest.param(
        reply(KEY_SET, RSA.jwk_set, headers=CACHED, conditional=False),
        "revalidation",
        "ETag is sent, but the conditional request was answered 200",
        id="conditions ignored",
    ),
    pytest.param(
        reply(OAUTH_METADATA, b"", headers={"content-encoding": "gzip"}),
        "discovery",
        "compressed",
        id="odd place",
    ),
    pytest.param(key_set(RSA.jwk, cache_control="no-store"), "caching", "for 1 minute", id="not to be cached"),
    pytest.param(key_set(RSA.jwk, cache_control="public"), "caching", "for 10 minutes", id="no max-age"),
    pytest.param(reply(KEY_SET, RSA.jwk_set), "caching", "no Cache-Control", id="no Cache-Control"),
    pytest.param(
        key_set(RSA.jwk, content_type="text/plain"), "content type", "key set: text/plain", id="type of the keys"
    ),
    pytest.param(
        lambda publisher: publisher.replies[OPENID_METADATA].headers.update({"content-type": "text/html"}),
        "content type",
        "metadata: text/html",
        id="type of the metadata",
    ),
    pytest.param(key_set(without(RSA.jwk, "kid")), "keys", "key 1 (no kid) has no 'kid'", id="no kid"),
    pytest.param(key_set(without(RSA.jwk, "alg")), "keys", "serves RS256, RS384, RS512, PS256", id="no alg"),
    pytest.param(key_set(without(RSA.jwk, "use")), "keys", "has no 'use'", id="no use"),
    pytest.param(
        key_set(RSA.jwk, {**OTHER_RSA.jwk, "n": b64_uint(2**1023 + 1)}),
        "keys",
        "key 2 (kid 'key-2') is skipped: RSA keys have 2048 to 16384 bits, this one has 1024",
        id="weak key",
    ),
    pytest.param(
        key_set(RSA.jwk, {**OTHER_RSA.jwk, "kid": "key-1"}),
        "keys",
        "the kid 'key-1' is given to 2 keys",
        id="kid twice",
    ),
    pytest.param(
        key_set(RSA.jwk, {**RSA.jwk, "kid": "b"}),
        "keys",
        "key 1 (kid 'key-1') and key 2 (kid 'b') are the same",
        id="key twice",
    ),
    pytest.param(key_set({**RSA.jwk, "e": "Aw"}), "keys", "the public exponent 3", id="exponent"),
    pytest.param(key_set({**RSA.jwk, "n": b64_uint(2**8191 + 1)}), "keys", "has 8192 bits", id="needlessly large"),
    pytest.param(
        all_of(metadata(OAUTH_METADATA), metadata(jwks_uri="https://x")),
        "discovery",
        "another jwks_uri",
        id="places differ",
    ),
    pytest.param(
        metadata(
            introspection_endpoint="https://auth.example.com/introspect",
            introspection_endpoint_auth_methods_supported=["none", "client_secret_basic"],
        ),
        "introspection",
        "answers whoever asks",
        id="open introspection",
    ),
    pytest.param(
        key_set({**RSA.jwk, "x5c": [certificate(RSA, years=3)]}),
        "keys",
        "has a certificate that is 3 years old",
        id="old key",
    ),
    pytest.param(
        key_set({**RSA.jwk, "x5c": [certificate(RSA, years=11)]}),
        "keys",
        "a certificate that ended",
        id="ended certificate",
    ),
    pytest.param(
        key_set({**RSA.jwk, "x5c": [certificate(EC, years=1)]}),
        "keys",
        "the certificate of another key",
        id="foreign x5c",
    ),
    pytest.param(
        reply(KEY_SET, RSA.jwk_set, headers={**CACHED, "etag": '"\xe9"'}),
        "revalidation",
        "no usable",
        id="odd ETag",
    ),
    pytest.param(
        metadata(id_token_signing_alg_values_supported=["RS256", "ES512"]), "algorithms", "ES512", id="no key for alg"
    ),
    pytest.param(metadata(id_token_signing_alg_values_supported=["none"]), "algorithms", "'none'", id="alg none"),
    pytest.param(metadata(id_token_signing_alg_values_supported=["ES256K"]), "algorithms", "ES256K", id="foreign alg"),
]


@pytest.mark.parametrize(("change", "about", "text"), ADVICE)
def test_what_could_be_better_is_advice_and_breaks_nothing(
    command: Command, publisher: Publisher, change: Change, about: str, text: str
) -> None:
    change(publisher)
    found = findings(command, publisher.url, code=0)
    assert any(text in one for one in having(found, "advice", about)), found
    assert all(one["advice"] for one in found if one["weight"] != "fine")


@pytest.mark.parametrize(
    ("change", "about", "text"),
    [
        pytest.param(key_set(RSA.jwk), "revalidation", "answered with 304", id="304"),
        pytest.param(
            reply(KEY_SET, RSA.jwk_set, headers={"last-modified": "Wed, 01 Jul 2026 00:00:00 GMT"}),
            "revalidation",
            "Last-Modified works",
            id="304 by date",
        ),
        pytest.param(key_set(RSA.jwk), "caching", "for 1 hour", id="lifetime"),
        pytest.param(key_set(RSA.jwk), "caching", "after about 48 minutes", id="refreshed ahead"),
        pytest.param(key_set(RSA.jwk, cache_control="max-age=99999999"), "caching", "for 1 day", id="lifetime clamped"),
        pytest.param(key_set(RSA.jwk, expires="0"), "caching", "max-age=3600", id="max-age before Expires"),
        pytest.param(
            key_set(RSA.jwk, last_modified="Wed, 01 Jul 2026 00:00:00 GMT"),
            "revalidation",
            "01 Jul 2026",
            id="modified",
        ),
        pytest.param(
            key_set(RSA.jwk, {**OTHER_RSA.jwk, "use": "enc"}), "keys", "is for encryption", id="encryption key beside"
        ),
        pytest.param(
            key_set({**RSA.jwk, "x5c": [certificate(RSA, years=1)]}), "keys", "has a certificate", id="age of a key"
        ),
        pytest.param(metadata(), "discovery", f"{OPENID_METADATA} has the metadata", id="which place"),
        pytest.param(metadata(), "discovery", f"{OAUTH_METADATA} answered 404", id="the other place"),
        pytest.param(metadata(OAUTH_METADATA), "discovery", "has metadata too, with the same", id="both places"),
        pytest.param(metadata(), "transport", "on this very machine", id="loopback"),
        pytest.param(
            metadata(id_token_signing_alg_values_supported=["RS256", "HS256"]),
            "algorithms",
            "HS256",
            id="shared secrets",
        ),
        pytest.param(metadata(), "introspection", "cannot be asked about", id="no introspection"),
        pytest.param(
            metadata(introspection_endpoint="https://auth.example.com/introspect"),
            "introspection",
            "https://auth.example.com/introspect, how to authenticate is not stated",
            id="introspection",
        ),
        pytest.param(
            metadata(
                introspection_endpoint="https://auth.example.com/introspect",
                introspection_endpoint_auth_methods_supported=["private_key_jwt", 7],
            ),
            "introspection",
            "authenticating by private_key_jwt",
            id="authentication at introspection",
        ),
    ],
)
def test_what_is_well_is_told_too(
    command: Command, publisher: Publisher, change: Change, about: str, text: str
) -> None:
    change(publisher)
    found = findings(command, publisher.url, code=0)
    assert any(text in one for one in having(found, "fine", about)), found


def test_issuer_that_differs_by_a_slash_is_told_to_be_configured_with_it(
    command: Command, publisher: Publisher
) -> None:
    metadata(issuer=f"{publisher.url}/")(publisher)
    found = findings(command, publisher.url, code=1)
    (broken,) = [one for one in found if one["weight"] == "broken"]
    assert broken["advice"].startswith(f"They differ by the slash at the end alone: configure '{publisher.url}/'")


def test_keys_are_looked_at_even_if_the_metadata_is_refused(command: Command, publisher: Publisher) -> None:
    publisher.replies[KEY_SET] = Reply({"keys": [without(RSA.jwk, "kid")]})
    metadata(issuer="https://other.example.com")(publisher)
    found = findings(command, publisher.url, code=1)
    assert having(found, "advice", "keys") == ["key 1 (no kid) has no 'kid'"]


@pytest.mark.parametrize(
    ("ahead", "weight", "code"),
    [
        (0, "fine", 0),
        (10, "advice", 0),
        (-10, "advice", 0),
        (90, "broken", 1),
        (-90, "broken", 1),
    ],
)
def test_clocks_that_differ_are_noticed_by_date(command: Command, ahead: float, weight: str, code: int) -> None:
    with publishing(RSA.jwk_set, date_header=False) as publisher:
        stamp(publisher, ahead)
        found = findings(command, publisher.url, code=code)
    assert [one["weight"] for one in found if one["about"] == "clock"] == [weight]


def test_age_of_a_cached_answer_is_not_taken_for_a_late_clock(command: Command) -> None:
    with publishing(RSA.jwk_set, date_header=False) as publisher:
        stamp(publisher, -300)
        for one in publisher.replies.values():
            one.headers["age"] = "300"
        found = findings(command, publisher.url, code=0)
    assert len(having(found, "fine", "clock")) == 1


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Xyz 2026"])
def test_answers_without_a_usable_date_are_told(command: Command, date: str) -> None:
    with publishing(RSA.jwk_set, date_header=False) as publisher:
        for one in publisher.replies.values():
            one.headers["date"] = date
        found = findings(command, publisher.url, code=0)
    assert having(found, "advice", "clock") == ["no answer has a usable Date"]


def stamp(publisher: Publisher, ahead: float) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    for one in publisher.replies.values():
        one.headers["date"] = date


@pytest.mark.parametrize(
    ("issuer", "text"),
    [
        pytest.param("http://auth.example.com", "an https URL", id="plain http to another machine"),
        pytest.param("auth.example.com", "an https URL", id="no scheme"),
        pytest.param("https://user:password@auth.example.com", "without user name", id="credentials"),
        pytest.param("https://auth.example.com?tenant=1", "no query", id="query"),
        pytest.param("https://auth.example.com:port", "an https URL", id="port"),
        pytest.param("", "an issuer is a URL", id="empty"),
    ],
)
def test_issuer_that_cannot_be_configured_is_broken_and_nothing_is_asked(
    command: Command, issuer: str, text: str
) -> None:
    (finding,) = findings(command, issuer, code=1)
    assert (finding["weight"], finding["about"]) == ("broken", "issuer")
    assert text in finding["found"]


def test_unreachable_issuer_is_broken_with_the_operating_systems_words(command: Command) -> None:
    found = findings(command, f"http://127.0.0.1:{free_port()}", code=1)
    assert len(having(found, "broken", "discovery")) == 2
    assert all("ConnectError" in one for one in having(found, "broken", "discovery"))


@pytest.fixture
def tls(tmp_path: Path) -> dict[str, str]:
    """A certificate for 127.0.0.1, its own authority, as uvicorn's options."""
    key = signing_key("ES256").private
    name = x509.Name([])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem, pkcs8, none = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(pem, pkcs8, none))
    return {"ssl_certfile": str(tmp_path / "certificate.pem"), "ssl_keyfile": str(tmp_path / "key.pem")}


def doctor_of_its_own(issuer: str, **environment: str) -> tuple[int, list[Finding]]:
    """Run the command as a process, because certificate authorities are loaded once in this one."""
    command = (sys.executable, "-m", "jwtguard", "doctor", "--json", issuer)
    ended = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, timeout=60, check=False)
    return ended.returncode, json.loads(ended.stdout)["findings"]


def test_issuer_over_https_is_asked_with_its_certificate_verified(tls: dict[str, str]) -> None:
    with publishing(RSA.jwk_set, tls=True, **tls) as publisher:
        code, found = doctor_of_its_own(publisher.url, SSL_CERT_FILE=tls["ssl_certfile"])
    assert code == 0
    assert having(found, "fine", "transport") == [f"{publisher.url} is asked over https, its certificate verified"]


def test_certificate_of_an_unknown_authority_is_broken(tls: dict[str, str]) -> None:
    with publishing(RSA.jwk_set, tls=True, **tls) as publisher:
        code, found = doctor_of_its_own(publisher.url)
    assert code == 1
    assert any("CERTIFICATE_VERIFY_FAILED" in one for one in having(found, "broken", "discovery")), found
    assert having(found, "fine", "transport") == []


@pytest.mark.anyio
async def test_issuer_elsewhere_cannot_send_the_auditor_to_this_very_machine(tls: dict[str, str]) -> None:
    trusting = httpx.AsyncClient(verify=ssl.create_default_context(cafile=tls["ssl_certfile"]))
    with publishing(RSA.jwk_set) as victim, publishing(RSA.jwk_set, tls=True, **tls) as publisher:
        metadata(jwks_uri=f"{victim.url}{KEY_SET}")(publisher)
        async with trusting:
            seen = await survey(publisher.url, http=HTTP(trusting), clock=time.time)
        assert victim.asked == []
    assert seen.document is not None
    assert seen.jwks_uri is None


def test_printed_diagnosis_has_the_weight_the_finding_and_the_advice(command: Command, publisher: Publisher) -> None:
    publisher.replies[KEY_SET] = Reply({"keys": [RSA.jwk, {**OTHER_RSA.jwk, "d": "AQAB"}]})
    outcome = command("doctor", publisher.url, now=time.time())
    assert outcome.code == 1
    assert "broken  keys" in outcome.out
    assert "Withdraw it now" in outcome.out
    assert "Broken: 1." in outcome.out


def test_plain_http_elsewhere_is_let_through_on_demand(command: Command) -> None:
    """No name resolves here: that it was tried at all shows in what failed."""
    found = findings(command, "http://auth.invalid", code=1, options=("--allow-http",))
    assert len(having(found, "broken", "discovery")) == 2
    assert all("ConnectError" in one for one in having(found, "broken", "discovery"))


def test_plain_http_elsewhere_is_advised_against() -> None:
    url = "http://auth.example.com"
    place = Exchange(url, time.time(), 0.1, Answer(404, {}, b""))
    diagnosis = diagnose(Survey(issuer=url, places=(place,)))
    (finding,) = [one for one in diagnosis.findings if one.about == "transport"]
    assert (finding.weight, finding.found) == ("advice", f"{url} is asked over plain http")
