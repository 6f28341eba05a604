"""How a test fails because of a flow, beside what the flow itself raises."""

from typing import Any

__all__ = ["ReplayDiffers", "UnexpectedCall", "Unproved"]


class Unproved(AssertionError):
    """A flow cannot be played as a test wants it; the message says why."""

    made: tuple[Any, ...] = ()
    """The calls that were made until then."""


class ReplayDiffers(Unproved):
    """A flow that was replayed from its stored answers came to something else."""


class UnexpectedCall(Unproved):
    """A flow makes a call for which the test has no result, or with arguments that its function does not take."""
