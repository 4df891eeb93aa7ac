"""Says what became of each mutant, after `mutmut run`; fails where one was neither killed nor explained.

mutmut forks its runs from a process that has imported all modules and tests, so that what runs at their import is never
mutated there. Here each mutant that it let live gets a process of its own, with the tests that mirror its module. What
these do not notice either is looked up in `explained.toml`.
"""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import compress
from pathlib import Path

from tests.mutation.change import Change, change_of

MUTANTS = Path("mutants")
OPTIONS = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["mutmut"]["pytest_add_cli_args"]
EXPLAINED = Path(__file__).with_name("explained.toml")
A_TEST_FAILED = 1  # pytest's
MOST_SECONDS = 300.0


def exit_codes() -> dict[str, int | None]:
    """What pytest ended with under each mutant, when mutmut ran it; None where it did not."""
    results = [json.loads(file.read_text()) for file in sorted((MUTANTS / "jwtguard").glob("*.meta"))]
    return {name: code for result in results for name, code in result["exit_code_by_key"].items()}


def module_of(mutant: str) -> str:
    return mutant.split(".")[1]


def passes(module: str, mutant: str = "") -> bool:
    """Whether the module's own tests pass under a mutant, or under none."""
    run = [sys.executable, "-m", "pytest", "-xq", *OPTIONS, f"tests/test_{module}.py"]
    settings = {**os.environ, "MUTANT_UNDER_TEST": mutant, "PYTHONPATH": "tests/mutation"}
    try:
        done = subprocess.run(run, cwd=MUTANTS, env=settings, capture_output=True, timeout=MOST_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def unnoticed(mutants: list[str]) -> list[str]:
    """Those under which all tests of their module pass."""
    modules = sorted({module_of(mutant) for mutant in mutants})
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        if broken := [module for module, passed in zip(modules, pool.map(passes, modules), strict=True) if not passed]:
            sys.exit(f"without any mutant a test of {', '.join(broken)} fails: what it notices means nothing")
        return list(compress(mutants, pool.map(lambda mutant: passes(module_of(mutant), mutant), mutants)))


def explained() -> dict[tuple[str, str], str]:
    """Why a change needs no test, by the function and what its lines become."""
    return {
        (function, becomes): group["why"]
        for group in tomllib.loads(EXPLAINED.read_text())["group"]
        for function, changes in group["mutants"].items()
        for becomes in changes
    }


def report(left: list[Change], known: Mapping[tuple[str, str], str], *, total: int) -> int:
    """Write what is left and the sums; return how many mutants are neither killed nor explained."""
    worded = [change for change in left if change.is_of_wording]
    others = [change for change in left if not change.is_of_wording]
    unexplained = [change for change in others if (change.function, change.becomes) not in known]
    gone = known.keys() - {(change.function, change.becomes) for change in others}
    lines = [str(change) for change in unexplained]
    lines += [
        f"explained.toml has a change that is noticed, or not made: {function}: {line}" for function, line in gone
    ]
    lines.append(
        f"{total} mutants: {total - len(left)} killed, {len(others) - len(unexplained)} explained, "
        f"{len(worded)} of mere wording, {len(unexplained)} unexplained"
    )
    sys.stdout.write("\n".join([*lines, ""]))
    return len(unexplained)


def main() -> None:
    codes = exit_codes()
    tried = {mutant: code for mutant, code in codes.items() if code is not None}
    lived = [mutant for mutant, code in tried.items() if code != A_TEST_FAILED]
    left = [change_of(mutant, MUTANTS) for mutant in unnoticed(lived)]
    unexplained = report(left, explained(), total=len(tried))
    if untried := len(codes) - len(tried):
        sys.stdout.write(f"{untried} more were not tried\n")
    sys.exit(1 if unexplained or untried else 0)


if __name__ == "__main__":
    main()
