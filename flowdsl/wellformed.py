"""Whether a message is made of texts, which a codec may have read from anywhere. Pure."""

from operator import attrgetter
from typing import Final

from flowdsl.errors import BadPayload, ConfigurationError
from flowdsl.messages import History, Inbound

__all__ = ["require_texts"]

_NAMES: Final = ("text", "dialled", "request_id", "user_id", "msisdn", "message_id", "name", "locale")
_TEXTS: Final = attrgetter(*_NAMES)


def require_texts(inbound: Inbound) -> None:
    """Make sure that what should be a text is one, and that it can be written down.

    Args:
        inbound: the message.

    Raises:
        ConfigurationError: its codec gave something else.
        BadPayload: a text in it has half of a surrogate pair.
    """
    if not isinstance(inbound.text, str):
        raise ConfigurationError(f"the text of the message is {inbound.text!r}: give a text, which may be empty")
    try:
        for text in _TEXTS(inbound):
            if text is not None and not text.isascii():
                text.encode()
        if inbound.shortcut or inbound.history is not None:
            for text in _parts(inbound):
                text.encode()
    except AttributeError:
        wrong = {name: value for name, value in zip(_NAMES, _TEXTS(inbound), strict=True) if not isinstance(value, str | None)}
        raise ConfigurationError(f"the message has {wrong}: give texts, or None") from None
    except UnicodeEncodeError:
        # JSON can spell it, and no store can hold and no screen can show it.
        raise BadPayload("the message has half of a surrogate pair, which is no character") from None


def _parts(inbound: Inbound) -> tuple[str, ...]:
    shortcut, history = inbound.shortcut, inbound.history
    if not isinstance(shortcut, tuple) or not all(isinstance(part, str) for part in shortcut):
        raise ConfigurationError(f"the shortcut of the message is {shortcut!r}: give a tuple of texts, which may be empty")
    if history is None:
        return shortcut
    if not isinstance(history, History) or not isinstance(history.text, str):
        raise ConfigurationError(f"the history of the message is {history!r}: give a History with a text, or None")
    return (*shortcut, history.text)
