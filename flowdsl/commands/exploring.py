"""What the commands that explore a flow have in common: what its calls come to, and what is typed."""

import argparse
from collections.abc import Callable
from typing import Any

import msgspec

from flowdsl.commands.shared import add_flow, add_msisdn, quiet
from flowdsl.errors import ConfigurationError
from flowdsl.inspection import Subject
from flowdsl.loading import load_table, translations_beside
from flowdsl.testing import Exploration, Options, explore
from flowdsl.testing.guessing import Guessing

__all__ = ["add_exploring", "answers_of", "at_least", "calls_of", "explored", "options_of"]

_TABLE = "as a JSON object, or as MODULE:NAME or FILE.py:NAME of a dict"


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
    parser.add_argument("--platform", default="ussd", help="where the conversation is held (default %(default)s)")
    parser.add_argument("--rounds", type=at_least(1), default=3, help="how often a loop is gone round (default %(default)s)")
    parser.add_argument("--turns", type=at_least(1), default=50_000, help="how many messages are sent (default %(default)s)")


def explored(chosen: argparse.Namespace, subject: Subject, calls: Guessing) -> Exploration:
    """Explore the flow that a command was told.

    Args:
        chosen: the arguments of the command.
        subject: the flow.
        calls: what calls come to.

    Raises:
        ConfigurationError: what it was told cannot be read.
    """
    with quiet():
        return explore(
            subject.flow,
            calls=calls,
            answers=answers_of(chosen),
            check=False,
            rounds=chosen.rounds,
            turns=chosen.turns,
            **options_of(chosen, subject),
        )


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


def options_of(chosen: argparse.Namespace, subject: Subject) -> Options:
    """Tell how conversations are held."""
    options: Options = {"translations": translations_beside(subject.flow), "platform": chosen.platform}
    if subject.params:
        options["params"] = subject.params
    if subject.msisdn != Subject(flow=subject.flow).msisdn:
        options["msisdn"] = subject.msisdn
    return options


def calls_of(chosen: argparse.Namespace) -> Guessing:
    """Read what calls come to.

    Raises:
        ConfigurationError: it cannot be read.
    """
    with quiet():
        return Guessing(_table("--calls", chosen.calls))


def answers_of(chosen: argparse.Namespace) -> dict[str, Any]:
    """Read what is typed.

    Raises:
        ConfigurationError: it cannot be read.
    """
    with quiet():
        return _table("--answers", chosen.answers)


def _table(setting: str, given: str) -> dict[str, Any]:
    if ":" in given and not given.lstrip().startswith("{"):
        return load_table(given)
    try:
        return msgspec.json.decode(given, type=dict[str, Any])
    except msgspec.DecodeError as error:
        told = f"{setting} {given!r} is neither a JSON object nor MODULE:NAME of a dict"
        raise ConfigurationError(f"{told}: {error}") from None
