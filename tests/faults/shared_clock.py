"""A clock that several processes read, and that stands until it is moved."""

import mmap
import struct
from pathlib import Path
from typing import Final

_SECONDS: Final = struct.Struct("d")


class SharedClock:
    """A clock in a file that its readers have mapped into memory."""

    def __init__(self, file: Path, *, now: float | None = None) -> None:
        """Read the clock in a file, or set one up there.

        Args:
            file: the file.
            now: what it shows at first, in seconds since the epoch; None for a clock that is there already.
        """
        if now is not None:
            file.write_bytes(_SECONDS.pack(now))
        with file.open("r+b") as opened:
            self._mapped = mmap.mmap(opened.fileno(), _SECONDS.size)

    def __call__(self) -> float:
        seconds: float = _SECONDS.unpack_from(self._mapped)[0]
        return seconds

    def move(self, seconds: float) -> None:
        """Let so many seconds pass, in all processes at once."""
        _SECONDS.pack_into(self._mapped, 0, self() + seconds)

    def close(self) -> None:
        self._mapped.close()
