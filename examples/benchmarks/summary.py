"""The results as the section of README, in Markdown, so that no figure in it is copied by hand."""

from examples.benchmarks import budget, faces, introspection, validation
from examples.benchmarks.results import FOLDER, Results

_PEERS = ("python-jose", "PyJWT", "joserfc", "Authlib")


def save(results: Results) -> None:
    """Write the section."""
    (FOLDER / "summary.md").write_text(section(results))


def section(results: Results) -> str:
    """Return the section."""
    return (
        "\n\n".join(
            [
                "## How fast it is",
                "![Time to validate a token, and requests per second](examples/benchmarks/results/chart.svg)",
                _tokens(results),
                _kinds(results),
                _requests(results),
                _over_http(results),
                _budget(results),
                _method(results),
            ]
        )
        + "\n"
    )


def _tokens(results: Results) -> str:
    timings = results.validation["RS256"]
    bare = timings[validation.BARE].least
    remote = results.introspection[introspection.INTROSPECTED].least
    rows = [
        f"| {name} | {timing.least:.1f} | {timing.median:.1f} | {timing.least / bare:.2f} |"
        for name, timing in timings.items()
    ]
    return "\n".join(
        [
            f"One RS256 token of {results.token_bytes['RS256']} bytes, in microseconds:",
            "",
            "| | least | median | ÷ bare check |",
            "|---|---:|---:|---:|",
            *rows,
            f"| asking the authorization server over loopback | {remote:.0f} "
            f"| {results.introspection[introspection.INTROSPECTED].median:.0f} | {remote / bare:.0f} |",
        ]
    )


def _kinds(results: Results) -> str:
    rows = []
    for kind, timings in results.validation.items():
        bare, new, seen = (timings[name].least for name in (validation.BARE, validation.NEW, validation.SEEN))
        rows.append(
            f"| {kind} | {results.token_bytes[kind]} | {bare:.1f} | {new:.1f} | {new / bare:.2f} | {seen:.1f} |"
        )
    return "\n".join(
        [
            "| algorithm | bytes | bare check | jwtguard, new token | ÷ bare check | token seen before |",
            "|---|---:|---:|---:|---:|---:|",
            *rows,
        ]
    )


def _requests(results: Results) -> str:
    starlette, fastapi = results.faces[faces.STARLETTE].least, results.faces[faces.NO_OP].least
    rows = [
        *_added(
            results, starlette, faces.MIDDLEWARE, faces.MIDDLEWARE_NEW, faces.PYJWT_MIDDLEWARE, faces.BASE_MIDDLEWARE
        ),
        *_added(results, fastapi, faces.DIGEST, faces.GUARD, faces.TUTORIAL, faces.HTTP_BEARER),
    ]
    return "\n".join(
        [
            f"What protection adds to a request within the process, in microseconds (Starlette alone takes "
            f"{starlette:.0f}, FastAPI with a `Depends` that does nothing {fastapi:.0f}):",
            "",
            "| | added |",
            "|---|---:|",
            *rows,
        ]
    )


def _added(results: Results, reference: float, *names: str) -> list[str]:
    return [f"| {name} | {results.faces[name].least - reference:.1f} |" for name in names]


def _over_http(results: Results) -> str:
    rows = [
        f"| {name} | {figures['requests per second']:,.0f} | {figures['processor µs per request']:.0f} |"
        for name, figures in results.over_http.items()
    ]
    memory = results.memory
    return "\n".join(
        [
            "A FastAPI application behind uvicorn, 16 connections from the same machine:",
            "",
            "| | requests/s | processor µs per request |",
            "|---|---:|---:|",
            *rows,
            "",
            f"In the token cache a token takes {memory['bytes per token'] / 1e3:.1f} kB, whatever its signature: "
            f"{memory['bytes'] / 1e6:.1f} MB for {memory['tokens']:,} of them, "
            f"{memory['bytes by default'] / 1e6:.1f} MB for a full cache of the default size.",
        ]
    )


def _budget(results: Results) -> str:
    lines = budget.lines(results)
    missed = [
        f"- {line.what}: {line.budget} are allowed, {line.measured} were measured" for line in lines if not line.holds
    ]
    if not missed:
        return f"The budget that jwtguard is held to has {len(lines)} lines, and this run kept all of them."
    return "\n".join(
        [
            f"The budget that jwtguard is held to has {len(lines)} lines (`examples/benchmarks/budget.py`). "
            "This run kept all but these:",
            "",
            *missed,
        ]
    )


def _method(results: Results) -> str:
    machine, versions = results.machine, results.versions
    packages = ", ".join(f"{name} {number}" for name, number in versions.items())
    return (
        f"Measured on {results.when}: {machine['processor']}, {machine['cores']} cores, {machine['system']}, "
        f"{machine['Python']}, OpenSSL {machine['OpenSSL']}; {packages}.\n\n"
        "All contestants run in one process, round after round, in an order drawn by lot, on the same tokens, which "
        "none has seen before. Times are processor times, but for what goes over a socket; the least and the median "
        "are those of the rounds. The bare check is `cryptography`'s `public_key.verify` on prepared input: no "
        "validator can be faster. Each library checks signature, issuer, audience and expiry as its documentation "
        f"shows ({', '.join(_PEERS)}: `examples/benchmarks/peers.py`); jwtguard makes all of its checks, and unless "
        "`token_cache=0` is given it keeps each new token in its cache, which is full, in place of another.\n\n"
        "`make bench` runs it again, in less than three minutes, and writes `examples/benchmarks/results/`."
    )
