"""Everything flowdsl raises on purpose, and whose fault it is.

FlowError
├── AuthorError                 the code around or inside a flow is wrong
│   ├── ConfigurationError      a setting that cannot work
│   ├── NotAFlow                the decorated function is not a generator
│   ├── BadStep                 a flow yielded, returned or did something it may not
│   ├── BadPrompt               a prompt that cannot be asked
│   ├── UnstorableValue         a value that the journal cannot hold
│   ├── LimitExceeded           a conversation that outgrew its limits
│   └── Diverged                the code no longer asks what was answered, and the flow wants that to fail
├── CallFailed                  raised in a flow: what it called did not succeed
├── TooManyAttempts             raised in a flow: a question was answered wrongly too often
├── UserInputError              what came in from outside is wrong; has an HTTP status
│   ├── BadPayload              400: the request is not what the gateway documents
│   ├── MissingIdentifier       400: nothing in it says whose session it is
│   ├── Unauthorized            401: the key that it must show is missing or wrong
│   ├── Forbidden               403: it does not prove where it comes from
│   ├── UnknownSession          404: it answers in a session that is not there, and shall not begin one
│   ├── Stalled                 408: the body did not arrive in time
│   ├── PayloadTooLarge         413
│   └── UnsupportedContent      415: not the content type the gateway sends
└── StoreError                  503: sessions cannot be read or written
    ├── StoreUnavailable        the cache did not answer, or refused
    └── UnreadableRecord        what it holds is not a record of this version
"""

from typing import ClassVar

__all__ = [
    "AuthorError",
    "BadPayload",
    "BadPrompt",
    "BadStep",
    "CallFailed",
    "ConfigurationError",
    "Diverged",
    "FlowError",
    "Forbidden",
    "LimitExceeded",
    "MissingIdentifier",
    "NotAFlow",
    "PayloadTooLarge",
    "Stalled",
    "StoreError",
    "StoreUnavailable",
    "TooManyAttempts",
    "Unauthorized",
    "UnknownSession",
    "UnreadableRecord",
    "UnstorableValue",
    "UnsupportedContent",
    "UserInputError",
]


class FlowError(Exception):
    """Root of everything flowdsl raises on purpose."""


class AuthorError(FlowError):
    """The code of a flow, or the code that sets it up, is wrong."""

    where: str | None = None
    """The line of a flow that did it, as ``file:line``, where it is known."""


class ConfigurationError(AuthorError):
    """A setting that cannot work; raised when it is given wherever that can be told then."""


class NotAFlow(AuthorError):
    """``@flow`` was put on something that is not a generator function."""


class BadStep(AuthorError):
    """A flow did what no flow may: it yielded, said or returned something else, would not stop, or left the program."""


class BadPrompt(AuthorError):
    """A prompt that cannot be asked: its key, its text or its choices are wrong."""


class UnstorableValue(AuthorError):
    """An answer, or a value of the session, that cannot be written down and read back."""


class LimitExceeded(AuthorError):
    """A conversation has more entries, bytes or steps than its limits allow."""


class Diverged(AuthorError):
    """The code does not ask what the journal answers, and the flow has ``on_change="fail"``."""


class CallFailed(FlowError):
    """What a flow called did not succeed. Raised in the flow, which may catch it.

    Args:
        key: key of the call.
        name: name of the exception's class, ``"TimeoutError"`` for example; ``"Interrupted"`` where a process died.
        message: what it said.

    >>> error = CallFailed("pay", "Declined", "no money")
    >>> error.name, str(error)
    ('Declined', "call 'pay' failed: Declined: no money")
    """

    def __init__(self, key: str, name: str, message: str) -> None:
        super().__init__(key, name, message)
        self.key = key
        self.name = name
        self.message = message

    def __str__(self) -> str:
        return f"call {self.key!r} failed: {self.name}{': ' if self.message else ''}{self.message}"


class TooManyAttempts(FlowError):
    """A question was answered wrongly as often as it may be. Raised in the flow, which may catch it.

    Args:
        key: key of the prompt.
        attempts: how often it was answered.
    """

    def __init__(self, key: str, attempts: int) -> None:
        super().__init__(key, attempts)
        self.key = key
        self.attempts = attempts

    def __str__(self) -> str:
        return f"prompt {self.key!r} was answered wrongly {self.attempts} times"


class UserInputError(FlowError):
    """What came in from outside is wrong. The message may be shown to the sender."""

    status: ClassVar[int] = 400
    """The HTTP status to answer with."""


class BadPayload(UserInputError):
    """The request is not what the gateway documents; the message says where it differs."""


class MissingIdentifier(UserInputError):
    """Nothing in the request says whose session it is."""


class Unauthorized(UserInputError):
    """The key that the request must show is missing or wrong."""

    status = 401


class Forbidden(UserInputError):
    """The request does not prove that it comes from the gateway."""

    status = 403


class UnknownSession(UserInputError):
    """It answers in a session that is not there, where that shall not begin a conversation.

    Args:
        request_id: the gateway's own id of the session.
    """

    status = 404

    def __init__(self, request_id: str = "") -> None:
        super().__init__("the session is not known: it has expired, or never was")
        self.request_id = request_id


class Stalled(UserInputError):
    """The body of the request did not arrive in time."""

    status = 408


class PayloadTooLarge(UserInputError):
    """The body of the request is larger than any real one."""

    status = 413


class UnsupportedContent(UserInputError):
    """The request has another content type than the gateway sends."""

    status = 415


class StoreError(FlowError):
    """Sessions cannot be read or written. Nothing was shown, nothing is lost."""

    status: ClassVar[int] = 503
    """The HTTP status to answer with, where the sender delivers again."""


class StoreUnavailable(StoreError):
    """The cache did not answer in time, or refused."""


class UnreadableRecord(StoreError):
    """The cache holds something under the session's key that is not a record of this version."""
