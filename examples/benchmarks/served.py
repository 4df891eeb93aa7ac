"""The applications that uvicorn serves for the benchmark, each made by a function without arguments."""

import json
import os
from functools import cache
from typing import Annotated, Any

import httpx
import jwt as pyjwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse
from fastapi.security import OAuth2PasswordBearer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from examples.benchmarks.tokens import AUDIENCE, ISSUER
from jwtguard import Issuer, ResourceServer
from jwtguard.fastapi import Guard
from jwtguard.middleware import GuardMiddleware

JWK_SET = "BENCHMARK_JWK_SET"
"""The environment variable that holds the issuer's public keys."""
INTROSPECTION_ENDPOINT = "BENCHMARK_INTROSPECTION_ENDPOINT"
"""The environment variable that holds the URL where a token can be asked about."""


def unprotected() -> FastAPI:
    """An application that lets everybody in."""
    return _application(Depends(_nobody))


def guarded() -> FastAPI:
    """The same, with a `Guard` on the route."""
    return _application(Depends(Guard(_resource_server())))


def guarded_by_middleware() -> FastAPI:
    """The same, with `GuardMiddleware` around all of it."""
    app = _application(Depends(_nobody))
    app.add_middleware(GuardMiddleware, resource_server=_resource_server())
    return app


def guarded_without_cache() -> FastAPI:
    """The same, validating each token anew."""
    return _application(Depends(Guard(_resource_server(token_cache=0))))


def as_in_the_tutorial() -> FastAPI:
    """The same, with PyJWT as FastAPI's tutorial shows."""
    key = pyjwt.PyJWK(_jwk_set()["keys"][0])

    async def current_user(token: Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="token"))]) -> Any:
        try:
            return pyjwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)["sub"]
        except pyjwt.InvalidTokenError:
            raise HTTPException(401) from None

    return _application(Depends(current_user))


def introspecting() -> FastAPI:
    """The same, asking the authorization server about the token of each request, over connections that stay open."""
    client = httpx.AsyncClient(auth=("api", "secret"))

    async def introspected(token: Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="token"))]) -> Any:
        answer = await client.post(os.environ[INTROSPECTION_ENDPOINT], data={"token": token})
        if answer.json().get("active") is not True:
            raise HTTPException(401)
        return answer.json()["sub"]

    return _application(Depends(introspected))


def authorization_server() -> Starlette:
    """An introspection endpoint that finds every token active, as quickly as can be."""
    body = json.dumps({"active": True, "iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "exp": 4_000_000_000}).encode()

    async def introspect(request: Request) -> Response:
        await request.body()
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/introspect", introspect, methods=["POST"])])


def _application(dependency: Any) -> FastAPI:
    app = FastAPI()

    @app.get("/", dependencies=[dependency])
    async def home() -> JSONResponse:
        return JSONResponse({"invoices": []})

    return app


async def _nobody() -> None:
    return None


def _resource_server(**options: Any) -> ResourceServer:
    return ResourceServer(Issuer(ISSUER, keys=_jwk_set()), audience=AUDIENCE, **options)


@cache
def _jwk_set() -> Any:
    return json.loads(os.environ[JWK_SET])
