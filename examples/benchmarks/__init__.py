"""Benchmarks: what a token costs here, what it costs elsewhere, and whether the budget holds."""
