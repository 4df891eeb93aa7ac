"""The attack table: every case there is, each with a name of its own."""

from typing import Final

from tests.attacks import (
    algorithm_confusion,
    challenges,
    credentials,
    encoding,
    headers,
    key_sets,
    names,
    passwords,
    paths,
    signatures,
    times,
    token_kinds,
)
from tests.attacks.case import Case

_SUBJECTS = (
    algorithm_confusion,
    signatures,
    headers,
    encoding,
    token_kinds,
    times,
    names,
    key_sets,
    passwords,
    credentials,
    paths,
    challenges,
)


def _named() -> dict[str, Case]:
    named: dict[str, Case] = {}
    for subject in _SUBJECTS:
        for case in subject.cases():
            name = f"{subject.__name__.rpartition('.')[2]}: {case.name}"
            assert name not in named, f"two cases are called {name!r}"
            named[name] = case
    return named


CASES: Final = _named()
"""All cases, by subject and name."""
