"""What the commands that explore a flow have in common: what its calls come to, and what is typed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from flowdsl.commands.shared import add_flow, add_msisdn, loaded, quiet
from flowdsl.errors import ConfigurationError
from flowdsl.inspection import STAND_IN, Subject
from flowdsl.loading import load_table, translations_beside

if TYPE_CHECKING:
    from flowdsl.testing import Exploration, Options
    from flowdsl.testing.guessing import Guessing

__all__ = ["Task", "add_exploring", "at_least", "explored", "task_of"]

_TABLE = "as a JSON object, or as MODULE:NAME or FILE.py:NAME of a dict"
_PLATFORMS = ("ussd", "whatsapp", "telegram")


class Task(NamedTuple):
    """What a command explores, and with what."""

    subject: Subject
    calls: Guessing
    answers: dict[str, Any]
    options: Options
    rounds: int
    turns: int


def add_exploring(parser: argparse.ArgumentParser) -> None:
    """Let a command be told what it needs to explore a flow."""
    add_flow(parser)
    add_msisdn(parser, "number of the person who talks")
    parser.add_argument(
        "--calls",
        default="{}",
        metavar="TABLE",
        help=f"what calls come to, by their keys, {_TABLE}. Of others it is guessed by what their functions are annotated to "
        "return, and that they may fail",
    )
    parser.add_argument("--answers", default="{}", metavar="TABLE", help=f"what is typed, by the keys of questions, {_TABLE}")
    parser.add_argument("--platform", choices=_PLATFORMS, default="ussd", help="where it is held (default %(default)s)")
    parser.add_argument("--rounds", type=at_least(1), default=2, help="how often a loop is gone round (default %(default)s)")
    parser.add_argument("--turns", type=at_least(1), default=50_000, help="how many messages are sent (default %(default)s)")


def at_least(least: int) -> Callable[[str], int]:
    """Give what reads a whole number that is not too small.

    Args:
        least: the smallest that is taken.
    """

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")
        return int(text)

    return number


def task_of(chosen: argparse.Namespace) -> Task:
    """Read what a command was told to explore.

    Raises:
        ConfigurationError: there is no such flow, or a table cannot be read.
    """
    # Only these commands need it, and the others start faster without.
    from flowdsl.testing.guessing import Guessing

    subject = loaded(chosen)
    options: Options = {"translations": translations_beside(subject.flow), "platform": chosen.platform}
    if subject.params:
        options["params"] = subject.params
    if subject.msisdn != STAND_IN:
        options["msisdn"] = subject.msisdn
    with quiet():
        calls, answers = Guessing(_table("--calls", chosen.calls)), _table("--answers", chosen.answers)
    return Task(subject, calls, answers, options, chosen.rounds, chosen.turns)


def explored(task: Task) -> Exploration:
    """Explore a flow.

    Args:
        task: the flow.
    """
    from flowdsl.testing import explore

    subject, calls, answers, options, rounds, turns = task
    with quiet():
        return explore(subject.flow, calls=calls, answers=answers, check=False, rounds=rounds, turns=turns, **options)


def _table(setting: str, given: str) -> dict[str, Any]:
    if ":" in given and not given.lstrip().startswith("{"):
        return load_table(given)
    try:
        return msgspec.json.decode(given, type=dict[str, Any])
    except msgspec.DecodeError as error:
        told = f"{setting} {given!r} is neither a JSON object nor MODULE:NAME of a dict"
        raise ConfigurationError(f"{told}: {error}") from None
