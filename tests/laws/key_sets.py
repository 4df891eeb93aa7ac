"""JWK Sets of all sorts: members that serve, members with something odd about them, and what is no set at all."""

from typing import Any, Final

from hypothesis import strategies as st

from tests.laws import json_values, tokens

_MEMBERS: Final = (
    *("kty", "alg", "kid", "use", "key_ops", "crv", "x", "y", "n", "e", "k", "pub"),
    *("d", "p", "priv", "x5c", "x5t", "exp", "ext"),
)
_values = json_values.values | st.sampled_from(
    [
        *("RSA", "EC", "OKP", "oct", "AKP", "P-256", "P-384", "P-521", "Ed25519", "sig", "enc", ["verify"], ["sign"]),
        *("AA", "AQAB", "AQ", "A" * 43, "_" * 43, "A" * 342, "_" * 342, "_" * 5462),
    ]
)


@st.composite
def _members(draw: st.DrawFn) -> Any:
    """Return a published key, or one that was put together out of several, or something else."""
    keys = [key.jwk for key in tokens.keys().values()]
    member = dict(draw(st.sampled_from(keys)))
    for name in draw(st.lists(st.sampled_from(_MEMBERS), max_size=2)):
        kind = draw(st.sampled_from(["replaced", "swapped", "left out"]))
        if kind == "replaced":
            member[name] = draw(_values)
        elif kind == "swapped":
            member[name] = draw(st.sampled_from(keys)).get(name)
        else:
            member.pop(name, None)
    return member


documents: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.lists(_members() | json_values.values, max_size=5).map(lambda members: {"keys": members}),
    _members().filter(lambda member: isinstance(member, dict)),
    st.builds(lambda members, value: {**members, "keys": value}, json_values.objects, json_values.values),
    json_values.objects,
)
"""JWK Sets, single JWKs, and JSON objects that are neither."""
