"""What the command found, as JSON values for other programs."""

import json
from collections.abc import Iterable
from typing import Any

from jwtguard.cli.checks import CHECKS
from jwtguard.cli.doctor import Diagnosis
from jwtguard.cli.inspect import Inspection
from jwtguard.cli.keys import PublishedKey
from jwtguard.cli.verify import Verdict


def text(document: Any) -> str:
    """Return the JSON text, all ASCII, with a value that is nested too deep told instead of shown."""
    try:
        return json.dumps(document, indent=2)
    except RecursionError:
        return json.dumps({"error": "nested too deep to print"})


def inspection(found: Inspection) -> dict[str, Any]:
    """Return what was seen of a token."""
    return {
        "serialization": found.serialization,
        "kind": found.kind,
        "told_by": found.told_by,
        "bytes": found.size,
        "header": found.header,
        "claims": found.claims,
        "moments": dict(found.moments),
        "signature_bytes": found.signature_bytes,
        "malformed": list(found.malformed),
        "refusals": dict(found.refusals),
        "notes": list(found.notes),
        "checks": [{"check": check.name, "asks": check.asks, "needs": check.needs} for check in CHECKS],
    }


def verdict(found: Verdict) -> dict[str, Any]:
    """Return what the API would say of a token."""
    error, token = found.error, found.token
    document: dict[str, Any] = {
        "accepted": token is not None,
        "checks": [
            {"check": step.check.name, "asks": step.check.asks, "result": step.result, "why": step.why}
            for step in found.steps
        ],
    }
    if error is not None:
        document |= {
            "reason": error.reason,
            "detail": error.detail,
            "description": error.description,
            "status": error.status,
            "error": error.error,
        }
    if token is not None:
        document["token"] = {
            "subject": token.subject,
            "client_id": token.client_id,
            "issuer": token.issuer,
            "audience": list(token.audience),
            "scopes": sorted(token.scopes),
            "expires_at": token.expires_at,
        }
    return document


def diagnosis(found: Diagnosis) -> dict[str, Any]:
    """Return what an auditor says of an issuer."""
    return {
        "issuer": found.issuer,
        "broken": found.broken,
        "findings": [
            {"weight": finding.weight, "about": finding.about, "found": finding.found, "advice": finding.advice}
            for finding in found.findings
        ],
        "keys": keys(found.keys),
    }


def keys(found: Iterable[PublishedKey]) -> list[dict[str, Any]]:
    """Return the members of a key set."""
    return [
        {
            "position": key.position,
            "kid": key.kid,
            "kty": key.type,
            "alg": key.algorithm,
            "size": key.size,
            "use": key.use,
            "thumbprint": key.thumbprint,
            "serves": list(key.serves),
            "skipped": key.skipped,
        }
        for key in found
    ]
