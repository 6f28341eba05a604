"""Settings are looked at when they are given, so that a mistake does not wait for the first person who dials."""

from typing import TypeVar

from flowdsl.errors import ConfigurationError

__all__ = ["require", "seconds"]

T = TypeVar("T")


def require(setting: str, value: object, kind: type[T], example: str) -> T:
    """Make sure that a setting is of its kind.

    Args:
        setting: what it is called.
        value: what was given.
        kind: what it must be.
        example: how it is written.

    Returns:
        The value.

    Raises:
        ConfigurationError: it is something else.

    >>> require("screen", 120, dict, "screen={…}")
    Traceback (most recent call last):
        ...
    flowdsl.errors.ConfigurationError: the screen is 120: write screen={…}
    """
    if not isinstance(value, kind):
        found = f"the class {value.__name__} itself" if isinstance(value, type) else repr(value)
        raise ConfigurationError(f"the {setting} is {found}: write {example}")
    return value


def seconds(setting: str, value: float | None) -> float | None:
    """Make sure that a setting is a time.

    Args:
        setting: what it is called.
        value: what was given: seconds, or ``None`` for any time.

    Returns:
        The value.

    Raises:
        ConfigurationError: it is no positive number.
    """
    if value is not None and not (isinstance(value, int | float) and not isinstance(value, bool) and value > 0):
        raise ConfigurationError(f"the {setting} is {value!r}: give a positive number of seconds")
    return value
