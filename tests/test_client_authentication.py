"""How this resource server proves who it is, as the authorization server sees it over a real connection."""

import ssl
from base64 import b64decode
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

import httpx
import httpx2
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import KeySet as JoserfcKeySet

from jwtguard import ConfigurationError, Introspection, Unavailable
from jwtguard.http import HTTP
from tests.introspection_endpoint import OPAQUE, SECRET, Endpoint, Question, asking, introspection_endpoint
from tests.resource_servers import Clock
from tests.signing import ISSUER, NOW, SigningKey, signing_key

pytestmark = pytest.mark.anyio

ODD = "a:b%c+d e&f=gäöü/ß€"


@pytest.fixture(scope="module")
def server() -> Iterator[Endpoint]:
    with introspection_endpoint() as served:
        yield served


@pytest.fixture
def endpoint(server: Endpoint) -> Endpoint:
    return server.as_new()


def pem(key: SigningKey) -> str:
    """The private key in PEM."""
    text: bytes = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text.decode()


async def question(endpoint: Endpoint, **options: Any) -> Question:
    """Ask once; return what came."""
    async with asking(endpoint, **options) as introspector:
        await introspector.ask(OPAQUE)
    return endpoint.questions[-1]


def basic(question: Question) -> tuple[str, str]:
    """The client ID and secret as RFC 6749 section 2.3.1 has a server read them."""
    scheme, _, credentials = question.headers["authorization"].partition(" ")
    assert scheme == "Basic"
    client_id, _, client_secret = b64decode(credentials).decode("ascii").partition(":")
    return unquote_plus(client_id), unquote_plus(client_secret)


# --- A secret (RFC 6749 section 2.3.1) ---


@pytest.mark.parametrize("client_id", ["api", ODD], ids=["a plain client ID", "an odd client ID"])
@pytest.mark.parametrize("client_secret", [SECRET, ODD, "%3A", "+", " "], ids=repr)
async def test_secret_goes_into_the_header_form_encoded(endpoint: Endpoint, client_id: str, client_secret: str) -> None:
    asked = await question(endpoint, client_id=client_id, client_secret=client_secret)
    assert basic(asked) == (client_id, client_secret)
    assert asked.form.keys() == {"token", "token_type_hint"}


@pytest.mark.parametrize("client_secret", [SECRET, ODD], ids=["plain", "odd"])
async def test_secret_goes_into_the_body_where_that_is_the_method(endpoint: Endpoint, client_secret: str) -> None:
    asked = await question(endpoint, client_id=ODD, client_secret=client_secret, method="client_secret_post")
    assert (asked.form["client_id"], asked.form["client_secret"]) == (ODD, client_secret)
    assert "authorization" not in asked.headers


# --- An assertion (RFC 7523) ---

ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519", "EdDSA"]


async def assertion(endpoint: Endpoint, key: SigningKey, **options: Any) -> jwt.Token:
    """Ask once; return the assertion, whose signature joserfc has verified with the public key."""
    defaults = {"client_secret": None, "private_key": pem(key), "algorithm": key.algorithm, "key_id": key.kid}
    asked = await question(endpoint, **{**defaults, **options})
    assert asked.form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert "authorization" not in asked.headers
    public = JoserfcKeySet.import_key_set({"keys": [key.jwk]})
    return jwt.decode(asked.form["client_assertion"], public, algorithms=[key.algorithm])


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_assertion_verifies_with(endpoint: Endpoint, algorithm: str) -> None:
    decoded = await assertion(endpoint, signing_key(algorithm))
    assert decoded.header == {"alg": algorithm, "typ": "JWT", "kid": "key-1"}


async def test_assertion_says_who_asks_and_is_for_the_authorization_server_for_a_minute(endpoint: Endpoint) -> None:
    claims = (await assertion(endpoint, signing_key("ES256"))).claims
    assert claims.pop("jti")
    assert claims == {"iss": "api", "sub": "api", "aud": ISSUER, "iat": NOW, "exp": NOW + 60}


async def test_assertion_names_no_key_where_the_key_has_no_name(endpoint: Endpoint) -> None:
    decoded = await assertion(endpoint, signing_key("ES256"), key_id=None)
    assert "kid" not in decoded.header


async def test_each_question_has_an_assertion_of_its_own(endpoint: Endpoint) -> None:
    key, clock = signing_key("Ed25519"), Clock()
    options: dict[str, Any] = {"client_secret": None, "private_key": pem(key), "algorithm": "Ed25519"}
    async with asking(endpoint, clock=clock, **options) as introspector:
        await introspector.ask(OPAQUE)
        clock.now += 100
        await introspector.ask(OPAQUE)
    public = JoserfcKeySet.import_key_set({"keys": [key.jwk]})
    first, second = (
        jwt.decode(asked.form["client_assertion"], public, algorithms=["Ed25519"]).claims
        for asked in endpoint.questions
    )
    assert first["jti"] != second["jti"]
    assert second["exp"] - first["exp"] == 100


async def test_private_key_may_be_given_in_bytes(endpoint: Endpoint) -> None:
    key = signing_key("ES256")
    assert (await assertion(endpoint, key, private_key=pem(key).encode())).claims["sub"] == "api"


def encrypted() -> bytes:
    """A private key in PEM that nobody has the password of."""
    private: Any = signing_key("ES256").private
    encryption = BestAvailableEncryption(b"password")
    text: bytes = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    return text


def short() -> bytes:
    """An RSA key that is too short to be taken seriously (RFC 7518 section 3.3)."""
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505  (that it is refused is the point)
    return weak.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("private_key", "algorithm"),
    [
        pytest.param(pem(signing_key("RS256")), "ES256", id="RSA for ES256"),
        pytest.param(pem(signing_key("ES256")), "RS256", id="P-256 for RS256"),
        pytest.param(pem(signing_key("ES384")), "ES256", id="P-384 for ES256"),
        pytest.param(pem(signing_key("Ed25519")), "PS256", id="Ed25519 for PS256"),
        pytest.param(pem(signing_key("ES256")), "ES384", id="an algorithm that is not signed with"),
        pytest.param(pem(signing_key("ES256")), "HS256", id="a shared-secret algorithm"),
        pytest.param(pem(signing_key("ES256")), "none", id="no algorithm"),
        pytest.param(pem(signing_key("ES256")), None, id="None for the algorithm"),
        pytest.param(signing_key("ES256").pem, "ES256", id="a public key"),
        pytest.param(encrypted(), "ES256", id="encrypted"),
        pytest.param(short(), "RS256", id="RSA of 1024 bits"),
        pytest.param("secret-text-that-is-no-key", "ES256", id="no key"),
        pytest.param(b"\xff\xfe secret-text-that-is-no-key", "ES256", id="random bytes"),
        pytest.param("schlüssel-secret-text", "ES256", id="no ASCII"),
    ],
)
def test_private_key_that_cannot_sign_is_refused_at_once_and_not_repeated(private_key: Any, algorithm: Any) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Introspection(client_id="api", private_key=private_key, algorithm=algorithm)
    assert "secret-text" not in str(refusal.value)
    assert "-----" not in str(refusal.value)


@pytest.mark.parametrize("kind", [ec.generate_private_key(ec.SECP256K1()), ed25519.Ed25519PrivateKey.generate()])
def test_key_of_another_kind_is_refused(kind: Any) -> None:
    text = kind.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ConfigurationError, match="ES256"):
        Introspection(client_id="api", private_key=text, algorithm="ES256")


# --- A token of our own, a certificate, or whatever httpx knows ---


async def test_bearer_token_is_sent_as_one(endpoint: Endpoint) -> None:
    asked = await question(endpoint, client_secret=None, bearer_token="token-of-the-api")
    assert asked.headers["authorization"] == "Bearer token-of-the-api"
    assert asked.form.keys() == {"token", "token_type_hint"}


async def test_any_way_that_httpx_knows_will_do(endpoint: Endpoint) -> None:
    asked = await question(endpoint, client_secret=None, auth=httpx.BasicAuth("someone", "something"))
    assert basic(asked) == ("someone", "something")


async def test_certificate_proves_it_with_the_client_id_in_the_body() -> None:
    authority = trustme.CA()
    ours = authority.issue_cert("api")
    tls = ssl.create_default_context()
    authority.configure_trust(tls)
    with (
        authority.cert_pem.tempfile() as trusted,
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.tempfile() as theirs,
    ):
        options = {"ssl_certfile": theirs, "ssl_ca_certs": trusted, "ssl_cert_reqs": ssl.CERT_REQUIRED}
        with introspection_endpoint(**options) as endpoint:
            by_certificate = {"client_secret": None, "method": "tls_client_auth"}
            async with httpx.AsyncClient(verify=tls) as stranger:
                with pytest.raises(Unavailable):
                    await question(endpoint, http=HTTP(stranger), **by_certificate)
            assert endpoint.count == 0
            ours.configure_cert(tls)
            async with httpx.AsyncClient(verify=tls) as known:
                asked = await question(endpoint, http=HTTP(known), **by_certificate)
    assert asked.form["client_id"] == "api"
    assert "authorization" not in asked.headers


# --- On a client of the application's own ---


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
@pytest.mark.parametrize(
    ("options", "authorization"),
    [
        pytest.param({}, "Basic", id="client_secret_basic"),
        pytest.param({"method": "client_secret_post"}, "", id="client_secret_post"),
        pytest.param({"client_secret": None, "bearer_token": "ours"}, "Bearer ours", id="a bearer token"),
        pytest.param({"client_secret": None, "method": "tls_client_auth"}, "", id="a certificate"),
        pytest.param(
            {"client_secret": None, "private_key": pem(signing_key("ES256")), "algorithm": "ES256"},
            "",
            id="private_key_jwt",
        ),
    ],
)
async def test_credentials_of_a_given_client_do_not_take_the_place_of_ours(
    endpoint: Endpoint, library: Any, options: dict[str, Any], authorization: str
) -> None:
    async with library.AsyncClient(auth=("somebody", "else")) as client:
        asked = await question(endpoint, http=HTTP(client), **options)
    sent = asked.headers.get("authorization", "")
    assert sent.startswith(authorization)
    assert bool(sent) is bool(authorization)
    assert "basic c29tZWJvZHk" not in sent.lower()
