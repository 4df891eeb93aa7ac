"""Authorization servers by name: each function returns an `Issuer` that knows one product's ways.

```python
from jwtguard import ResourceServer
from jwtguard.issuers import auth0

resource_server = ResourceServer(auth0("acme.eu.auth0.com"), audience="https://api.example.com")
```
What else an issuer may have is added with `dataclasses.replace(auth0(…), leeway=5)`. Do not replace `claim_values`,
`one_of_claims`, `required_claims` and `key_issuers`: they tell the product's access tokens from its other tokens.
"""

from jwtguard.issuers.auth0_tenant import auth0
from jwtguard.issuers.clerk_instance import clerk
from jwtguard.issuers.cognito_user_pool import cognito
from jwtguard.issuers.entra_tenant import ANY_TENANT, entra_id, entra_id_tenants
from jwtguard.issuers.firebase_project import firebase
from jwtguard.issuers.google_accounts import google
from jwtguard.issuers.keycloak_realm import keycloak
from jwtguard.issuers.okta_org import okta
from jwtguard.issuers.supabase_project import supabase
from jwtguard.issuers.tropipay_api import tropipay

__all__ = [
    "ANY_TENANT",
    "auth0",
    "clerk",
    "cognito",
    "entra_id",
    "entra_id_tenants",
    "firebase",
    "google",
    "keycloak",
    "okta",
    "supabase",
    "tropipay",
]
