"""What a connection came with: a log that shows it shows no token."""

from collections.abc import Callable

import pytest
from rich.pretty import pretty_repr

from jwtguard.claims import Rules, check_claims
from jwtguard.frozen import FrozenDict
from jwtguard.presented import Presented, Unseen
from tests.resource_servers import KEY
from tests.signing import AUDIENCE, ISSUER, NOW, good_claims

TEXT = KEY.token().encode()
HEADERS = [(b"authorization", b"Bearer " + TEXT)]
ACCESS_TOKEN = check_claims(good_claims(), FrozenDict(), Rules(issuer=ISSUER, audience=AUDIENCE), now=NOW)


@pytest.mark.parametrize("shown", [repr, str, pretty_repr], ids=["repr", "str", "rich"])
@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(Presented(HEADERS, TEXT, ACCESS_TOKEN), id="a good token"),
        pytest.param(Unseen(HEADERS, TEXT, b"digest", 0.0), id="one yet to be examined"),
    ],
)
def test_what_is_kept_of_a_connection_shows_no_part_of_its_token(
    kept: Presented | Unseen, shown: Callable[[object], str]
) -> None:
    text = shown(kept)
    assert text.startswith(type(kept).__name__)
    assert not [part for part in TEXT.decode().split(".") if part in text]
