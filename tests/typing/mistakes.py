"""Mistakes that type checkers must find; each line that is one says so, and a checker that misses it fails."""

import os
from typing import Any

from flowdsl import Call, Flow, Prompt, Run, Say, answers, flow
from flowdsl import answer as answer  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
from flowdsl.signals import FlowFailed, PromptAnswered, prompt_answered

Prompt(1, "Name?")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
Prompt("name", "Name?", validate=len)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Prompt("name", "Name?", choises=["a"])  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
answers.whole(18).format("18")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
answers.pin(hashed_with=os.environ.get("KEY"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
answers.pin(hashed_with="key").format("1234")  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
Call(5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
Call(len, "x", timeout="5")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
Call(len, "x", on_crash="ignore")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
Run(len)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Prompt("where", "Where?", expects="place")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
Call(len, "result", timout=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
Prompt("name", lambda: 5)  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]
Say(lambda name: name)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]
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
