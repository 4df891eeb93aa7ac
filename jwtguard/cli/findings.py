"""What an auditor writes down: each finding with its weight, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

Weight = Literal["broken", "advice", "fine"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        weight: "broken" where tokens are refused or trust is lost, "advice" where things could be better, "fine" else.
        about: what it is about.
        found: what was found; it may hold what strangers wrote.
        advice: what to do, for all that is not fine.
    """

    weight: Weight
    about: str
    found: str
    advice: str = ""


def fine(about: str, found: str) -> Finding:
    """Write down what is as it should be."""
    return Finding("fine", about, found)


def advice(about: str, found: str, what_to_do: str) -> Finding:
    """Write down what could be better."""
    return Finding("advice", about, found, what_to_do)


def broken(about: str, found: str, what_to_do: str) -> Finding:
    """Write down what does not work, or must not be trusted."""
    return Finding("broken", about, found, what_to_do)
