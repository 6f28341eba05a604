"""A step that was not yielded, taken for what it would have given."""

from flowdsl.errors import BadStep

__all__ = ["Unyielded"]


class Unyielded:
    """What steps have in common: none is a text, or true or false, since that is never what the author meant.

    >>> from flowdsl import Call
    >>> f"It is {Call(len, 'Ama')}."
    Traceback (most recent call last):
        ...
    flowdsl.errors.BadStep: call 'len' itself is put into a text, and not what comes of it: write `yield` before `Call(…)`
    """

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        """Refuse to be put into a text."""
        return str(self)

    def __str__(self) -> str:
        raise self._refused("is put into a text")

    def __bool__(self) -> bool:
        raise self._refused("is taken for yes or no")

    def _refused(self, what: str) -> BadStep:
        name = repr(self).strip("<>")
        return BadStep(f"{name} itself {what}, and not what comes of it: write `yield` before `{type(self).__name__}(…)`")
