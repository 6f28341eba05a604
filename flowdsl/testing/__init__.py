"""Prove flows: scripted conversations, every path explored, every screen measured, conversations drawn by hypothesis.

What needs `hypothesis <https://hypothesis.readthedocs.io/>`_ is imported when it is asked for: :func:`conversations` and
:class:`FlowMachine`, with ``pip install 'flowdsl[testing]'``.
"""

from typing import TYPE_CHECKING, Any

from flowdsl.testing.contracts import StoreContract
from flowdsl.testing.conversation import Conversation
from flowdsl.testing.dialogue import Dialogue, Input, Passage
from flowdsl.testing.exploration import Exploration, Fault, explore
from flowdsl.testing.failing import ReplayDiffers, UnexpectedCall, Unproved
from flowdsl.testing.fitting import TELEGRAM, WHATSAPP, Fit, MessageLimits, Shown, assert_fits
from flowdsl.testing.results import Made, either, in_turn
from flowdsl.testing.setting import Options, Wire
from flowdsl.testing.sites import Site

if TYPE_CHECKING:
    from flowdsl.testing.drawing import conversations
    from flowdsl.testing.machine import FlowMachine

__all__ = [
    "TELEGRAM",
    "WHATSAPP",
    "Conversation",
    "Dialogue",
    "Exploration",
    "Fault",
    "Fit",
    "FlowMachine",
    "Input",
    "Made",
    "MessageLimits",
    "Options",
    "Passage",
    "ReplayDiffers",
    "Shown",
    "Site",
    "StoreContract",
    "UnexpectedCall",
    "Unproved",
    "Wire",
    "assert_fits",
    "conversations",
    "either",
    "explore",
    "in_turn",
]

_WITH_HYPOTHESIS = {"FlowMachine": "flowdsl.testing.machine", "conversations": "flowdsl.testing.drawing"}


def __getattr__(name: str) -> Any:
    place = _WITH_HYPOTHESIS.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        return getattr(import_module(place), name)
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise ImportError(f"{name} needs hypothesis: pip install 'flowdsl[testing]'") from error
