"""Mutation testing of the core: `make mutation`. What survives and why is in README.md next to this."""
