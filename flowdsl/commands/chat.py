"""``flowdsl chat``: a flow in the terminal, as USSD screens."""

import argparse
import asyncio
from textwrap import wrap
from typing import Final

from flowdsl.commands.shared import add_flow, add_msisdn, loaded
from flowdsl.errors import ConfigurationError
from flowdsl.loading import translations_beside
from flowdsl.messages import Inbound
from flowdsl.runtime import Runtime
from flowdsl.ussd import Screen

__all__ = ["SUMMARY", "prepare", "run"]

SUMMARY: Final = "talk to a flow in this terminal, as USSD screens"
"""One line of help."""

# Characters in a row, about what a handset shows.
_WIDTH = 40


def prepare(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_flow(parser)
    add_msisdn(parser, "number of the person who talks")
    parser.add_argument("--dial", default="*920*77#", help="what they dial first (default %(default)s)")
    parser.add_argument("--locale", help="language of their device, such as fr")
    parser.add_argument(
        "--page", type=int, default=140, help="septets on a screen, or half as many UCS-2 units (default %(default)s)"
    )
    parser.add_argument("--transliterate", action="store_true", help="screens are written in the GSM 7-bit alphabet")


def run(chosen: argparse.Namespace) -> int:
    """Talk until the conversation or the input ends, and give the exit status.

    Raises:
        ConfigurationError: there is no such flow, or a setting is wrong.
    """
    subject = loaded(chosen)
    screen = Screen(septets=chosen.page, units=chosen.page // 2, transliterate=chosen.transliterate)
    runtime = Runtime(translations=translations_beside(subject.flow))
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
                msisdn=subject.msisdn,
                text="" if new else text,
                dialled=text if new else None,
                new=new,
                locale=chosen.locale,
            )
            reply = runner.run(runtime.handle(subject.flow, inbound, params=subject.params, screen=screen))
            print(_framed(reply.text, screen))
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


def _framed(text: str, screen: Screen) -> str:
    """Draw a screen with its length.

    >>> print(_framed("Balance: GHS 20", Screen()))
    ┌─────────────────┐
    │ Balance: GHS 20 │
    └─────────────────┘ 15 of 140 septets
    """
    length = screen.measure(text)
    lines = [part for line in text.split("\n") for part in wrap(line, _WIDTH) or [""]]
    width = max(map(len, lines))
    drawn = [f"│ {line:<{width}} │" for line in lines]
    below = f"{length.units} of {screen.room(length)} {'septets' if length.gsm else 'UCS-2 units'}"
    return "\n".join(["┌" + "─" * (width + 2) + "┐", *drawn, "└" + "─" * (width + 2) + f"┘ {below}"])
