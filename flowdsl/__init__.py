"""Conversations as Python generators, replayed from persisted answers, one webhook at a time."""

from typing import TYPE_CHECKING, Any

from flowdsl import signals
from flowdsl.calls import Call
from flowdsl.chat import Chat
from flowdsl.errors import (
    AuthorError,
    CallFailed,
    ConfigurationError,
    FlowError,
    StoreError,
    StoreUnavailable,
    TooManyAttempts,
    UserInputError,
)
from flowdsl.flow import Flow, flow
from flowdsl.languages import Translations
from flowdsl.messages import Checkout, Choice, Contact, Ended, EndReason, History, Inbound, Location, Media, Paid, Reply
from flowdsl.middleware import Middleware, Next
from flowdsl.navigation import Back, Checkpoint, Navigation
from flowdsl.outcome import Limits
from flowdsl.prompt import Prompt
from flowdsl.resuming import Resume
from flowdsl.runtime import Runtime
from flowdsl.session import Session
from flowdsl.session_data import SessionData
from flowdsl.sessions import SessionConfig
from flowdsl.steps import Say, Step, Steps
from flowdsl.store import SessionStore, Stored
from flowdsl.subflows import Become, Run
from flowdsl.texts import Text
from flowdsl.ussd import Screen

if TYPE_CHECKING:
    from flowdsl import answers
else:  # or any name at all would be there for type checkers

    def __getattr__(name: str) -> Any:
        # Its parsers take as long to load as many other modules together, and not every flow uses one.
        if name == "answers":
            import flowdsl.answers

            return flowdsl.answers
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = "0.1.0"

__all__ = [
    "AuthorError",
    "Back",
    "Become",
    "Call",
    "CallFailed",
    "Chat",
    "Checkout",
    "Checkpoint",
    "Choice",
    "ConfigurationError",
    "Contact",
    "EndReason",
    "Ended",
    "Flow",
    "FlowError",
    "History",
    "Inbound",
    "Limits",
    "Location",
    "Media",
    "Middleware",
    "Navigation",
    "Next",
    "Paid",
    "Prompt",
    "Reply",
    "Resume",
    "Run",
    "Runtime",
    "Say",
    "Screen",
    "Session",
    "SessionConfig",
    "SessionData",
    "SessionStore",
    "Step",
    "Steps",
    "StoreError",
    "StoreUnavailable",
    "Stored",
    "Text",
    "TooManyAttempts",
    "Translations",
    "UserInputError",
    "answers",
    "flow",
    "signals",
]
