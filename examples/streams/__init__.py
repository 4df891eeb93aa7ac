"""What outlives a single answer, a WebSocket and server-sent events, and ends with its token."""
