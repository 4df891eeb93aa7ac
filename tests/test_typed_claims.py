"""Claims in the form that an application declares."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict, field_validator
from typing_extensions import TypedDict

from jwtguard import AccessToken, ConfigurationError, InvalidToken, KeySet, Rules, verify
from jwtguard.fastapi import Guard
from jwtguard.typed_claims import TypedClaims
from tests.resource_servers import KEY, bearer, resource_server
from tests.signing import AUDIENCE, ISSUER, NOW


class Model(BaseModel):
    model_config = ConfigDict(frozen=True)

    sub: str
    tenant: int


class Dictionary(TypedDict):
    sub: str
    tenant: int


@dataclass(frozen=True)
class Record:
    sub: str
    tenant: int


def token(**claims: Any) -> AccessToken:
    return verify(KEY.token(**claims), KeySet.of(KEY.jwk_set), Rules(issuer=ISSUER, audience=AUDIENCE), now=NOW)


@pytest.mark.parametrize(
    ("kind", "claims"),
    [
        (Model, Model(sub="user-1", tenant=7)),
        (Dictionary, {"sub": "user-1", "tenant": 7}),
        (Record, Record("user-1", 7)),
    ],
)
def test_claims_take_the_declared_form(kind: Any, claims: Any) -> None:
    typed = TypedClaims(kind).of(token(tenant=7))
    assert typed.claims == claims
    assert typed.subject == "user-1"


@pytest.mark.parametrize("claims", [{}, {"tenant": "seven"}, {"tenant": None}], ids=str)
def test_claims_that_do_not_fit_are_refused_with_what_is_wrong_where_and_without_their_values(
    claims: dict[str, Any],
) -> None:
    with pytest.raises(InvalidToken) as refusal:
        TypedClaims(Model).of(token(**claims))
    assert refusal.value.reason == "claims_unfit"
    assert refusal.value.detail.startswith("they do not fit Model: tenant: ")
    assert "seven" not in refusal.value.detail


def test_many_faults_are_told_in_a_bounded_text() -> None:
    with pytest.raises(InvalidToken) as refusal:
        TypedClaims(dict[str, int]).of(token(**{f"claim-{number}": "x" for number in range(1000)}))
    assert len(refusal.value.detail) < 2000


def test_claims_of_one_token_are_validated_once() -> None:
    validated: Counter[str] = Counter()

    class Counted(BaseModel):
        jti: str

        @field_validator("jti")
        @classmethod
        def count(cls, value: str) -> str:
            validated[value] += 1
            return value

    app = FastAPI()
    guard = Guard(resource_server(), claims=Counted)

    @app.get("/")
    async def home(token: Annotated[AccessToken[Counted], Depends(guard)]) -> str:
        return token.claims.jti

    with TestClient(app) as client:
        for name in ("one", "two", "one", "two", "one"):
            assert client.get("/", headers=bearer(KEY.token(jti=name))).json() == name
    assert validated == {"one": 1, "two": 1}


def test_typed_claims_of_another_token_are_never_handed_over() -> None:
    typed_claims = TypedClaims(Model)
    for tenant in range(2000):  # whose identities Python reuses, as each token is gone before the next comes
        assert typed_claims.of(token(tenant=tenant)).claims.tenant == tenant


def test_token_that_does_not_fit_is_401_and_one_that_may_not_is_403() -> None:
    app = FastAPI()
    guard = Guard(resource_server(), claims=Model)

    @app.get("/")
    async def home(
        token: Annotated[AccessToken[Model], Depends(guard.require(roles=["admin"], claims={"tenant": 7}))],
    ) -> int:
        return token.claims.tenant

    with TestClient(app) as client:
        answers = [
            client.get("/", headers=bearer(KEY.token(**claims))).status_code
            for claims in ({"tenant": 7, "roles": ["admin"]}, {"tenant": 8, "roles": ["admin"]}, {"tenant": 7}, {})
        ]
    assert answers == [200, 403, 403, 401]


def test_what_pydantic_does_not_know_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="claims is a pydantic model"):
        Guard(resource_server(), claims=KeySet)
