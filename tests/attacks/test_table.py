"""That the table is whole: every clause that was walked through, every reason there is."""

import pytest

from jwtguard.errors import REASONS
from tests.attacks.case import ACCEPTED, CLIENT_ERROR
from tests.attacks.clauses import WALKED, Clause
from tests.attacks.table import CASES

NAMED = {clause for case in CASES.values() for clause in case.clauses}
SECTIONS = (
    "RFC 8725 section 3",
    "RFC 9068 section 4",
    "RFC 6750 section 2",
    "RFC 6750 section 3",
    "RFC 6750 section 5",
    "RFC 9700",
)

ELSEWHERE = {
    "inactive": "only an introspection endpoint says so: tests/test_introspection.py",
    "introspection_unavailable": "only an introspection endpoint can be so: tests/test_introspection.py",
    "insufficient_claims": "the route's own demand: tests/test_fastapi.py",
    "insufficient_roles": "the route's own demand: tests/test_fastapi.py",
    "insufficient_permissions": "the route's own demand: tests/test_fastapi.py",
    "claims_unfit": "the application's own demand: tests/test_typed_claims.py",
}
"""Reasons that no token and no request alone can cause."""


@pytest.mark.parametrize("clause", WALKED, ids=lambda clause: clause.name)
def test_clause_has_cases_or_is_not_ours(clause: Clause) -> None:
    assert (clause.name in NAMED) != (clause.not_ours is not None)


def test_every_clause_of_the_walked_sections_that_a_case_names_was_walked_through() -> None:
    named = {clause for clause in NAMED if clause.startswith(SECTIONS)}
    assert named <= {clause.name for clause in WALKED}


def test_every_reason_is_the_outcome_of_a_case() -> None:
    assert {case.reason for case in CASES.values()} - {ACCEPTED, CLIENT_ERROR} == REASONS.keys() - ELSEWHERE.keys()
