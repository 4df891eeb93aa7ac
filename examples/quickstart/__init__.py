"""The shortest protected FastAPI application."""
