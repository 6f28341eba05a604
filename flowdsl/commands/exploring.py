"""What the commands that explore a flow have in common: what its calls come to, and what is typed."""

import argparse
from typing import Any

import msgspec

from flowdsl.commands.shared import add_flow, add_msisdn, quiet
from flowdsl.errors import ConfigurationError
from flowdsl.inspection import Subject
from flowdsl.loading import load_table, translations_beside
from flowdsl.testing import Exploration, Options, explore
from flowdsl.testing.guessing import Guessing

__all__ = ["add_exploring", "answers_of", "calls_of", "explored", "options_of"]

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
    parser.add_argument("--rounds", type=int, default=3, help="how often each loop is gone round at most (default %(default)s)")
    parser.add_argument("--turns", type=int, default=50_000, help="how many messages are sent at most (default %(default)s)")


def explored(chosen: argparse.Namespace, subject: Subject) -> Exploration:
    """Explore the flow that a command was told.

    Raises:
        ConfigurationError: what it was told cannot be read.
    """
    with quiet():
        return explore(
            subject.flow,
            calls=calls_of(chosen),
            answers=answers_of(chosen),
            check=False,
            rounds=chosen.rounds,
            turns=chosen.turns,
            **options_of(chosen, subject),
        )


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
    return Guessing(_table("--calls", chosen.calls))


def answers_of(chosen: argparse.Namespace) -> dict[str, Any]:
    """Read what is typed.

    Raises:
        ConfigurationError: it cannot be read.
    """
    return _table("--answers", chosen.answers)


def _table(setting: str, given: str) -> dict[str, Any]:
    if not given.lstrip().startswith("{"):
        return load_table(given)
    try:
        return msgspec.json.decode(given, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{setting} {given!r} is no JSON object: {error}") from None
