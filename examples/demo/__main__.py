"""The demo: `python -m examples.demo`. Exits with 0 if everything was as it should be, and with 1 otherwise."""

import sys
from collections.abc import Iterable

from examples.demo.report import Report
from examples.demo.stage import Stage, stage
from examples.demo.steps import STEPS, Step


def main(*, steps: Iterable[tuple[str, Step]] = STEPS, api: str = "examples.demo.api") -> int:
    """Walk the steps.

    Args:
        steps: what to walk, each with its title.
        api: the module that is the API.
    """
    report = Report()
    with stage(api=api) as set_up:
        for title, step in steps:
            report.step(title)
            _walk(step, set_up, report)
    return 0 if report.conclude() else 1


def _walk(step: Step, set_up: Stage, report: Report) -> None:
    """A step that breaks off is a failure like any other, and the ones after it are walked all the same."""
    try:
        step(set_up, report)
    except Exception as error:  # noqa: BLE001  (whatever it was, it was not expected)
        report.broke(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    sys.exit(main())
