"""What a flow may yield: a :class:`Say` to tell, and the steps of its neighbours."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias, TypeVar

import msgspec

from flowdsl.calls import Call
from flowdsl.errors import BadStep
from flowdsl.messages import Checkout, Media
from flowdsl.navigation import Back, Checkpoint
from flowdsl.prompt import Prompt
from flowdsl.subflows import Become, Run
from flowdsl.texts import Text, is_text

__all__ = ["Say", "Step", "Steps"]

R = TypeVar("R")


class Say(msgspec.Struct, frozen=True, eq=False):
    """Tell. What is said is shown with the next prompt, or ends the session when none comes.

    Args:
        text: what to tell.
        media: shown with it.
        checkout: what the person is asked to pay for, by gateways that take payments. It ends the conversation.

    Raises:
        BadStep: the text, the media or the checkout is not one.

    >>> Say("Welcome!").text
    'Welcome!'
    """

    text: Text
    media: Media | None = None
    checkout: Checkout | None = None

    def __post_init__(self) -> None:
        if self.text.__class__ is not str and not is_text(self.text):
            raise BadStep(f"what is said is {self.text!r}, which is not a text")
        if self.checkout is not None and not isinstance(self.checkout, Checkout):
            raise BadStep(f"the checkout of what is said is {self.checkout!r}: write Checkout(…)")
        if self.media is not None and not isinstance(self.media, Media):
            raise BadStep(f"the media of what is said is {self.media!r}: write Media(…)")

    def __iter__(self) -> Generator[Say, Any, None]:
        """Yield itself, so that ``yield from Say(…)`` works as ``yield Say(…)`` does."""
        yield self


Step: TypeAlias = Prompt[Any] | Say | Call[Any] | Run[Any] | Become | Back | Checkpoint
"""Anything a flow may yield."""

Steps: TypeAlias = Generator[Step, Any, R]
"""What a flow's function returns: ``def registration(chat: Chat) -> Steps[None]``."""
