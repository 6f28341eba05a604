"""The command line, ``flowdsl COMMAND``: commands of its own, and what installed packages add to it."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from typing import NamedTuple

from flowdsl import __version__
from flowdsl.commands import chat, check_flow, check_sessions, map_flow, sessions
from flowdsl.errors import ConfigurationError, FlowError

__all__ = ["Command", "main"]

_WRONG_USAGE = 2
_FAILED = 1


class Command(NamedTuple):
    """A subcommand. Packages add theirs by the entry point group ``flowdsl.commands``.

    Args:
        summary: one line of help.
        prepare: adds its arguments to the parser.
        run: does it, and gives the exit status.
    """

    summary: str
    prepare: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and give its exit status: 0 done, 1 failed, 2 wrong usage.

    Args:
        arguments: those of the process unless given.
    """
    commands = {
        "chat": Command(chat.SUMMARY, chat.prepare, chat.run),
        "check": Command(check_flow.SUMMARY, check_flow.prepare, check_flow.run),
        "check-sessions": Command(check_sessions.SUMMARY, check_sessions.prepare, check_sessions.run),
        "map": Command(map_flow.SUMMARY, map_flow.prepare, map_flow.run),
        "sessions": Command(sessions.SUMMARY, sessions.prepare, sessions.run),
    }
    for added in entry_points(group="flowdsl.commands"):
        commands[added.name] = added.load()
    parser = argparse.ArgumentParser(prog="flowdsl", description="USSD and chat conversations as Python generators.")
    parser.add_argument("--version", action="version", version=f"flowdsl {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in sorted(commands.items()):
        command.prepare(subparsers.add_parser(name, help=command.summary, description=command.summary))
    chosen = parser.parse_args(arguments)
    try:
        status = commands[chosen.command].run(chosen)
        sys.stdout.flush()  # here, where it is known what to do if nobody reads any more
        return status
    except ConfigurationError as error:
        print(f"flowdsl: {error}", file=sys.stderr)
        return _WRONG_USAGE
    except FlowError as error:
        print(f"flowdsl: {error}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:  # whoever read along, as `head` does, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains once more when it ends
        return _FAILED
