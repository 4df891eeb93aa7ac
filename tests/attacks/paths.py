"""Attacks on public paths: a protected path made to look like one that needs no token."""

from collections.abc import Iterator

from tests.attacks.case import ACCEPTED, CLIENT_ERROR, Case, Request, table

PUBLIC = ("/health", "/docs/*", "/.well-known/*")
SAME = {"public": PUBLIC, "faces": ("middleware",)}

PREFLIGHT = (b"Origin: https://app.example", b"Access-Control-Request-Method: GET")


def targets(*paths: bytes) -> dict[str, Request]:
    """Requests without credentials for these targets."""
    return {f"target {path.decode('latin-1')!r}": Request(target=path) for path in paths}


def by_the_target() -> Iterator[Case]:
    yield from table(
        "RFC 9110 section 4.2.3",
        ACCEPTED,
        targets(
            b"/health",
            b"/health?x=/invoices",
            b"/%68ealth",
            b"/docs/",
            b"/docs/index.html",
            b"/docs%2findex.html",
            b"/docs/a/b.c/d",
            b"/.well-known/oauth-protected-resource",
        ),
        **SAME,
    )
    yield from table(
        "RFC 3986 section 6",
        "credentials_missing",
        targets(
            b"/invoices",
            b"/",
            b"/health/",
            b"/health/invoices",
            b"//health",
            b"/./health",
            b"/x/../health",
            b"/HEALTH",
            b"/Health",
            b"/health%00",
            b"/health%20",
            b"/health%0a",
            b"/health%0d%0aX:%201",
            b"/health%2f",
            b"/health%3fx",
            b"/health%23x",
            b"/health;x",
            b"/health;/../invoices",
            b"/health.json",
            b"/health.",
            b"/%2568ealth",
            b"/h%65alth%2e",
            b"/%ef%bd%88ealth",
            b"/healt%c4%a7",
            b"/docs",
            b"/docsx",
            b"/docs../invoices",
            b"/docs/../invoices",
            b"/docs/..",
            b"/docs/.",
            b"/docs/./index",
            b"/docs/%2e%2e/invoices",
            b"/docs/%2E%2E%2Finvoices",
            b"/docs/.%2e/invoices",
            b"/docs/%252e%252e/invoices",
            b"/docs/%25252e%25252e/invoices",
            b"/docs/..%2finvoices",
            b"/docs/..%5cinvoices",
            b"/docs/..\\invoices",
            b"/docs/%5c..%5cinvoices",
            b"/docs/..;/invoices",
            b"/docs/..;x=y/invoices",
            b"/docs/x;y",
            b"/docs//invoices",
            b"/docs///etc/passwd",
            b"/docs/%00",
            b"/docs/x%00/../invoices",
            b"/docs/%0a",
            b"/docs/%7f",
            b"/docs/x/%2e./invoices",
            b"/docs/../docs/../invoices",
            b"/DOCS/index.html",
            b"/invoices/docs/",
            b"/invoices?/docs/",
            b"/invoices#/docs/",
            b"/invoices/..%2fdocs/",
            b"/.well-known",
            b"/.well-known/../invoices",
            b"/..well-known/x",
            b"/%2e/health",
        ),
        **SAME,
    )


def by_the_host_or_method() -> Iterator[Case]:
    yield from table(
        "RFC 9112 section 3.2",
        "credentials_missing",
        {
            "an absolute target": Request(target=b"http://api.example.com/invoices"),
            "an absolute target on a host called health": Request(target=b"http://x/invoices?/health"),
            "a header that names another target": Request(
                headers=(b"X-Original-URL: /health", b"X-Rewrite-URL: /health")
            ),
            "a header that names a prefix": Request(headers=(b"X-Forwarded-Prefix: /docs", b"X-Script-Name: /docs")),
            "a header that names another method": Request(
                headers=(b"X-HTTP-Method-Override: OPTIONS", b"X-Method-Override: OPTIONS", *PREFLIGHT)
            ),
        },
        **SAME,
    )
    yield from table(
        "Fetch standard, CORS-preflight request",
        "credentials_missing",
        {
            "OPTIONS that is no preflight": Request("OPTIONS"),
            "OPTIONS without Origin": Request("OPTIONS", headers=PREFLIGHT[1:]),
            "OPTIONS without Access-Control-Request-Method": Request("OPTIONS", headers=PREFLIGHT[:1]),
            "GET that says it is a preflight": Request("GET", headers=PREFLIGHT),
            "HEAD that says it is a preflight": Request("HEAD", headers=PREFLIGHT),
            "DELETE that says it is a preflight": Request("DELETE", headers=PREFLIGHT),
            "TRACE": Request("TRACE"),
            "HEAD": Request("HEAD"),
        },
        **SAME,
    )
    yield from table(
        "Fetch standard, CORS-preflight request",
        ACCEPTED,
        {"OPTIONS that is a preflight": Request("OPTIONS", headers=PREFLIGHT)},
        **SAME,
    )
    yield from table(
        "RFC 9112 section 3.2",
        CLIENT_ERROR,
        {
            "a space within the target": Request(target=b"/docs/ /../invoices"),
            "a line break within the target": Request(target=b"/docs/\r\n/invoices"),
            "a NUL within the target": Request(target=b"/docs/\x00/invoices"),
        },
        **SAME,
    )


def with_a_token() -> Iterator[Case]:
    """A public path takes no token, and no token that is sent along is looked at (RFC 9110 section 11.6.2)."""
    yield from table(
        "RFC 9110 section 11.6.2",
        ACCEPTED,
        {
            "a public path with a bad token": Request(target=b"/health", headers=(b"Authorization: Bearer x",)),
            "a public path with two tokens": Request(target=b"/health", headers=(b"Authorization: Bearer x",) * 2),
        },
        **SAME,
    )


def cases() -> list[Case]:
    return [*by_the_target(), *by_the_host_or_method(), *with_a_token()]
