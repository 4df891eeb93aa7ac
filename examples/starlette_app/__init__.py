"""The middleware alone, in plain Starlette."""
