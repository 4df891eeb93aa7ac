"""Changes an input as JSON, value by value: from bytes alone the fuzzer seldom makes JSON that means something else."""

import json
from random import Random
from typing import Any, Final

ODD_VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 0.5, 1e308, 2**63, 10**400, 1_800_000_000, 1_800_003_600),
    *("", "a", "a b", "\0", "\ud800", "https://auth.example.com", "https://api.example.com", "AQAB", "A" * 43),
    *([], {}, ["a"], [None], [[]], [{}], {"a": "b"}, {"roles": [{}]}, {"active": True}),
)
NAMES: Final = (
    *("alg", "kid", "typ", "crit", "b64", "iss", "aud", "exp", "nbf", "iat", "sub", "jti", "scope", "scp", "client_id"),
    *("azp", "roles", "permissions", "realm_access", "cnf", "events", "token_use", "token_type", "active"),
    *("token_introspection", "keys", "kty", "crv", "use", "key_ops", "x", "y", "n", "e", "k", "d", "pub", "x5c"),
)

Place = tuple[dict[str, Any], str] | tuple[list[Any], int]


def mutated(octets: bytes, seed: int) -> bytes | None:
    """Return an input with one value of its JSON changed, or None where it holds no JSON.

    Args:
        octets: an input as `tests.fuzz.target` has it.
        seed: what is left to chance.
    """
    chance = Random(seed)  # noqa: S311  (nothing is to be kept secret)
    kind, documents = octets[:1], octets[1:].split(b"\0")
    which = chance.randrange(len(documents))
    try:
        documents[which] = _changed(documents[which], chance)
    except (ValueError, RecursionError):
        return None
    return kind + b"\0".join(documents)


def _changed(document: bytes, chance: Random) -> bytes:
    value = json.loads(document)
    places = _places(value)
    objects = [item for item in (value, *(container for container, _ in places)) if isinstance(item, dict)]
    if objects and (not places or chance.random() < 0.4):
        chance.choice(objects)[chance.choice(NAMES)] = chance.choice(ODD_VALUES)
    elif places:
        _change(chance.choice(places), places, chance)
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=chance.random() < 0.9)
    return text.encode(errors="surrogatepass")


def _places(value: Any) -> list[Place]:
    """All places in a JSON value where another could stand."""
    if isinstance(value, dict):
        return [place for name, item in value.items() for place in [(value, name), *_places(item)]]
    if isinstance(value, list):
        return [place for index, item in enumerate(value) for place in [(value, index), *_places(item)]]
    return []


def _change(place: Place, others: list[Place], chance: Random) -> None:
    container: Any
    container, key = place
    what = chance.randrange(4)
    if what == 0:
        del container[key]
    elif what == 1:
        source: Any
        source, name = chance.choice(others)
        container[key] = json.loads(json.dumps(source[name]))
    elif what == 2 and isinstance(container, list):
        container.append(chance.choice(ODD_VALUES))
    else:
        container[key] = chance.choice(ODD_VALUES)
