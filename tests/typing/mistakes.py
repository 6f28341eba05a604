"""Mistakes that type checkers must find; each line that is one says so, and a checker that misses it fails."""

from typing import Any

from flowdsl import Flow, Prompt, Say, flow
from flowdsl.signals import FlowFailed, PromptAnswered, prompt_answered

Prompt(1, "Name?")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
Prompt("name", "Name?", validate=len)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Prompt("name", "Name?", choises=["a"])  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
Say(b"bytes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@flow  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def no_generator() -> int:
    """Return at once."""
    return 1


@prompt_answered.connect  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def wrong_event(sender: Flow[..., Any], *, event: FlowFailed) -> None:
    """Take the event of another signal."""


@prompt_answered.connect  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def no_event(sender: Flow[..., Any]) -> None:
    """Take no event."""


def right_event(sender: Flow[..., Any], *, event: PromptAnswered) -> None:
    """Take the event of this signal."""


prompt_answered.connect(right_event)
