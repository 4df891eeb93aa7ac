"""What the token cache holds in memory."""

import gc
import tracemalloc

from examples.benchmarks.tokens import Signer
from examples.benchmarks.validation import resource_server
from jwtguard.token_cache import DEFAULT_SIZE

TOKENS = 10_000


async def measure() -> dict[str, int]:
    """Return the bytes that 10,000 tokens take in the cache, what one takes, and what the cache takes by default."""
    signer = Signer.new("EdDSA")  # quick to sign; what is remembered of a token does not depend on its signature
    tokens = signer.tokens(TOKENS + 1)
    server = resource_server(signer, token_cache=TOKENS)
    await server.validate(tokens.pop())
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(2):  # one that has come again takes a little more
        for token in tokens:
            await server.validate(token)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    each = (after - before) // TOKENS
    return {"tokens": TOKENS, "bytes": after - before, "bytes per token": each, "bytes by default": each * DEFAULT_SIZE}
