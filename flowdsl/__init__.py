"""Conversations as Python generators, replayed from persisted answers, one webhook at a time."""

from flowdsl import signals
from flowdsl.chat import Chat, Session
from flowdsl.errors import AuthorError, ConfigurationError, FlowError, StoreError, StoreUnavailable, UserInputError
from flowdsl.flow import Flow, flow
from flowdsl.messages import Choice, Inbound, Media, Reply
from flowdsl.middleware import Middleware, Next
from flowdsl.outcome import Limits
from flowdsl.runtime import Runtime
from flowdsl.sessions import SessionConfig
from flowdsl.steps import Prompt, Say, Step, Steps
from flowdsl.store import SessionStore, Stored
from flowdsl.ussd import Screen

__version__ = "0.1.0"

__all__ = [
    "AuthorError",
    "Chat",
    "Choice",
    "ConfigurationError",
    "Flow",
    "FlowError",
    "Inbound",
    "Limits",
    "Media",
    "Middleware",
    "Next",
    "Prompt",
    "Reply",
    "Runtime",
    "Say",
    "Screen",
    "Session",
    "SessionConfig",
    "SessionStore",
    "Step",
    "Steps",
    "StoreError",
    "StoreUnavailable",
    "Stored",
    "UserInputError",
    "flow",
    "signals",
]
