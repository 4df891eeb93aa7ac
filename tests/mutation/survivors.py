"""Gives each mutant that mutmut let live a second chance to be noticed, and lists those that nothing notices.

mutmut forks its runs from a process that has imported all modules and tests, so that what runs at their import is never
mutated there. Here each mutant has a process of its own, with the tests that mirror its module.
"""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

MUTANTS = Path("mutants")
OPTIONS = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["mutmut"]["pytest_add_cli_args"]
PROCESSES = 2
MOST_SECONDS = 300.0


def survivors() -> Iterator[str]:
    """The names of the mutants with which mutmut saw all tests pass."""
    for results in sorted((MUTANTS / "jwtguard").glob("*.meta")):
        for name, status in json.loads(results.read_text())["exit_code_by_key"].items():
            if status == 0:
                yield name


def is_noticed(name: str) -> bool:
    """Whether a test of the mutant's own module fails."""
    module = name.split(".")[1]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-xq", *OPTIONS, f"tests/test_{module}.py"],
        cwd=MUTANTS,
        env={**os.environ, "MUTANT_UNDER_TEST": name, "PYTHONPATH": "tests/mutation"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=MOST_SECONDS,
        check=False,
    )
    return run.returncode != 0


def main() -> None:
    names = list(survivors())
    with ThreadPoolExecutor(PROCESSES) as pool:
        noticed = list(pool.map(is_noticed, names))
    left = [name for name, was_noticed in zip(names, noticed, strict=True) if not was_noticed]
    sys.stdout.write("\n".join([*left, f"{len(left)} mutants are noticed by no test", ""]))


if __name__ == "__main__":
    main()
