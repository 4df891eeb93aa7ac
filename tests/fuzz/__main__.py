"""Fuzzes for a while: `python -m tests.fuzz SECONDS`. What crashes the core is kept in the directory `crashes`."""

import platform
import sys
import tempfile
from pathlib import Path

from tests.fuzz.mutation import mutated

try:
    import atheris
except ImportError:
    sys.stderr.write(f"SKIPPED: atheris has no wheel for Python {platform.python_version()} on {platform.platform()}\n")
    sys.exit(0)

with atheris.instrument_imports(include=["jwtguard"]):
    from tests.fuzz.target import run

HERE = Path(__file__).parent
CRASHES = Path("crashes")
SECONDS = 20
LONGEST_INPUT = 4096


def _mutate(octets: bytes, most: int, seed: int) -> bytes:
    """Change the bytes one time, and what they mean the other."""
    changed = mutated(octets, seed) if seed % 2 else None
    return atheris.Mutate(octets, most) if changed is None or len(changed) > most else changed


def main(seconds: int) -> None:
    """Fuzz; the process ends with a status other than 0 when an input crashes the core."""
    CRASHES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as found:
        arguments = [
            *(f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT}", f"-artifact_prefix={CRASHES}/"),
            *(
                f"-dict={HERE / 'dictionary'}",
                "-verbosity=0",
                "-print_final_stats=1",
                found,
                str(HERE / "corpus"),
            ),
        ]
        atheris.Setup([sys.argv[0], *arguments], run, custom_mutator=_mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
