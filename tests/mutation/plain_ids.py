"""A pytest plugin for mutmut, which names test cases on pytest's command line, in a process that has collected before.

pytest escapes the names that a table gives its cases each time that it collects, so that a backslash becomes two, then
four, and the case is not found.
"""

import pytest
from _pytest import python

_escaped = python._ascii_escaped_by_config


def _plain(val: str | bytes, config: pytest.Config | None) -> str:
    return _escaped(val, config).replace("\\", "/")


python._ascii_escaped_by_config = _plain
