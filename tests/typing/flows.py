"""What type checkers infer for people who write flows; each ``assert_type`` is checked by mypy and by pyright."""

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, assert_type

from flowdsl import Chat, Flow, Prompt, Say, SessionConfig, Steps, flow
from flowdsl.signals import PromptAnswered, prompt_answered


class Plan(Enum):
    """What can be bought."""

    DAY = "Daily"
    WEEK = "Weekly"


def sub(chat: Chat) -> Steps[Decimal]:
    """Return an amount."""
    return (yield from Prompt("amount", "Amount?", transform=Decimal))


@flow
def registration(chat: Chat, *, fee: int = 0) -> Steps[int]:
    """Ask one of each kind."""
    assert_type((yield from Prompt("name", "Name?")), str)
    assert_type((yield from Prompt("name", "Name?", transform=str.title)), str)
    assert_type((yield from Prompt("age", "Age?", transform=int)), int)
    assert_type((yield from Prompt("born", "Born?", transform=date.fromisoformat)), date)
    assert_type((yield from Prompt("size", "Size?", choices=["S", "M"])), str)
    assert_type((yield from Prompt("count", "How many?", choices=[1, 2, 5])), int)
    assert_type((yield from Prompt("code", "Code?", choices={1: "One", 2: "Two"})), int)
    assert_type((yield from Prompt("plan", "Plan?", choices=Plan)), Plan)
    assert_type((yield from Prompt("kilo", "Kilos?", choices=["1", "2"], transform=int)), int)
    assert_type((yield from Prompt.confirm("sure", "Sure?")), bool)
    assert_type((yield from sub(chat)), Decimal)
    yield Say(f"{chat.msisdn} pays {fee}")
    return 1


assert_type(registration.name, str)

# Boundaries may be any collection, and a durable session may last for ever.
SessionConfig(boundaries=["flow"], identifier="msisdn")
SessionConfig(boundaries={"flow", "url"}).durable(ttl=None)


@prompt_answered.connect
def receive(sender: Flow[..., Any], *, event: PromptAnswered) -> None:
    """Take the event of this signal."""
    assert_type(event.key, str)
