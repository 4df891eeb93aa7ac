"""A set of keys: which of a published set's members serve, and which key a token names (RFC 7517 section 5)."""

import os
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import msgspec

from jwtguard.encoding import decode_object
from jwtguard.errors import InvalidKeySet, InvalidToken
from jwtguard.jwk import VerificationKey, keys_of_member, keys_of_public_key, keys_of_secret
from jwtguard.pem import is_pem, public_key_in

MAX_KEYS: Final = 100
MAX_BYTES: Final = 512 * 1024

Result = TypeVar("Result")


class SkippedKey(msgspec.Struct, frozen=True):
    """A member of a JWK Set that does not serve.

    Attributes:
        position: where it stands in the set, from 0.
        kid: its key ID, where it has a readable one.
        why: one sentence for the operator.
    """

    position: int
    kid: str | None
    why: str


class KeySet:
    """An immutable set of keys, indexed once so that finding the key of a token is one look-up.

    Attributes:
        keys: the keys that serve, each once per algorithm.
        skipped: the members that do not, each with the reason.
    """

    __slots__ = ("_any_kid", "_by_algorithm", "_by_kid", "_kids", "keys", "skipped")

    def __init__(
        self, keys: Iterable[VerificationKey], *, skipped: Iterable[SkippedKey] = (), any_kid: bool = False
    ) -> None:
        """Index the keys.

        Args:
            keys: what serves.
            skipped: what does not.
            any_kid: let a key without a key ID serve tokens that name one. For a single configured key only: where keys
                are published, a `kid` that is not among them means that another key signed (RFC 7515 section 4.1.4).
        """
        self.keys = tuple(keys)
        self.skipped = tuple(skipped)
        self._any_kid = any_kid
        self._kids = frozenset((*(key.kid for key in self.keys), *(key.kid for key in self.skipped)))
        self._by_kid = {(key.kid, key.algorithm): key for key in self.keys if key.kid is not None}
        # One key under two key IDs is still one key: it alone serves a token that names none.
        fitting: dict[str, dict[bytes, VerificationKey]] = {}
        for key in self.keys:
            fitting.setdefault(key.algorithm, {}).setdefault(key.digest, key)
        self._by_algorithm = {algorithm: tuple(distinct.values()) for algorithm, distinct in fitting.items()}

    def __repr__(self) -> str:
        return f"KeySet(keys={len(self.keys)}, skipped={len(self.skipped)})"

    @property
    def algorithms(self) -> frozenset[str]:
        """The algorithms that some key of the set serves."""
        return frozenset(self._by_algorithm)

    def names(self, kid: str) -> bool:
        """Whether the set has a key with this key ID, serving or skipped: fetching it again would bring nothing new."""
        return kid in self._kids

    def named(self, kid: str | None, algorithm: str) -> VerificationKey | None:
        """Return the key with this key ID and algorithm, if the set has it."""
        return self._by_kid.get((kid, algorithm)) if kid is not None else None

    def find(self, kid: str | None, algorithm: str) -> VerificationKey:
        """Return the one key that may have signed a token with this header (RFC 7515 section 4.1.4).

        Raises:
            InvalidToken: `unknown_key` where no key fits, `key_ambiguous` where the token names none and several fit.
        """
        key = self.named(kid, algorithm)
        if key is not None:
            return key
        if kid is not None and not self._any_kid:
            raise InvalidToken("unknown_key", detail=f"no key for {algorithm} has the kid that the token names")
        candidates = self._by_algorithm.get(algorithm, ())
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            raise InvalidToken(
                "key_ambiguous", detail=f"{len(candidates)} keys fit {algorithm}, and the token names none of them"
            )
        raise InvalidToken("unknown_key", detail=f"no key fits {algorithm}")

    @classmethod
    def from_jwk_set(
        cls,
        document: Mapping[str, Any] | str | bytes,
        *,
        symmetric: bool = False,
        issuers: frozenset[str] = frozenset(),
    ) -> Self:
        """Read a JWK Set (RFC 7517 section 5), or a single JWK.

        A key that cannot serve is skipped and listed in `skipped`; the others serve.

        Args:
            document: the set as a mapping or as JSON text, of at most 512 KiB and 100 keys.
            symmetric: take `oct` keys too. Only for a set that you configured yourself: a published secret is none.
            issuers: what a key must have in its `issuer` member to serve; anything, if there are none.

        Raises:
            InvalidKeySet: where the document is not a JWK Set, or no key in it can serve.
        """
        return _at_once(cls.reading(document, symmetric=symmetric, issuers=issuers))

    @classmethod
    def reading(
        cls,
        document: Mapping[str, Any] | str | bytes,
        *,
        symmetric: bool = False,
        issuers: frozenset[str] = frozenset(),
    ) -> Generator[None, None, Self]:
        """Read a JWK Set as `from_jwk_set` does, one key at each step; what the generator returns is the set.

        A hundred large keys take ten milliseconds, which is too long for an event loop to be kept.
        """
        keys, skipped = yield from _sorting(members_of(document), symmetric=symmetric, issuers=issuers)
        if not keys:
            raise InvalidKeySet(_nothing_serves(skipped))
        return cls(keys, skipped=skipped)

    @classmethod
    def from_pem(cls, pem: str | bytes, *, kid: str | None = None, algorithm: str | None = None) -> Self:
        """Read one public key or certificate in PEM. Of a certificate only the key is used, not its dates or its chain.

        Args:
            pem: the text; a private key is refused.
            kid: the key ID that tokens must name; without it the key serves whatever `kid` a token names.
            algorithm: the one algorithm that the key serves; without it, all that fit its type.

        Raises:
            InvalidKeySet: where it is not such a key, or no algorithm takes it.
        """
        try:
            public_key = public_key_in(pem.encode() if isinstance(pem, str) else pem)
            keys = keys_of_public_key(public_key, kid=kid, algorithm=algorithm)
        except ValueError as error:
            raise InvalidKeySet(f"not a usable public key in PEM: {error}") from None
        return cls(keys, any_kid=kid is None)

    @classmethod
    def from_secret(cls, secret: bytes, *, kid: str | None = None, algorithm: str | None = None) -> Self:
        """Take a secret that this resource server shares with the authorization server.

        Args:
            secret: random bytes, at least as many as the algorithm's hash has (RFC 7518 section 3.2).
            kid: the key ID that tokens must name; without it the secret serves whatever `kid` a token names.
            algorithm: the one algorithm that it serves; without it, all that it is long enough for.

        Raises:
            InvalidKeySet: where it is too short, or is itself a public or private key.
        """
        try:
            keys = keys_of_secret(secret, kid=kid, algorithm=algorithm)
        except ValueError as error:
            raise InvalidKeySet(f"not a usable shared secret: {error}") from None
        return cls(keys, any_kid=kid is None)

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a file that holds a JWK Set in JSON, or a public key or certificate in PEM.

        Raises:
            InvalidKeySet: where it cannot be read, or holds nothing usable.
        """
        try:
            with Path(path).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            raise InvalidKeySet(f"cannot read the key file: {error}") from None
        return cls.from_pem(content) if is_pem(content) else cls.from_jwk_set(content, symmetric=True)

    @classmethod
    def of(cls, keys: "KeySet | Mapping[str, Any] | str | bytes | Path") -> "KeySet":
        """Take keys in whatever form they are configured in.

        Args:
            keys: a `KeySet`; a JWK Set as a mapping or JSON text; a public key or certificate in PEM; the path of a
                file with either; or a shared secret, which is always `bytes`.

        Raises:
            InvalidKeySet: where it is none of these.
        """
        if isinstance(keys, KeySet):
            return keys
        if isinstance(keys, Mapping):
            return cls.from_jwk_set(keys, symmetric=True)
        if isinstance(keys, Path):
            return cls.from_file(keys)
        if isinstance(keys, bytes):
            return cls.from_pem(keys) if is_pem(keys) else cls.from_secret(keys)
        if not isinstance(keys, str):
            raise InvalidKeySet(
                f"keys is a KeySet, a JWK Set, PEM, a path or a secret in bytes, not {type(keys).__name__}"
            )
        if keys.lstrip().startswith("{"):
            return cls.from_jwk_set(keys, symmetric=True)
        if is_pem(keys.encode(errors="replace")):
            return cls.from_pem(keys)
        if not os.path.isfile(keys):  # the text is not repeated: it may be a secret that should have been bytes
            raise InvalidKeySet(
                "keys is a JWK Set, PEM or the path of a file where it is text, and there is no such file; "
                "a shared secret is bytes"
            )
        return cls.from_file(keys)


def members_of(document: Mapping[str, Any] | str | bytes) -> list[Any]:
    """Return the members of a JWK Set (RFC 7517 section 5), of a single JWK itself, not yet looked at.

    Raises:
        InvalidKeySet: where the document is not a JWK Set, or too large.
    """
    if not isinstance(document, Mapping):
        document = _parsed(document.encode(errors="surrogatepass") if isinstance(document, str) else document)
    members = document.get("keys") if "keys" in document else [document]
    if not isinstance(members, list):
        raise InvalidKeySet("a JWK Set is a JSON object with an array 'keys'")
    if len(members) > MAX_KEYS:
        raise InvalidKeySet(f"a JWK Set has at most {MAX_KEYS} keys, this one has {len(members)}")
    return members


def _parsed(document: bytes) -> dict[str, Any]:
    if len(document) > MAX_BYTES:
        raise InvalidKeySet(f"a JWK Set has at most {MAX_BYTES} bytes, this one has {len(document)}")
    try:
        return decode_object(document)
    except ValueError as error:
        raise InvalidKeySet(f"a JWK Set is a JSON object with an array 'keys': {error}") from None


def sort_members(
    members: list[Any], *, symmetric: bool = False, issuers: frozenset[str] = frozenset()
) -> tuple[list[VerificationKey], list[SkippedKey]]:
    """Tell the members of a JWK Set that can serve from those that cannot.

    Args:
        members: of the set.
        symmetric: take `oct` keys too.
        issuers: what a key must have in its `issuer` member to serve; anything, if there are none.
    """
    return _at_once(_sorting(members, symmetric=symmetric, issuers=issuers))


def _sorting(
    members: list[Any], *, symmetric: bool, issuers: frozenset[str]
) -> Generator[None, None, tuple[list[VerificationKey], list[SkippedKey]]]:
    keys: dict[tuple[str | None, str, bytes], VerificationKey] = {}
    owners: dict[tuple[str | None, str], bytes] = {}
    skipped = []
    for position, member in enumerate(members):
        yield
        try:
            read = keys_of_member(member, symmetric=symmetric, issuers=issuers)
            if any(owners.get((key.kid, key.algorithm), key.digest) != key.digest for key in read):
                raise ValueError("another key in the set has the same 'kid'")
        except ValueError as error:
            skipped.append(SkippedKey(position, _readable_kid(member), str(error)))
            continue
        keys |= {(key.kid, key.algorithm, key.digest): key for key in read}
        owners |= {(key.kid, key.algorithm): key.digest for key in read if key.kid is not None}
    return list(keys.values()), skipped


def _at_once(steps: Generator[None, None, Result]) -> Result:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result


def _nothing_serves(skipped: list[SkippedKey]) -> str:
    if not skipped:
        return "the JWK Set is empty"
    return f"no key of the JWK Set can serve; the first: {skipped[0].why}"


def _readable_kid(member: Any) -> str | None:
    kid = member.get("kid") if isinstance(member, Mapping) else None
    return kid if isinstance(kid, str) else None
