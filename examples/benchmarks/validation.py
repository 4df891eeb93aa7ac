"""What it takes to validate one token: the bare signature check, jwtguard, and its peers."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.util import urlsafe_b64decode

from examples.benchmarks.rounds import Contestant
from examples.benchmarks.tokens import AUDIENCE, ISSUER, Signer
from jwtguard import Issuer, ResourceServer
from jwtguard.token_cache import DEFAULT_SIZE

Validate = Callable[[str], Any]
"""Takes a token, returns its claims, and raises for a bad one."""

BARE = "bare signature check"
NEW = "jwtguard"
NEW_UNCACHED = "jwtguard, token_cache=0"
SEEN = "jwtguard, token seen before"

_BATCHES = {"RS256": 25, "PS256": 25, "ES256": 10, "EdDSA": 10}
"""How many tokens a round takes: less than a millisecond of them, so that some rounds stay undisturbed."""


async def contestants(
    signer: Signer, *, rounds: int, groups: int = 0, peers: Mapping[str, Validate] = MappingProxyType({})
) -> list[Contestant]:
    """Return the contestants. In each round all of them get the same tokens, which none of them has seen before.

    Args:
        signer: what signs the tokens.
        rounds: how many there will be.
        groups: how many names of groups each token holds.
        peers: the validators of other libraries, by name.
    """
    size = _BATCHES[signer.algorithm]
    tokens = signer.tokens(rounds * size, groups=groups)
    batches = [tokens[start : start + size] for start in range(0, len(tokens), size)]
    return [
        _bare(signer, batches),
        _jwtguard(NEW, await _with_full_cache(signer, groups), batches),
        _jwtguard(NEW_UNCACHED, resource_server(signer, token_cache=0), batches),
        _seen(signer, batches[0]),
        *(_peer(name, validate, batches) for name, validate in peers.items()),
    ]


def resource_server(signer: Signer, **options: Any) -> ResourceServer:
    """An API that trusts one issuer with one key."""
    return ResourceServer(Issuer(ISSUER, keys=signer.jwk_set), audience=AUDIENCE, **options)


def _bare(signer: Signer, batches: Sequence[Sequence[str]]) -> Contestant:
    """`cryptography`'s verification with everything at hand: below this no validator can go."""
    prepared = [[_taken_apart(token, signer.algorithm) for token in batch] for batch in batches]
    public_key: Any = signer.key.public_key
    verify: Callable[..., None] = public_key.verify
    how: tuple[Any, ...] = {
        "RS256": (padding.PKCS1v15(), SHA256()),
        "PS256": (padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32), SHA256()),
        "ES256": (ec.ECDSA(SHA256()),),
        "EdDSA": (),
    }[signer.algorithm]

    async def run(number: int) -> None:
        for signature, signing_input in prepared[number]:
            verify(signature, signing_input, *how)

    return Contestant(BARE, run, len(batches[0]))


def _taken_apart(token: str, algorithm: str) -> tuple[bytes, bytes]:
    signing_input, _, text = token.rpartition(".")
    signature = urlsafe_b64decode(text.encode())
    if algorithm == "ES256":
        signature = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    return signature, signing_input.encode()


async def _with_full_cache(signer: Signer, groups: int) -> ResourceServer:
    """An API that has been at work for a while: each new token pushes another one out of its cache."""
    server = resource_server(signer)
    for token in signer.tokens(DEFAULT_SIZE, groups=groups):
        await server.validate(token)
    return server


def _jwtguard(name: str, server: ResourceServer, batches: Sequence[Sequence[str]]) -> Contestant:
    validate = server.validate

    async def run(number: int) -> None:
        for token in batches[number]:
            await validate(token)

    return Contestant(name, run, len(batches[0]))


def _seen(signer: Signer, batch: Sequence[str]) -> Contestant:
    validate = resource_server(signer).validate

    async def run(_: int) -> None:
        for token in batch:
            await validate(token)

    return Contestant(SEEN, run, len(batch))


def _peer(name: str, validate: Validate, batches: Sequence[Sequence[str]]) -> Contestant:
    async def run(number: int) -> None:
        for token in batches[number]:
            validate(token)

    return Contestant(name, run, len(batches[0]))
