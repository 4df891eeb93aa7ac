"""Where the token comes from: standard input, so that it stays out of the shell's history, or an argument."""

from typing import BinaryIO, Final

MAX_INPUT: Final = 1024 * 1024
"""Bytes that are read from standard input at the most; no token is as long."""

_SCHEME: Final = "bearer"


class NoToken(Exception):
    """No token came; the text says what did."""


def read_token(argument: str | None, stdin: BinaryIO) -> str:
    """Return the token, without white space around it and without the scheme before it.

    Args:
        argument: the token; `-` or None to read it from standard input.
        stdin: standard input.

    Raises:
        NoToken: where nothing came, or more than a token can be.
    """
    if argument is not None and argument != "-":
        text = argument
    else:
        octets = stdin.read(MAX_INPUT + 1)
        if len(octets) > MAX_INPUT:
            raise NoToken(f"more than {MAX_INPUT} bytes came on standard input; no token is as long")
        text = octets.decode("utf-8", "surrogateescape")
    scheme, _, token = text.strip().partition(" ")
    if scheme.lower() != _SCHEME:
        token = text
    token = token.strip()
    if not token:
        raise NoToken("no token came; pass it on standard input, or as an argument")
    return token
