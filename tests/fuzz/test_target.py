"""The fuzzer's target itself: it lets every error out that is not ours, and its seeds reach what they should."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz import target
from tests.fuzz.mutation import mutated

SEEDS = sorted(Path(__file__).with_name("corpus").iterdir())


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.name)
def test_no_seed_crashes_the_core_nor_does_what_is_made_of_it(seed: Path) -> None:
    octets = seed.read_bytes()
    target.run(octets)
    for chance in range(50):
        changed = mutated(octets, chance)
        if changed is not None:
            target.run(changed)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("parse", b"t"),
        ("parse", b"s"),
        ("parse", b"?"),
        ("check", b"s"),
        ("check_header", b"s"),
        ("read_signed_answer", b"s"),
        ("read_answer", b"a"),
        ("check_answer", b"a"),
    ],
)
def test_any_other_exception_gets_out(monkeypatch: pytest.MonkeyPatch, name: str, kind: bytes) -> None:
    def broken(*args: object, **options: object) -> None:
        raise RecursionError

    monkeypatch.setattr(target, name, broken)
    document = {b"s": b'{"alg":"ES256"}\0{}', b"a": b'{"active":true}'}.get(kind, b"a.b.c")
    with pytest.raises(RecursionError):
        target.run(kind + document)


def test_tokens_and_answers_that_are_accepted_are_among_the_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = set()

    def watched(name: str) -> Callable[..., Any]:
        original = getattr(target, name)

        def call(*args: Any, **options: Any) -> Any:
            result = original(*args, **options)
            accepted.add(name)
            return result

        return call

    for name in ("check", "check_answer", "read_signed_answer"):
        monkeypatch.setattr(target, name, watched(name))
    for seed in SEEDS:
        target.run(seed.read_bytes())
    assert accepted == {"check", "check_answer", "read_signed_answer"}


def test_the_fuzzer_changes_values_and_leaves_json_json() -> None:
    octets = b'a{"active":true,"scope":"a b","aud":["x",{"y":1}]}'
    changed = {mutated(octets, chance) for chance in range(100)}
    assert len(changed) > 30
    assert mutated(octets, 1) == mutated(octets, 1)
    assert mutated(b"anot json", 1) is None
