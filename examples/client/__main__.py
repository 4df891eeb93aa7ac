"""Client credentials, steps A to D: `python -m examples.client`.

The credentials come from the environment, never from the source code: CLIENT_ID and CLIENT_SECRET. TOKEN_URL and
API_URL say where to go.
"""

import os
import sys

import httpx

TOKEN_URL = os.environ.get("TOKEN_URL", "http://127.0.0.1:9000/api/v2/access/token")
API_URL = os.environ.get("API_URL", "http://127.0.0.1:8000")


def main() -> int:
    """Walk the four steps; return 0 if the API answered, 1 if anybody refused, 2 if the credentials are missing."""
    try:
        client_id, client_secret = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
    except KeyError as missing:
        print(f"Set the environment variable {missing.args[0]}.", file=sys.stderr)
        return 2
    try:
        with httpx.Client(timeout=10) as http:
            token = request_token(http, client_id, client_secret)
            call_api(http, token)
    except httpx.HTTPStatusError as refused:
        answer = refused.response
        print(f"   {answer.status_code} from {answer.url}: {answer.text}", file=sys.stderr)
        return 1
    except httpx.TransportError as error:
        print(f"   no answer from {error.request.url}: {error}", file=sys.stderr)
        return 1
    return 0


def request_token(http: httpx.Client, client_id: str, client_secret: str) -> str:
    """Prove who we are, and get an access token (RFC 6749 section 4.4). It serves until it expires: keep it."""
    print(f"A  POST {TOKEN_URL} as {client_id}")
    answer = http.post(
        TOKEN_URL,
        json={"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret},
    ).raise_for_status()
    granted = answer.json()
    print(f"B  {answer.status_code}: a {granted['token_type']} token for {granted['expires_in']} s: {granted['scope']}")
    return str(granted["access_token"])


def call_api(http: httpx.Client, token: str) -> None:
    """Call the API with the token (RFC 6750 section 2.1)."""
    print(f"C  GET {API_URL}/invoices with the token")
    answer = http.get(f"{API_URL}/invoices", headers={"Authorization": f"Bearer {token}"}).raise_for_status()
    print(f"D  {answer.status_code}: {answer.text}")


if __name__ == "__main__":
    sys.exit(main())
