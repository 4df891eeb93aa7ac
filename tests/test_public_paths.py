"""Public paths: they hold for what Starlette routes by, and for nothing that may mean another place."""

import posixpath
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette._utils import get_route_path

from jwtguard import ConfigurationError
from jwtguard.public_paths import PublicPaths, route_path

RULES = ["/", "/health", "/static/*", "/docs*", "/.well-known/*"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/health",
        "/static/",
        "/static/site.css",
        "/static/a/b/c.js",
        "/static/...",
        "/static/caf\N{LATIN SMALL LETTER E WITH ACUTE}.txt",
        "/static/100%",
        "/docs",
        "/docs/oauth2-redirect",
        "/.well-known/oauth-protected-resource",
    ],
)
def test_path_is_public_by_a_rule(path: str) -> None:
    assert PublicPaths(RULES).holds({"path": path})


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("", id="empty"),
        pytest.param("*", id="asterisk form"),
        pytest.param("health", id="no slash"),
        pytest.param("http://api.example.com/health", id="absolute form"),
        pytest.param("/HEALTH", id="upper case"),
        pytest.param("/health/", id="slash after an exact path"),
        pytest.param("/health/more", id="beneath an exact path"),
        pytest.param("/healthy", id="longer than an exact path"),
        pytest.param("//health", id="empty segment"),
        pytest.param("/./health", id="dot segment before an exact path"),
        pytest.param("/%68ealth", id="encoded once more"),
        pytest.param("/health\0", id="NUL"),
        pytest.param("/health ", id="space"),
        pytest.param("/health;v=1", id="path parameter"),
        pytest.param("/static", id="shorter than a prefix"),
        pytest.param("/Static/site.css", id="prefix in another case"),
        pytest.param("/static/../admin", id="dot-dot segment"),
        pytest.param("/static/..", id="dot-dot segment at the end"),
        pytest.param("/static/./site.css", id="dot segment"),
        pytest.param("/static//admin", id="empty segment beneath a prefix"),
        pytest.param("/static/..\\admin", id="backslash"),
        pytest.param("/static/%2e%2e/admin", id="dots encoded once more"),
        pytest.param("/static/..%2Fadmin", id="slash encoded once more"),
        pytest.param("/static/..;/admin", id="path parameter in a dot-dot segment"),
        pytest.param("/static/a\n/admin", id="line feed"),
        pytest.param("/static/\x7f", id="DEL"),
    ],
)
def test_path_is_not_public(path: str) -> None:
    assert not PublicPaths(RULES).holds({"path": path})


@pytest.mark.parametrize("encode", ["%{:02x}", "%{:02X}"], ids=["small letters", "capital letters"])
def test_nothing_that_is_encoded_once_more_is_public(encode: str) -> None:
    everything = PublicPaths(["/*"])
    assert [octet for octet in range(256) if everything.holds({"path": "/a" + encode.format(octet)})] == []


@pytest.mark.parametrize("octet", [*range(0x20), 0x7F], ids=hex)
def test_no_path_with_a_control_character_is_public(octet: int) -> None:
    assert not PublicPaths(["/*"]).holds({"path": f"/a{chr(octet)}b"})


def test_without_rules_nothing_is_public() -> None:
    assert not PublicPaths([]).holds({"path": "/"})


def test_a_lone_asterisk_makes_all_public_but_what_may_mean_two_things() -> None:
    everything = PublicPaths(["/*"])
    assert [everything.holds({"path": path}) for path in ("/", "/a/b", "/a/../b")] == [True, True, False]


PIECES = st.sampled_from(
    ["/", "//", ".", "..", "%2e", "%2F", "%5c", "%252e", "\\", ";", "static", "admin", "a", "%00", "\0", "%", "\u2215"]
)


@given(st.lists(PIECES, max_size=8).map("".join), st.integers(0, 3))
def test_no_path_beneath_a_prefix_is_resolved_to_another_place(rest: str, decodings: int) -> None:
    path = "/static/" + rest
    if PublicPaths(["/static/*"]).holds({"path": path}):
        for _ in range(decodings):
            path = unquote(path)
        resolved = posixpath.normpath(path.replace("\\", "/"))
        assert resolved == "/static" or resolved.startswith("/static/")


@pytest.mark.parametrize(
    ("path", "root_path", "public"),
    [
        pytest.param("/v1/health", "/v1", True, id="within the mount"),
        pytest.param("/v1/static/site.css", "/v1", True, id="prefix within the mount"),
        pytest.param("/health", "/v1", True, id="server that leaves the mount out of the path"),
        pytest.param("/v1/health", "", False, id="mount that is none"),
        pytest.param("/v1/health", "/v1/", False, id="mount with a slash"),
        pytest.param("/v1/admin", "/v1", False, id="protected within the mount"),
        pytest.param("/v1/v1/health", "/v1", False, id="mount twice"),
        pytest.param("/V1/health", "/v1", False, id="mount in another case"),
        pytest.param("/v1health", "/v1", False, id="longer than the mount"),
        pytest.param("/v1", "/v1", False, id="the mount itself"),
        pytest.param("/v1/static/../admin", "/v1", False, id="dot-dot segment within the mount"),
        pytest.param("/v1//health", "/v1", False, id="empty segment after the mount"),
    ],
)
def test_rules_of_a_mounted_application_are_about_its_own_paths(path: str, root_path: str, public: bool) -> None:
    assert PublicPaths(RULES).holds({"path": path, "root_path": root_path}) is public


SEGMENTS = st.lists(st.sampled_from(["/", "/v1", "/v1/", "v1", "/api", "health", "//"]), max_size=4).map("".join)


@example(path="/v1health", root_path="/v1")
@given(path=SEGMENTS, root_path=SEGMENTS)
def test_rules_are_compared_with_the_very_path_that_starlette_routes_by(path: str, root_path: str) -> None:
    scope = {"type": "http", "path": path, "root_path": root_path}
    assert route_path(scope) == get_route_path(scope)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        pytest.param("/health", "public is a set of paths", id="text instead of a set"),
        pytest.param(None, "public is a set of paths", id="nothing"),
        pytest.param(True, "public is a set of paths", id="boolean"),
        pytest.param(b"/health", "a public path is '/path' or", id="bytes instead of a set"),
        pytest.param([None], "a public path is '/path' or", id="nothing in the set"),
        pytest.param(["health"], "a public path is '/path' or", id="no slash"),
        pytest.param(["*"], "a public path is '/path' or", id="asterisk alone"),
        pytest.param([""], "a public path is '/path' or", id="empty"),
        pytest.param(["https://api.example.com/health"], "a public path is '/path' or", id="URL"),
        pytest.param(["/*/health"], "a public path is '/path' or", id="asterisk in the middle"),
        pytest.param(["/static/**"], "a public path is '/path' or", id="two asterisks"),
        pytest.param(["/caf%C3%A9"], "is written decoded", id="encoded"),
        pytest.param(["/static//*"], "is written decoded", id="empty segment"),
        pytest.param(["/static/../health"], "is written decoded", id="dot-dot segment"),
        pytest.param(["/items/{"], "neither query, fragment nor parameters", id="opening brace"),
        pytest.param(["/items/}"], "neither query, fragment nor parameters", id="closing brace"),
        pytest.param(["/items/{item_id}"], "neither query, fragment nor parameters", id="parameter of a route"),
        pytest.param(["/health?verbose=1"], "neither query, fragment nor parameters", id="query"),
        pytest.param(["/health#top"], "neither query, fragment nor parameters", id="fragment"),
    ],
)
def test_rule_that_could_not_hold_as_it_is_meant_is_refused(rules: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        PublicPaths(rules)


@pytest.mark.parametrize(
    ("rules", "path", "public"),
    [
        (["/health"], "/health", True),
        (["/health"], "/other", False),
        (["/static/*"], "/static/a", True),
        (["/static/*"], "/other", False),
        ([], "/", False),
    ],
    ids=["exact", "not exact", "prefix", "not the prefix", "no rules"],
)
def test_rules_of_one_sort_alone_hold_as_well(rules: list[str], path: str, public: bool) -> None:
    assert PublicPaths(rules).holds({"path": path}) is public
