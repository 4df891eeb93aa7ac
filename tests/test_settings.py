"""Configuration out of the environment."""

from pathlib import Path

import pytest

from jwtguard import ConfigurationError, ResourceServer
from jwtguard.settings import Settings, read_settings
from tests.signing import AUDIENCE, ISSUER, NOW, signing_key

pytestmark = pytest.mark.anyio

ENOUGH = {"JWTGUARD_ISSUER": ISSUER, "JWTGUARD_AUDIENCE": AUDIENCE}


def mistakes(environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigurationError) as refusal:
        read_settings(environ)
    return [line.removeprefix("- ") for line in str(refusal.value).splitlines()[1:]]


def read(**more: str) -> Settings:
    return read_settings(ENOUGH | {f"JWTGUARD_{name}": text for name, text in more.items()})


async def test_resource_server_of_the_environment_validates(tmp_path: Path) -> None:
    keys = tmp_path / "keys.pem"
    keys.write_text(signing_key().pem)
    environ = ENOUGH | {"JWTGUARD_KEYS_FILE": str(keys), "JWTGUARD_PROFILE": "rfc9068", "PATH": "/usr/bin"}
    server = ResourceServer.from_env(environ, clock=lambda: NOW)
    assert (await server.validate(signing_key().token())).subject == "user-1"


def test_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in ENOUGH.items():
        monkeypatch.setenv(name, text)
    (issuer,) = ResourceServer.from_env().issuers
    assert issuer.configured.url == ISSUER


def test_prefix_tells_one_resource_server_from_another() -> None:
    environ = {"BILLING_ISSUER": ISSUER, "BILLING_AUDIENCE": AUDIENCE, "JWTGUARD_LEEWAY": "not looked at"}
    (issuer,) = ResourceServer.from_env(environ, prefix="BILLING_").issuers
    assert issuer.rules.audience == (AUDIENCE,)


def test_option_in_the_code_counts_more_than_the_environment() -> None:
    (issuer,) = ResourceServer.from_env(ENOUGH | {"JWTGUARD_LEEWAY": "5"}, leeway=7).issuers
    assert issuer.rules.leeway == 7


def test_several_values_are_separated_by_commas_or_spaces() -> None:
    settings = read(ISSUER="https://a.example, https://b.example", AUDIENCE="one two")
    assert [issuer.url for issuer in settings.issuers] == ["https://a.example", "https://b.example"]
    assert settings.audience == ("one", "two")


def test_every_setting_of_the_resource_server_arrives() -> None:
    settings = read(
        PROFILE="rfc9068",
        LEEWAY="5",
        REQUIRED_CLAIMS="sub tenant",
        MAX_TOKEN_BYTES="4096",
        TOKEN_CACHE="0",
        REALM="invoices",
        STARTUP="require",
    )
    assert settings.options == {
        "profile": "rfc9068",
        "leeway": 5,
        "required_claims": ("sub", "tenant"),
        "max_token_bytes": 4096,
        "token_cache": 0,
        "realm": "invoices",
        "startup": "require",
    }


def test_every_setting_of_the_issuer_arrives() -> None:
    (issuer,) = read(
        ISSUER="http://auth.internal", JWKS_URI="http://auth.internal/jwks", ALLOW_HTTP="true", ALGORITHMS="ES256,RS256"
    ).issuers
    assert (issuer.jwks_uri, issuer.algorithms, issuer.allow_http) == (
        "http://auth.internal/jwks",
        ("ES256", "RS256"),
        True,
    )


def test_introspection_is_configured_with_its_secret_out_of_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the api\n")
    (issuer,) = read(
        INTROSPECTION_CLIENT_ID="api",
        INTROSPECTION_CLIENT_SECRET_FILE=str(secret),
        INTROSPECTION_ENDPOINT="https://auth.example.com/ask",
        INTROSPECTION_WHEN="opaque",
    ).issuers
    assert issuer.introspection is not None
    assert issuer.introspection.client_secret == "of the api"
    assert (issuer.introspection.endpoint, issuer.introspection.when) == ("https://auth.example.com/ask", "opaque")


def test_variable_that_is_set_to_nothing_counts_as_not_set() -> None:
    assert read(LEEWAY="").options == {}


def test_every_mistake_is_named_at_once() -> None:
    found = mistakes(
        {
            "JWTGUARD_ISSUER": "http://auth.example.com https://b.example",
            "JWTGUARD_AUDIANCE": AUDIENCE,
            "JWTGUARD_LEEWAY": "half a minute",
            "JWTGUARD_JWKS_URI": "https://auth.example.com/jwks",
            "JWTGUARD_INTROSPECTION_CLIENT_ID": "api",
        }
    )
    assert [line.split(" ")[0] for line in found[:4]] == [
        "JWTGUARD_AUDIANCE",
        "JWTGUARD_LEEWAY",
        "JWTGUARD_AUDIENCE",
        "JWTGUARD_JWKS_URI",
    ]
    assert "introspection endpoint must know who asks" in found[4]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("LEEWAY", "-1", "is a whole number, not '-1'"),
        ("LEEWAY", "1.5", "is a whole number"),
        ("TOKEN_CACHE", "²", "is a whole number"),
        ("ALLOW_HTTP", "yes", "is 'true' or 'false', not 'yes'"),
        ("KEYS_FILE", "/does/not/exist", "cannot read the key file"),
        ("INTROSPECTION_CLIENT_SECRET_FILE", "/does/not/exist", "is the path of a file that can be read"),
        ("ISSUER", "auth.example.com", "https URL"),
        ("INTROSPECTION_WHEN", "sometimes", "when is"),
    ],
)
def test_mistake_says_what_was_expected(name: str, text: str, said: str) -> None:
    assert any(said in line for line in mistakes(ENOUGH | {f"JWTGUARD_{name}": text}))


def test_secret_in_the_place_of_its_file_is_a_mistake_and_is_not_told() -> None:
    found = mistakes(ENOUGH | {"JWTGUARD_INTROSPECTION_CLIENT_SECRET_FILE": "hush-hush"})
    assert any("INTROSPECTION_CLIENT_SECRET_FILE is the path of a file" in line for line in found)
    assert not any("hush-hush" in line for line in found)


def test_secret_in_two_places_is_a_mistake_and_is_not_told(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush-1")
    found = mistakes(
        ENOUGH
        | {
            "JWTGUARD_INTROSPECTION_CLIENT_ID": "api",
            "JWTGUARD_INTROSPECTION_CLIENT_SECRET": "hush-2",
            "JWTGUARD_INTROSPECTION_CLIENT_SECRET_FILE": str(secret),
        }
    )
    assert found == ["JWTGUARD_INTROSPECTION_CLIENT_SECRET is set, and _FILE as well"]
