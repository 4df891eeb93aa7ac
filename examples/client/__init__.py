"""A client that acts for itself: it asks for an access token, and calls an API with it."""
