"""Laws: what holds of every token, key set, answer and sequence of events, tried on generated ones.

`make test` runs a bounded number of examples, always the same. By hand, `python -m pytest tests/laws
--hypothesis-profile=deep` runs many more, and other ones each time.
"""
