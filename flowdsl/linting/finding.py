"""What a check says: a fault in the source, and where it stands."""

import ast
from typing import NamedTuple

import msgspec

__all__ = ["Fault", "Finding", "quoted"]

_LONGEST = 60


class Finding(msgspec.Struct, frozen=True):
    """Something in a flow that replay will not bear, and what to write instead. Sorted by place.

    Args:
        where: ``file:line``.
        rule: name of what it breaks, as it stands in ``# flowdsl: ignore[clock]``.
        message: what is wrong, and why.
        cure: what to write instead.

    >>> late, early = (Finding(f"shop.py:{line}", "clock", "…", "…") for line in (12, 9))
    >>> [each.where for each in sorted([late, early])]
    ['shop.py:9', 'shop.py:12']
    >>> print(Finding("shop.py:12", "io", "`open(path)` happens at every message", "put it into a `Call`"))
    shop.py:12: io: `open(path)` happens at every message. Instead: put it into a `Call`.
    """

    where: str
    rule: str
    message: str
    cure: str

    @property
    def file(self) -> str:
        """The file that it stands in."""
        return self.where.rpartition(":")[0]

    @property
    def line(self) -> int:
        """The line that it stands on, the first being 1."""
        return int(self.where.rpartition(":")[2])

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Finding):
            return NotImplemented
        mine = (self.file, self.line, self.rule, self.message)
        return mine < (other.file, other.line, other.rule, other.message)

    def __str__(self) -> str:
        return f"{self.where}: {self.rule}: {self.message}. Instead: {self.cure}."


class Fault(NamedTuple):
    """A fault as a check sees it: at a node of the syntax, before anybody asks whether it is excused there."""

    node: ast.expr | ast.stmt | ast.excepthandler
    rule: str
    message: str
    cure: str


def quoted(node: ast.AST) -> str:
    """Write a piece of code as it is shown in a message, cut where it is long.

    >>> quoted(ast.parse("time.time( )").body[0])
    '`time.time()`'
    """
    code = ast.unparse(node).replace("\n", " ")
    return f"`{code}`" if len(code) <= _LONGEST else f"`{code[: _LONGEST - 1]}…`"
