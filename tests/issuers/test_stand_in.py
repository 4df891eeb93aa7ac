"""Whoever uses a named issuer tests their routes like anyone else: the test kit's tokens pass its rules."""

from dataclasses import replace

import pytest

from jwtguard import ConfigurationError, InvalidToken, Issuer, ResourceServer
from jwtguard.issuers import auth0, clerk, cognito, entra_id, firebase, google, keycloak, okta, supabase, tropipay
from jwtguard.testing import TestIssuer
from tests.issuers.products import API

pytestmark = pytest.mark.anyio

ISSUERS = {
    "auth0": auth0("acme.eu.auth0.com", organization="org_1", roles_claims="https://example.com/roles"),
    "entra_id": entra_id("72f988bf-86f1-41af-91ab-2d7cd011db47"),
    "entra_id, version 1.0": entra_id("72f988bf-86f1-41af-91ab-2d7cd011db47", version="1.0"),
    "cognito": cognito("eu-central-1_Ab12Cd34E", client_ids="client-1"),
    "keycloak": keycloak("https://sso.example.com", realm="acme", clients="invoices-api"),
    "okta": okta("acme.okta.com"),
    "firebase, tenants": firebase("acme-invoices", tenants="customers-5g7h1"),
    "firebase": firebase("acme-invoices"),
    "clerk": clerk("clerk.example.com", authorized_parties="https://app.example.com", organization="org_1"),
    "supabase": supabase("abcdefghijklmnopqrst"),
    "tropipay": tropipay("tropipay.eu.auth0.com"),
}


@pytest.mark.parametrize("issuer", ISSUERS.values(), ids=ISSUERS.keys())
async def test_tokens_of_the_test_kit_are_accepted(issuer: Issuer) -> None:
    server = ResourceServer(issuer, audience=API)
    with TestIssuer.standing_in(server) as stand_in:
        token = await server.validate(stand_in.token(scopes=["invoices:read"]))
        assert token.scopes == {"invoices:read"}
        if issuer.roles_claims:
            assert (await server.validate(stand_in.token(roles=["admin"]))).roles >= {"admin"}
        with pytest.raises(InvalidToken, match="expired"):
            await server.validate(stand_in.expired_token())


async def test_service_account_is_stood_in_for() -> None:
    server = ResourceServer(google("1172938475"), audience=API)
    with TestIssuer.standing_in(server) as stand_in:
        assert await server.validate(stand_in.token(sub="1172938475"))


def test_issuer_with_a_shared_secret_cannot_be_stood_in_for() -> None:
    server = ResourceServer(supabase("abcdefghijklmnopqrst", secret=b"s" * 40), audience=API)
    with pytest.raises(ConfigurationError, match="signs with none of"), TestIssuer.standing_in(server):
        pass


@pytest.mark.parametrize("issuer", ISSUERS.values(), ids=ISSUERS.keys())
def test_more_can_be_said_of_an_issuer_afterwards(issuer: Issuer) -> None:
    changed = replace(issuer, leeway=5)
    assert (changed.leeway, changed.claim_values, changed.url) == (5, issuer.claim_values, issuer.url)
