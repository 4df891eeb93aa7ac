"""A DEMONSTRATION authorization server: enough of OAuth 2.0 to try an API against, in memory, on one machine.

It does what the specifications say and refuses what they forbid, so that it is worth reading. It is still not one to
put on the internet: it forgets everything when it stops, knows no rate limits, and its accounts are made up.
"""

from examples.authorization_server.application import create_application
from examples.authorization_server.clients import Client, secret_digest
from examples.authorization_server.resource_owners import ResourceOwner
from examples.authorization_server.server import AuthorizationServer
from examples.authorization_server.settings import Settings

__all__ = ["AuthorizationServer", "Client", "ResourceOwner", "Settings", "create_application", "secret_digest"]
