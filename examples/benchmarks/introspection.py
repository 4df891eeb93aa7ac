"""Local validation, and asking the authorization server about each token over loopback: no network could be nearer."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx

from examples.benchmarks.processes import served
from examples.benchmarks.rounds import Contestant
from examples.benchmarks.tokens import Signer
from examples.benchmarks.validation import resource_server

LOCAL = "validated locally"
INTROSPECTED = "introspected over loopback"

_BATCH = 25


@asynccontextmanager
async def contestants(signer: Signer, *, rounds: int) -> AsyncIterator[list[Contestant]]:
    """Make the contestants, and have an authorization server running for one of them.

    Args:
        signer: what signs the tokens.
        rounds: how many there will be.
    """
    tokens = signer.tokens(rounds * _BATCH)
    batches = [tokens[start : start + _BATCH] for start in range(0, len(tokens), _BATCH)]
    with served("authorization_server", environment={}) as server:
        async with httpx.AsyncClient(auth=("api", "secret")) as client:
            yield [
                _local(signer, batches),
                _introspected(client, f"http://127.0.0.1:{server.port}/introspect", batches),
            ]


def _local(signer: Signer, batches: Sequence[Sequence[str]]) -> Contestant:
    validate = resource_server(signer).validate

    async def run(number: int) -> None:
        for token in batches[number]:
            await validate(token)

    return Contestant(LOCAL, run, _BATCH)


def _introspected(client: httpx.AsyncClient, endpoint: str, batches: Sequence[Sequence[str]]) -> Contestant:
    async def run(number: int) -> None:
        for token in batches[number]:
            answer = await client.post(endpoint, data={"token": token})
            if answer.json()["active"] is not True:
                raise RuntimeError("the authorization server does not know its own token")

    return Contestant(INTROSPECTED, run, _BATCH)
