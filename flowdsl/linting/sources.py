"""The source of a function, as a syntax tree with the lines of its file."""

import ast
import io
import linecache
import re
import tokenize
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any, Final, NamedTuple

__all__ = ["Definition", "File", "Sources"]

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
"""What makes a function."""

_EXCUSE: Final = re.compile(r"#\s*flowdsl:\s*ignore(?![\w\[-])|#\s*flowdsl:\s*ignore\[([\w\s,-]*)\]")


class File(NamedTuple):
    """A file of source, and the lines of it that are excused: from some rules, or where that is ``None`` from all."""

    name: str
    tree: ast.Module
    excuses: Mapping[int, frozenset[str] | None]

    def excuses_all(self, line: int) -> bool:
        """Tell whether a line is excused from all rules."""
        return line in self.excuses and self.excuses[line] is None

    def is_excused(self, line: int, rule: str) -> bool:
        """Tell whether a line is excused from a rule."""
        rules = self.excuses.get(line, frozenset())
        return rules is None or rule in rules


class Sources:
    """Finds and reads sources, each file once.

    >>> import textwrap
    >>> file, node = Sources().of(textwrap.dedent)
    >>> node.name, node.lineno == textwrap.dedent.__code__.co_firstlineno
    ('dedent', True)
    >>> Sources().of(eval("lambda: 0")) is None
    True
    """

    def __init__(self) -> None:
        self._files: dict[str, File | None] = {}

    def of(self, function: FunctionType) -> tuple[File, Definition] | None:
        """Find where a function is written; ``None`` where that cannot be read, or has changed since it was imported.

        Args:
            function: the function itself, without what a decorator made of it.
        """
        code = function.__code__
        name = code.co_filename
        if name not in self._files:
            self._files[name] = _read(name, function.__globals__)
        file = self._files[name]
        found = list(_defined(file.tree, code)) if file else []
        # Of two lambdas on one line nobody knows which is meant.
        return (file, found[0]) if file and len(found) == 1 else None


def _read(name: str, known: dict[str, Any]) -> File | None:
    linecache.checkcache(name)
    text = "".join(linecache.getlines(name, known))
    try:
        return File(name, ast.parse(text), dict(_excuses(text))) if text else None
    except (SyntaxError, ValueError, RecursionError):  # no Python, whatever it is called
        return None


def _excuses(text: str) -> Iterator[tuple[int, frozenset[str] | None]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and (found := _EXCUSE.search(token.string)):
            rules = found[1]
            yield token.start[0], None if rules is None else frozenset(rules.replace(",", " ").split())


def _defined(tree: ast.Module, code: CodeType) -> Iterator[Definition]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                # As code sees it a function begins with its decorators.
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                if name == code.co_name and first == code.co_firstlineno:
                    yield node
            case ast.Lambda():
                if code.co_name == "<lambda>" and node.lineno == code.co_firstlineno:
                    yield node
