"""The command as a process of its own: its entry points, its signals, its pipes, and what is not installed."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_command import HOSTILE
from tests.signing import signing_key

ROOT = Path(__file__).parents[2]
TOKEN = signing_key().token()
MODULE = (sys.executable, "-m", "jwtguard")
SCRIPT = (str(Path(sysconfig.get_path("scripts")) / "jwtguard"),)

# Without rich installed, as a user has it who has not asked for the extra.
WITHOUT_RICH = (
    sys.executable,
    "-c",
    "import sys; sys.modules['rich'] = None; from jwtguard.cli import main; sys.exit(main())",
)


def run(*command: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False, **options)


@pytest.mark.parametrize("command", [MODULE, SCRIPT], ids=["python -m", "script"])
@pytest.mark.parametrize(
    ("stdin", "code"), [(TOKEN.encode(), 0), (TOKEN[:-1].encode(), 1), (b"", 2)], ids=["well", "not well", "misused"]
)
def test_exit_code_tells_what_came_of_it(command: tuple[str, ...], stdin: bytes, code: int) -> None:
    assert run(*command, "inspect", input=stdin).returncode == code


def test_missing_rich_is_one_line_that_names_the_extra() -> None:
    ended = run(*WITHOUT_RICH, "inspect", TOKEN)
    assert ended.returncode == 2
    assert ended.stdout == b""
    assert ended.stderr.decode() == (
        "jwtguard: this needs rich, from the extra 'cli': pip install 'jwtguard-asgi[cli]' (or use --json)\n"
    )


def test_json_needs_no_rich() -> None:
    assert run(*WITHOUT_RICH, "inspect", "--json", TOKEN).returncode == 0


def test_interrupt_ends_it_without_a_traceback() -> None:
    """The issuer takes the connection and never answers; that it was taken shows that the command is waiting."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        issuer = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with subprocess.Popen(
            (*MODULE, "doctor", issuer), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            connection, _ = silent.accept()
            with connection:
                process.send_signal(signal.SIGINT)
                _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert err == b"jwtguard: interrupted\n"


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["words", "JSON"])
def test_reader_that_leaves_early_causes_no_traceback(options: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        ended = subprocess.run(
            (*MODULE, "inspect", *options, TOKEN),
            cwd=ROOT,
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == b""


def test_endless_input_is_not_read_to_its_end() -> None:
    with open("/dev/zero", "rb") as endless:
        ended = run(*MODULE, "inspect", stdin=endless)
    assert ended.returncode == 2
    assert b"more than 1048576 bytes" in ended.stderr


def test_what_the_terminal_cannot_show_is_escaped() -> None:
    token = signing_key().token({"name": "Zoë \U0001f604"})
    ended = run(*MODULE, "inspect", token, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert ended.returncode == 0
    assert rb"Zo\xeb \U0001f604" in ended.stdout


def test_argument_that_is_no_text_is_malformed_and_no_more() -> None:
    ended = subprocess.run(
        [*(part.encode() for part in MODULE), b"inspect", b"\xff\xfe"], cwd=ROOT, capture_output=True, check=False
    )
    assert ended.returncode == 1
    assert b"is not ASCII" in ended.stdout
    assert ended.stderr == b""


def test_log_lines_of_the_library_do_not_mix_with_the_output() -> None:
    issuer = "http://127.0.0.1:1"
    token = signing_key().token(iss=issuer)
    ended = run(*MODULE, "verify", "--audience", "x", "--issuer", issuer, input=token.encode())
    assert ended.returncode == 1
    assert b"issuer_unreachable" in ended.stdout
    assert ended.stderr == b""


def test_terminal_is_told_how_to_hand_over_a_token() -> None:
    keyboard, terminal = pty.openpty()
    try:
        os.write(keyboard, f"{TOKEN}\n\x04".encode())
        ended = run(*MODULE, "inspect", "--json", stdin=terminal)
    finally:
        os.close(keyboard)
        os.close(terminal)
    assert ended.returncode == 0
    assert ended.stderr == b"Paste the token, then press Enter and Ctrl-D (Ctrl-Z on Windows).\n"


def test_terminal_is_sent_no_control_sequence_but_colours() -> None:
    token = signing_key().token({"name": HOSTILE}, {"alg": HOSTILE, "kid": HOSTILE})
    shown = shown_on_a_terminal(*MODULE, "inspect", token)
    colours = re.compile(r"\x1b\[[0-9;]*m")
    assert colours.search(shown)
    assert all(char.isprintable() or char in "\r\n" for char in colours.sub("", shown)), repr(shown)


def shown_on_a_terminal(*command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    keyboard, terminal = pty.openpty()
    with os.fdopen(keyboard, "rb", buffering=0) as screen:
        with os.fdopen(terminal, "wb") as stdout:
            subprocess.run(
                command, cwd=ROOT, stdout=stdout, env={**environment, "TERM": "xterm-256color"}, timeout=60, check=True
            )
        shown = b""
        with suppress(OSError):  # that is how a terminal ends on Linux
            while part := screen.read(65536):
                shown += part
    return shown.decode()
