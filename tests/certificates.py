"""Private certificate authorities, and the certificates that servers and clients of the TLS tests show."""

import ssl
from functools import cache
from pathlib import Path

import trustme


@cache
def authority(name: str = "ours") -> trustme.CA:
    """A certificate authority, made at the first call."""
    return trustme.CA(organization_name=name)


def server_tls(*, by: str = "ours", clients_of: str | None = None) -> ssl.SSLContext:
    """What a server on 127.0.0.1 speaks https with.

    Args:
        by: who certified it.
        clients_of: who must have certified its clients (mutual TLS); None to let all through.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority(by).issue_cert("127.0.0.1").configure_cert(context)
    if clients_of is not None:
        authority(clients_of).configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_tls(*, trusting: str = "ours", certified_by: str | None = None) -> ssl.SSLContext:
    """What a client speaks https with.

    Args:
        trusting: whose servers it trusts.
        certified_by: who certified it; None for a client without a certificate.
    """
    context = ssl.create_default_context()
    authority(trusting).configure_trust(context)
    if certified_by is not None:
        authority(certified_by).issue_cert("client@example.com").configure_cert(context)
    return context


def authority_file(directory: Path, *, of: str = "ours") -> Path:
    """Write an authority's certificate into a file."""
    path = directory / f"{of}.pem"
    authority(of).cert_pem.write_to_path(str(path))
    return path
