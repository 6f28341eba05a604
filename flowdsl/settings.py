"""Settings are looked at when they are given, so that a mistake does not wait for the first person who dials."""

from math import isfinite
from typing import TypeVar

from flowdsl.errors import ConfigurationError

__all__ = ["count", "is_count", "is_time", "require", "seconds"]

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


def is_time(value: object) -> bool:
    """Tell whether a value is a number of seconds: positive, and not without end."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and value > 0


def seconds(setting: str, value: float) -> float:
    """Make sure that a setting is a time.

    Args:
        setting: what it is called.
        value: what was given.

    Returns:
        The value.

    Raises:
        ConfigurationError: it is no positive number.
    """
    if not is_time(value):
        raise ConfigurationError(f"the {setting} is {value!r}: give a positive number of seconds")
    return value


def is_count(value: object, least: int = 1) -> bool:
    """Tell whether a value is a whole number, and not less than another one."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def count(setting: str, value: int) -> int:
    """Make sure that a setting is a whole number from 1 on.

    Args:
        setting: what it is called.
        value: what was given.

    Returns:
        The value.

    Raises:
        ConfigurationError: it is something else.

    >>> count("limit of calls", 0)
    Traceback (most recent call last):
        ...
    flowdsl.errors.ConfigurationError: the limit of calls is 0: give a number from 1 on
    """
    if not is_count(value):
        raise ConfigurationError(f"the {setting} is {value!r}: give a number from 1 on")
    return value
