"""The authorization server and an API, left running, with a documentation page that works without a network."""
