"""Dates, as people type them."""

import re
from datetime import date
from functools import lru_cache
from typing import Final

from flowdsl.answers.parser import Limited, Parser, Template, keyed, require_order
from flowdsl.errors import ConfigurationError
from flowdsl.texts import Text

__all__ = ["MESSAGES", "day"]

_DATE: Final = Limited(
    "Please enter a date such as {example}.",
    "Please enter a date, {least} or later.",
    "Please enter a date, {most} or earlier.",
    "Please enter a date from {least} to {most}.",
)

MESSAGES: Final = tuple(_DATE)
"""What this parser says, for catalogues."""


class _Day(Parser[date], frozen=True, kw_only=True):
    pattern: str
    earliest: date | None
    latest: date | None
    years: int | None

    def _read(self, text: str) -> date | None:
        text = keyed(text)
        found = next(filter(None, (re.fullmatch(form, text) for form in _forms(self.pattern, self.years is not None))), None)
        if found is None:
            return None
        try:
            value = date(self._year(found["y"]), int(found["m"]), int(found["d"]))
        except ValueError:
            return None
        return value if (self.earliest or value) <= value <= (self.latest or value) else None

    def _year(self, digits: str) -> int:
        year = int(digits)
        return self.years + (year - self.years) % 100 if self.years is not None and len(digits) == 2 else year

    def _written(self, value: date) -> str:
        parts = {"d": f"{value.day:02}", "m": f"{value.month:02}", "y": f"{value.year:04}"}
        return "".join(parts.get(each, each) for each in self.pattern)

    def _asks(self) -> Template:
        if self.earliest is None and self.latest is None:
            return Template(_DATE.free, example=self._written(date(1990, 12, 31)))
        limits = (None if limit is None else self._written(limit) for limit in (self.earliest, self.latest))
        return _DATE.within(*limits)


@lru_cache(maxsize=64)
def _forms(pattern: str, short: bool) -> tuple[str, ...]:
    """List how a date of a pattern may be typed: with something between the numbers, and without."""
    if not re.fullmatch(r"[dmy]([-/. ])[dmy]\1[dmy]", pattern) or len(set(pattern)) < len("dmy/"):
        raise ConfigurationError(f"the pattern of a date is {pattern!r}: write 'd/m/y', 'm/d/y' or 'y-m-d'")
    year = "[0-9]{4}|[0-9]{2}" if short else "[0-9]{4}"
    apart = {"d": "(?P<d>[0-9]{1,2})", "m": "(?P<m>[0-9]{1,2})", "y": f"(?P<y>{year})"}
    joined = {"d": "(?P<d>[0-9]{2})", "m": "(?P<m>[0-9]{2})", "y": f"(?P<y>{year})"}
    first, second, third = tuple(pattern[::2])
    return (
        f"{apart[first]} ?(?P<between>[-/. ]) ?{apart[second]} ?(?P=between) ?{apart[third]}",
        joined[first] + joined[second] + joined[third],
    )


def day(
    pattern: str = "d/m/y",
    *,
    earliest: date | None = None,
    latest: date | None = None,
    short_years: int | None = None,
    wrong: Text | None = None,
) -> Parser[date]:
    """Read a date: ``1/2/1990``, ``01-02-1990``, ``01.02.1990``, ``1 2 1990`` or ``01021990``.

    A flow must not read the clock: for a limit such as today take it from ``chat.timestamp``.

    Args:
        pattern: the order of day, month and year, and what messages have between them: ``"d/m/y"``, ``"m/d/y"``,
            ``"y-m-d"``.
        earliest: the first date that is taken.
        latest: the last date that is taken.
        short_years: the first of the hundred years that two digits can mean: with 1930, ``30`` is 1930 and ``29``
            is 2029. Years have four digits unless given.
        wrong: what to say instead of the parser's own message.

    Raises:
        ConfigurationError: there is no such date, or no such pattern.

    >>> day()("1/2/1990"), day("m/d/y")("1/2/1990"), day(short_years=1930)("010290")
    (datetime.date(1990, 2, 1), datetime.date(1990, 1, 2), datetime.date(1990, 2, 1))
    >>> day(latest=date(2008, 12, 31))("1/2/2020")
    Traceback (most recent call last):
    ValueError: Please enter a date, 31/12/2008 or earlier.
    """
    for limit in (earliest, latest):
        # A datetime is a date, too, but cannot be compared with one.
        if limit is not None and limit.__class__ is not date:
            raise ConfigurationError(f"a limit is {limit!r}: give a date")
    if short_years is not None and (short_years.__class__ is not int or not 1 <= short_years <= 9900):
        raise ConfigurationError(f"short years begin with {short_years!r}: give a year with its four digits")
    if not isinstance(pattern, str):
        raise ConfigurationError(f"the pattern of a date is {pattern!r}, which is not a text")
    require_order(earliest, latest)
    _forms(pattern, short_years is not None)
    return _Day(pattern=pattern, earliest=earliest, latest=latest, years=short_years, wrong=wrong)
