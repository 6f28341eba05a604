"""The command line: ``flowdsl chat MODULE:FLOW``, and what installed packages add to it."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from textwrap import wrap
from typing import NamedTuple

from flowdsl import __version__
from flowdsl.commands import check_sessions, sessions
from flowdsl.errors import ConfigurationError, FlowError
from flowdsl.loading import load_flow, translations_beside
from flowdsl.messages import Inbound
from flowdsl.phone import e164
from flowdsl.runtime import Runtime
from flowdsl.ussd import Screen, measure

__all__ = ["Command", "framed", "main"]

_WRONG_USAGE = 2
_FAILED = 1
# Characters in a row, about what a handset shows.
_WIDTH = 40


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
        "chat": Command("talk to a flow in this terminal, as USSD screens", _prepare_chat, _chat),
        "check-sessions": Command(check_sessions.SUMMARY, check_sessions.prepare, check_sessions.run),
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


def _prepare_chat(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("flow", metavar="MODULE:FLOW", help="the flow, as module:flow or path/to/file.py:flow")
    parser.add_argument("--msisdn", default="+233244123456", help="number of the person who talks (default %(default)s)")
    parser.add_argument("--dial", default="*920*77#", help="what they dial first (default %(default)s)")
    parser.add_argument("--locale", help="language of their device, such as fr")
    parser.add_argument(
        "--page", type=int, default=140, help="septets on a screen, or half as many UCS-2 units (default %(default)s)"
    )


def _chat(chosen: argparse.Namespace) -> int:
    flow = load_flow(chosen.flow)
    flow.require({})
    msisdn = e164(chosen.msisdn)
    if msisdn is None:
        raise ConfigurationError(f"{chosen.msisdn!r} is no number with its country's code, such as +233244123456")
    screen = Screen(septets=chosen.page, units=chosen.page // 2)

    runtime = Runtime(translations=translations_beside(flow))
    text, new = chosen.dial, True
    try:
        print(f"> {text}")
    except UnicodeEncodeError:
        raise ConfigurationError("what is dialled is not in the alphabet of this terminal") from None
    with asyncio.Runner() as runner:
        while True:
            inbound = Inbound(
                platform="ussd",
                gateway="terminal",
                request_id="terminal",
                msisdn=msisdn,
                text="" if new else text,
                dialled=text if new else None,
                new=new,
                locale=chosen.locale,
            )
            reply = runner.run(runtime.handle(flow, inbound, screen=screen))
            print(framed(reply.text, screen))
            if reply.end:
                return 0
            new = False
            try:
                text = input("> ")
            except UnicodeDecodeError:
                raise ConfigurationError("what was typed is not in the alphabet of this terminal") from None
            except EOFError:
                print()
                return 0


def framed(text: str, screen: Screen) -> str:
    """Draw a screen with its length, as ``flowdsl chat`` shows it.

    >>> print(framed("Balance: GHS 20", Screen()))
    ┌─────────────────┐
    │ Balance: GHS 20 │
    └─────────────────┘ 15 of 140 septets
    """
    length = measure(text)
    most, unit = (screen.septets, "septets") if length.gsm else (screen.units, "UCS-2 units")
    lines = [part for line in text.split("\n") for part in wrap(line, _WIDTH) or [""]]
    width = max(map(len, lines))
    drawn = [f"│ {line:<{width}} │" for line in lines]
    return "\n".join(["┌" + "─" * (width + 2) + "┐", *drawn, "└" + "─" * (width + 2) + f"┘ {length.units} of {most} {unit}"])
