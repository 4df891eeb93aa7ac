"""Tests of protected routes with real signed tokens, without a network and without patching.

```python
with TestIssuer.standing_in(resource_server) as issuer:
    response = client.get("/invoices", headers=issuer.bearer(scopes=["invoices:read"]))
```
With pytest, the fixtures `jwtguard_issuer` and `bearer` do the same.
"""

from jwtguard.testing.issuer import TestIssuer
from jwtguard.testing.made_up import made_up

__all__ = ["TestIssuer", "made_up"]
