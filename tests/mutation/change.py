"""What a mutant changes, read from the modules that mutmut wrote: they hold each function in all its forms."""

import ast
import re
from dataclasses import dataclass
from difflib import ndiff
from functools import cache
from pathlib import Path

_SENTENCE = re.compile("[a-z] [a-z]")


@dataclass(frozen=True, slots=True)
class Change:
    """One mutant's.

    Attributes:
        mutant: mutmut's name for it, whose number is another one after each edit of the function.
        function: the module and the function's name in it.
        was: the lines that it changes, as `ast.unparse` writes them.
        becomes: what they become.
        is_of_wording: whether it changes nothing but the words of a sentence that an error says.
    """

    mutant: str
    function: str
    was: str
    becomes: str
    is_of_wording: bool

    def __str__(self) -> str:
        return f"{self.mutant}\n    {self.function}\n    - {self.was}\n    + {self.becomes}"


def change_of(name: str, mutants: Path) -> Change:
    """Read what a mutant changes.

    Args:
        name: as mutmut has it, such as `jwtguard.jws.x_parse__mutmut_3`.
        mutants: the folder in which mutmut wrote the modules.
    """
    _, module, mutant = name.split(".")
    mangled = mutant.rpartition("__mutmut_")[0]
    functions = _functions(mutants / "jwtguard" / f"{module}.py")
    original, mutated = functions[f"{mangled}__mutmut_orig"], functions[mutant]
    lines = list(ndiff(_lines(original), _lines(mutated)))
    return Change(
        mutant=name,
        function=f"{module}.{_demangled(mangled)}",
        was=" ".join(line[2:].strip() for line in lines if line.startswith("- ")),
        becomes=" ".join(line[2:].strip() for line in lines if line.startswith("+ ")),
        is_of_wording=_lines(_Reworded().visit(_copied(original))) == _lines(_Reworded().visit(_copied(mutated))),
    )


class _Reworded(ast.NodeTransformer):
    """Takes from the sentences of errors what mutmut does to words: `XX` around them, and letters in the other case."""

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return _Plain().generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        return _Plain().generic_visit(node) if node.arg == "detail" else self.generic_visit(node)


class _Plain(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        words = node.value.casefold() if isinstance(node.value, str) else ""
        return ast.Constant(words.strip("x")) if _SENTENCE.search(words) else node


@cache
def _functions(module: Path) -> dict[str, ast.FunctionDef]:
    found = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.FunctionDef)]
    return {function.name: function for function in found}


def _copied(function: ast.FunctionDef) -> ast.AST:
    return ast.parse(ast.unparse(function))


def _lines(tree: ast.AST) -> list[str]:
    """The function without its name, which is another one for each mutant."""
    return re.sub(r"def \S+?\(", "def (", ast.unparse(tree), count=1).splitlines()


def _demangled(mangled: str) -> str:
    """`x_parse` is `parse`, and `xǁRulesǁof` is `Rules.of`."""
    return mangled[2:].replace("ǁ", ".")
