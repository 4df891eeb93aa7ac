"""The whole flow over real sockets, each step with its expectation: `python -m examples.demo`, or `make demo`."""
