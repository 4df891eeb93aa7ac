"""Both servers, until Ctrl-C: `python -m examples.serve`, or `make serve`."""

import argparse
import signal
import socket
import sys
from threading import Event

from fastapi import FastAPI

from examples.authorization_server import AuthorizationServer, addresses, create_application
from examples.demonstration import API, APP, OPAQUE_SERVICE, PERSON, SERVICE, Secrets, settings
from examples.invoices import SCOPES, create_api
from examples.serve.docs import PAGE, REDIRECT, add_docs
from examples.serving import Serving, listen, url_of
from jwtguard import Introspection, Issuer, ResourceServer

INSTRUCTIONS = """\
API                   {api}
  its documentation   {api}{page}
Authorization server  {issuer}
  its metadata        {issuer}{metadata}

Client credentials, for the Authorize button or by hand:
  client_id           {service}
  client_secret       {service_secret}
and those of a client that gets opaque tokens:
  client_id           {opaque_service}
  client_secret       {opaque_secret}

Authorization code with PKCE, by the Authorize button: {app} is filled in; leave client_secret empty. Log in as:
  name                {person}
  password            {password}

In another terminal:
  TOKEN=$(curl -s -u '{service}:{service_secret}' -d grant_type=client_credentials {issuer}{token} \\
    | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
  curl -i -H "Authorization: Bearer $TOKEN" {api}/invoices

The example client does the same:
  CLIENT_ID={service} CLIENT_SECRET='{service_secret}' \\
    TOKEN_URL={issuer}{token} API_URL={api} .venv/bin/python -m examples.client

Ctrl-C stops both.
"""


def main() -> int:
    """Serve both; return 0 when told to stop, 1 where a port is taken."""
    options = _options()
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        api_socket, server_socket = listen(options.api_port), listen(options.issuer_port)
    except OSError as error:
        print(f"A port is taken ({error.strerror}); choose others with --api-port and --issuer-port.", file=sys.stderr)
        return 1
    _serve(api_socket, server_socket, until=stop)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.serve", description=__doc__)
    parser.add_argument("--api-port", type=int, default=8000, help="0 for any that is free")
    parser.add_argument("--issuer-port", type=int, default=9000, help="0 for any that is free")
    return parser.parse_args()


def _serve(api_socket: socket.socket, server_socket: socket.socket, *, until: Event) -> None:
    api_url, issuer, known = url_of(api_socket), url_of(server_socket), Secrets()
    server = AuthorizationServer(
        settings(
            issuer,
            audience=api_url,
            known=known,
            redirect_uris=frozenset({api_url + REDIRECT}),
            docs_origins=(api_url,),
        )
    )
    with Serving(create_application(server), server_socket), Serving(_api(api_url, issuer, known), api_socket):
        print(_instructions(api_url, issuer, known), flush=True)
        until.wait()


def _api(api_url: str, issuer: str, known: Secrets) -> FastAPI:
    introspection = Introspection(client_id=API, client_secret=known.api)
    api = create_api(ResourceServer(Issuer(issuer, introspection=introspection), audience=api_url))
    add_docs(api, authorize={"clientId": APP, "scopes": list(SCOPES), "usePkceWithAuthorizationCodeGrant": True})
    return api


def _instructions(api_url: str, issuer: str, known: Secrets) -> str:
    return INSTRUCTIONS.format(
        api=api_url,
        page=PAGE,
        issuer=issuer,
        metadata=addresses.METADATA,
        token=addresses.TOKEN,
        service=SERVICE,
        service_secret=known.service,
        opaque_service=OPAQUE_SERVICE,
        opaque_secret=known.opaque_service,
        app=APP,
        person=PERSON,
        password=known.password,
    )


if __name__ == "__main__":
    sys.exit(main())
