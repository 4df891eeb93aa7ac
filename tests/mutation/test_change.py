"""tests/mutation/change.py: what a mutant changes is named so that an explanation outlives the next edit."""

from pathlib import Path

import pytest

from tests.mutation.change import Change, change_of

ORIGINAL = {
    "x_limit": "def {}(size):\n    most = 3\n    return min(size,\n               most)\n",
    "xǁKeyǁcheck": "class Key:\n    def {}(self):\n        raise ValueError('not a key', 'not_a_key')\n",
    "x_refusal": "def {}(names):\n    return Refused('no', detail='none of ' + ', '.join(names))\n",
}


def changed(mangled: str, was: str, becomes: str, tmp_path: Path) -> Change:
    """Read a change out of a module with two forms of a function, as mutmut writes them."""
    module = tmp_path / "jwtguard" / "keys.py"
    module.parent.mkdir()
    text = ORIGINAL[mangled]
    assert was in text
    forms = (text.format(f"{mangled}__mutmut_orig"), text.replace(was, becomes).format(f"{mangled}__mutmut_7"))
    module.write_text("".join(forms))
    return change_of(f"jwtguard.keys.{mangled}__mutmut_7", tmp_path)


def test_a_change_is_known_by_its_function_and_its_lines_however_they_are_wrapped(tmp_path: Path) -> None:
    change = changed("x_limit", "min", "max", tmp_path)
    assert change.function == "keys.limit"
    assert (change.was, change.becomes) == ("return min(size, most)", "return max(size, most)")


def test_a_method_is_named_by_its_class(tmp_path: Path) -> None:
    assert changed("xǁKeyǁcheck", "'not a key'", "None", tmp_path).function == "keys.Key.check"


@pytest.mark.parametrize(
    ("mangled", "was", "becomes", "is_of_wording"),
    [
        ("xǁKeyǁcheck", "not a key", "XXnot a keyXX", True),
        ("xǁKeyǁcheck", "not a key", "NOT A KEY", True),
        ("x_refusal", "none of ", "NONE OF ", True),
        ("xǁKeyǁcheck", "not_a_key", "NOT_A_KEY", False),
        ("xǁKeyǁcheck", "'not a key'", "None", False),
        ("x_refusal", "', '", "'XX, XX'", False),
        ("x_refusal", "'no'", "'XXnoXX'", False),
        ("x_limit", "3", "4", False),
    ],
    ids=["marked", "capitals", "detail", "a name", "left out", "between names", "a reason", "a number"],
)
def test_only_the_words_of_an_errors_sentence_are_wording(
    mangled: str, was: str, becomes: str, is_of_wording: bool, tmp_path: Path
) -> None:
    assert changed(mangled, was, becomes, tmp_path).is_of_wording is is_of_wording
