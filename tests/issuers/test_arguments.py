"""What the named issuers are given: mistakes are told when the issuer is made, with what to write instead."""

from typing import Any

import pytest

from jwtguard import ConfigurationError
from jwtguard.issuers import auth0, clerk, cognito, firebase, google, keycloak, okta, supabase, tropipay
from jwtguard.issuers.arguments import domain

POOL, APP = "eu-central-1_Ab12Cd34E", "https://app.example.com"
KEYCLOAK = "https://sso.example.com"


@pytest.mark.parametrize(
    "text",
    [
        "acme.eu.auth0.com",
        "quiet-owl-12.clerk.accounts.dev",
        "a.bc",
        "login.xn--bcher-kva.example",
        f"{'a' * 63}.example.com",
    ],
)
def test_domain_is_taken(text: str) -> None:
    assert domain("a domain", text, "example.com") == text


@pytest.mark.parametrize(
    "text",
    [
        "https://acme.eu.auth0.com",
        "acme.eu.auth0.com/",
        "acme.eu.auth0.com:443",
        "ACME.eu.auth0.com",
        "acme",
        "acme.",
        ".auth0.com",
        "acme..auth0.com",
        "-acme.auth0.com",
        "acme-.auth0.com",
        "acme.auth0.com\n",
        " acme.auth0.com",
        "user@acme.auth0.com",
        "acme.auth0.com?a=b",
        "acme.auth0.com#a",
        "{yourDomain}",
        "${yourOktaDomain}",
        "10.0.0.1",
        "b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example",
        f"{'a' * 64}.example.com",
        f"{'a.' * 130}com",
        "",
        None,
        7,
        b"acme.auth0.com",
    ],
    ids=repr,
)
def test_what_is_no_domain_is_refused(text: Any) -> None:
    with pytest.raises(ConfigurationError, match="an Auth0 domain is a domain in lower case without 'https://'"):
        auth0(text)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: auth0("acme.eu.auth0.com", organization=[]), r"organization is a non-empty string such as 'org_"),
        (lambda: auth0("acme.eu.auth0.com", organization=""), r"organization is a non-empty string"),
        (lambda: tropipay("www.tropipay.com/api/v2"), r"TropiPay's Auth0 domain is a domain"),
        (lambda: cognito("Ab12Cd34E", client_ids="c"), r"a user pool ID is a region.*such as 'eu-central-1_Ab12Cd34E'"),
        (lambda: cognito("eu-central-1", client_ids="c"), r"a user pool ID"),
        (lambda: cognito("eu-central-1_", client_ids="c"), r"a user pool ID"),
        (lambda: cognito("eu-central-1:0a1b2c3d-0000", client_ids="c"), r"a user pool ID"),
        (lambda: cognito(f"https://cognito-idp.eu-central-1.amazonaws.com/{POOL}", client_ids="c"), r"a user pool ID"),
        (lambda: cognito(f"evil.example/{POOL}", client_ids="c"), r"a user pool ID"),
        (lambda: cognito(POOL + "\n", client_ids="c"), r"a user pool ID"),
        (lambda: cognito("eu-central-\N{ARABIC-INDIC DIGIT ONE}_a", client_ids="c"), r"a user pool ID"),
        (
            lambda: cognito(POOL, client_ids=[]),
            r"client_ids is a non-empty string such as '57cbishk4j24pabc1234567890'",
        ),
        (lambda: cognito(POOL, client_ids=""), r"client_ids is a non-empty string"),
        (lambda: cognito(POOL, client_ids=[None]), r"client_ids is a non-empty string"),  # type: ignore[list-item]
        (lambda: cognito(POOL, client_ids=None), r"client_ids is a non-empty string"),  # type: ignore[arg-type]
        (lambda: keycloak("sso.example.com", realm="acme"), r"Keycloak's URL is an https URL"),
        (lambda: keycloak("http://sso.example.com", realm="acme"), r"with allow_http=True"),
        (lambda: keycloak(f"{KEYCLOAK}/realms/acme", realm="acme"), r"ends before '/realms/…'"),
        (lambda: keycloak(f"{KEYCLOAK}?a=b", realm="acme"), r"ends before"),
        (lambda: keycloak(None, realm="acme"), r"Keycloak's URL is an https URL"),  # type: ignore[arg-type]
        (lambda: keycloak(KEYCLOAK, realm=""), r"a realm's name is of letters.*such as 'acme'"),
        (lambda: keycloak(KEYCLOAK, realm="acme/x"), r"a realm's name"),
        (lambda: keycloak(KEYCLOAK, realm="my realm"), r"a realm's name"),
        (
            lambda: keycloak(KEYCLOAK, realm="acme", clients=[""]),
            r"clients is a non-empty string such as 'invoices-api'",
        ),
        (lambda: keycloak(KEYCLOAK, realm="acme", jwks_uri="http://kc/certs"), r"jwks_uri is an https URL"),
        (lambda: okta("https://acme.okta.com/oauth2/default"), r"an Okta domain is a domain"),
        (lambda: okta("acme-admin.okta.com"), r"write it without '-admin'"),
        (lambda: okta("acme-admin.oktapreview.com"), r"write it without '-admin'"),
        (lambda: okta("acme.okta.com", authorization_server=""), r"the org authorization server cannot be validated"),
        (lambda: okta("acme.okta.com", authorization_server="oauth2/default"), r"is of letters and digits.*'aus9o8"),
        (lambda: okta("acme.okta.com", authorization_server="default\n"), r"is of letters and digits"),
        (lambda: google([]), r"service_accounts is a non-empty string such as 'billing@acme.iam.gserviceaccount.com'"),
        (lambda: google("jane@example.com"), r"service_accounts are unique IDs such as '117293847561029384756'"),
        (lambda: google("jane@notgserviceaccount.com"), r"service_accounts are unique IDs"),
        (lambda: google(["1172", "a@b.iam.gserviceaccount.com"]), r"and not both: 1172, a@b"),
        (lambda: google("\N{ARABIC-INDIC DIGIT ONE}"), r"service_accounts are unique IDs"),
        (lambda: google(None), r"service_accounts is a non-empty string"),  # type: ignore[arg-type]
        (lambda: firebase("Acme Invoices"), r"a project ID is of 6 to 30 lower-case.*such as 'acme-invoices'"),
        (lambda: firebase("acme/../other"), r"a project ID"),
        (lambda: firebase("acme"), r"a project ID"),
        (lambda: firebase("acme-invoices-"), r"a project ID"),
        (
            lambda: firebase("acme-invoices", tenants=[]),
            r"tenants is a non-empty string such as 'acme-customers-5g7h1'",
        ),
        (lambda: clerk(f"https://{'clerk.example.com'}", authorized_parties=APP), r"a Frontend API is a domain"),
        (
            lambda: clerk("clerk.example.com", authorized_parties=[]),
            r"authorized_parties is a non-empty string such as",
        ),
        (
            lambda: clerk("clerk.example.com", authorized_parties=f"{APP}/"),
            r"origins such as 'https://app.example.com'",
        ),
        (lambda: clerk("clerk.example.com", authorized_parties="app.example.com"), r"holds origins"),
        (lambda: clerk("clerk.example.com", authorized_parties=f"{APP}?a"), r"holds origins"),
        (lambda: clerk("clerk.example.com", authorized_parties="https://App.example.com"), r"holds origins"),
        (lambda: clerk("clerk.example.com", authorized_parties="https://["), r"holds origins"),
        (lambda: clerk("clerk.example.com", authorized_parties=APP, organization=[]), r"organization is a non-empty"),
        (lambda: supabase("acme"), r"a project's reference is 20 lower-case letters or digits"),
        (lambda: supabase("ABCDEFGHIJKLMNOPQRST"), r"a project's reference"),
        (lambda: supabase("https://api.example.com"), r"a custom domain is a domain"),
        (lambda: supabase(None), r"a project's reference"),  # type: ignore[arg-type]
        (lambda: supabase("abcdefghijklmnopqrst", secret="sesame"), r"secret is bytes"),  # type: ignore[arg-type]
        (lambda: supabase("abcdefghijklmnopqrst", secret=b"sesame"), r"at least 32 bytes"),
        (lambda: supabase("abcdefghijklmnopqrst", secret=b""), r"at least 32 bytes"),
    ],
)
def test_what_cannot_be_right_is_refused_with_what_to_write_instead(make: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()
