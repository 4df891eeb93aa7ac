"""Claims in a form that the application has declared: a pydantic model, a TypedDict or a dataclass."""

from threading import Lock
from typing import Final, Generic, cast

import msgspec
from cachetools import LRUCache
from pydantic import PydanticUserError, TypeAdapter, ValidationError

from jwtguard.access_token import AccessToken, Claims
from jwtguard.errors import ConfigurationError, InvalidToken

REMEMBERED: Final = 4096
"""How many tokens' claims are kept in their typed form."""


class TypedClaims(Generic[Claims]):
    """Gives access tokens their claims in one declared form, once for each token."""

    def __init__(self, kind: type[Claims]) -> None:
        """Prepare.

        Args:
            kind: a pydantic model, a TypedDict, a dataclass, or whatever else pydantic validates mappings into.

        Raises:
            ConfigurationError: where pydantic does not.
        """
        try:
            self._adapter = TypeAdapter(kind)
        except PydanticUserError as error:
            raise ConfigurationError(
                f"claims is a pydantic model, a TypedDict or a dataclass, not {kind!r}: {error.message}"
            ) from None
        self._name = getattr(kind, "__name__", repr(kind))
        # By identity, which tokens from the token cache keep; each entry holds its token, so no identity is reused.
        self._lock = Lock()  # event loops in several threads may share one guard
        self._typed: LRUCache[int, tuple[AccessToken, AccessToken[Claims]]] = LRUCache(REMEMBERED)

    def of(self, token: AccessToken) -> AccessToken[Claims]:
        """Return the token with its claims in the declared form.

        Raises:
            InvalidToken: `claims_unfit` where they do not fit it.
        """
        with self._lock:
            known = self._typed.get(id(token))
        if known is not None and known[0] is token:
            return known[1]
        try:
            claims = self._adapter.validate_python(token.claims)
        except ValidationError as error:
            raise InvalidToken("claims_unfit", detail=f"they do not fit {self._name}: {_faults(error)}") from None
        typed = cast("AccessToken[Claims]", msgspec.structs.replace(token, claims=claims))
        with self._lock:
            self._typed[id(token)] = token, typed
        return typed


def _faults(error: ValidationError) -> str:
    """What is wrong where, without the claims' values."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults[:10])
