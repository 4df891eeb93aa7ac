"""Says in one line which refusal a test expects."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from jwtguard.errors import InvalidToken, JWTGuardError


@contextmanager
def refused(reason: str, kind: type[JWTGuardError] = InvalidToken) -> Iterator[pytest.ExceptionInfo[JWTGuardError]]:
    """Expect a refusal of exactly this kind, for this reason."""
    with pytest.raises(kind) as caught:
        yield caught
    assert type(caught.value) is kind
    assert caught.value.reason == reason
