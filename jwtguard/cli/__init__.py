"""The `jwtguard` command: looks at tokens, and at what authorization servers publish (extra `cli`)."""

from jwtguard.cli.command import main

__all__ = ["main"]
