"""Numbers and amounts of money, as people in many countries type them."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal, TypeAlias, TypeVar

from flowdsl.answers.parser import Limited, Parser, Template, keyed, require_order, texts_of
from flowdsl.errors import ConfigurationError
from flowdsl.texts import Text

__all__ = ["MESSAGES", "Point", "decimal", "money", "whole"]

N = TypeVar("N", int, Decimal)

Point: TypeAlias = Literal[".", ","]
"""The mark before decimals."""

_WHOLE: Final = Limited(
    "Please enter a whole number.",
    "Please enter a whole number of at least {least}.",
    "Please enter a whole number of at most {most}.",
    "Please enter a whole number from {least} to {most}.",
)
_NUMBER: Final = Limited(
    "Please enter a number.",
    "Please enter a number of at least {least}.",
    "Please enter a number of at most {most}.",
    "Please enter a number from {least} to {most}.",
)
_AMOUNT: Final = Limited(
    "Please enter an amount.",
    "Please enter an amount of at least {least}.",
    "Please enter an amount of at most {most}.",
    "Please enter an amount from {least} to {most}.",
)
_THOUSANDS: Final = "Please leave out the comma or point between thousands."
_NO_DECIMALS: Final = "Please enter it without decimals."
_FEWER_DECIMALS: Final = "Please enter it with fewer decimals, such as {example}."
_OTHER_MARK: Final = "Please enter decimals as in {example}."

MESSAGES: Final = (*_WHOLE, *_NUMBER, *_AMOUNT, _THOUSANDS, _NO_DECIMALS, _FEWER_DECIMALS, _OTHER_MARK)
"""What these parsers say, for catalogues."""

# Sums of Decimal keep 28 digits, and would round longer numbers silently.
_DIGITS: Final = 28

# Compiled when the first number is read.
_GROUPED: Final = (
    r"(?P<whole>(?!0+[^0-9])[0-9]{1,3}(?P<between>[ '.,])[0-9]{3}(?:(?P=between)[0-9]{3})*)"
    r"(?:(?!(?P=between))(?P<mark>[.,])(?P<decimals>[0-9]+))?"
)
_PLAIN: Final = r"(?=.*[0-9])(?P<whole>[0-9]*)(?:(?P<mark>[.,])(?P<decimals>[0-9]+))?"

# After a number these are thousands and millions, and not the currencies of Zambia and Lesotho.
_MULTIPLES: Final = frozenset({"k", "m"})


class _Numeric(Parser[N], frozen=True, kw_only=True):
    least: N | None
    most: N | None
    point: Point | None = None
    places: int | None = None

    def _parts(self, text: str, places: int = 0) -> tuple[str, str] | None:
        """Split a number into its whole part, with its sign, and its decimals, filled up to so many places."""
        sign = text[:1] if text[:1] in ("+", "-") else ""
        text = text[len(sign) :].lstrip(" ")
        found = self._grouped(text) or re.fullmatch(_PLAIN, text)
        if found is None:
            return None
        if self.point is not None and found["mark"] not in (None, self.point):
            raise self._refused(self._decimals(_OTHER_MARK))
        digits, decimals = re.sub(r"[^0-9]", "", found["whole"]).lstrip("0"), (found["decimals"] or "").ljust(places, "0")
        if len(digits + decimals) > _DIGITS:
            return None
        negative = sign == "-" and (digits + decimals).strip("0")
        return f"{'-' if negative else ''}{digits or 0}", decimals

    def _grouped(self, text: str) -> re.Match[str] | None:
        found = re.fullmatch(_GROUPED, text)
        if found is None or found["between"] == self.point:
            return None
        # In Accra 1,000 is a thousand and 1.000 is one; in São Paulo it is the other way round.
        if self.point is None and not found["mark"] and found["between"] in ".," and len(found["whole"]) < len("1,000,000"):
            raise self._refused(Template(_THOUSANDS))
        return found

    def _decimals(self, message: str) -> Template:
        places = 2 if self.places is None else self.places
        return Template(message, example=f"1{self.point or '.'}{'5' * places}") if places else Template(_NO_DECIMALS)

    def _within(self, value: N) -> N | None:
        return value if (self.least is None or self.least <= value) and (self.most is None or value <= self.most) else None

    def _shown(self, limit: N | None) -> str | None:
        return None if limit is None else self._written(limit)


class _Whole(_Numeric[int], frozen=True, kw_only=True):
    def _read(self, text: str) -> int | None:
        parts = self._parts(keyed(text))
        return None if parts is None or parts[1] else self._within(int(parts[0]))

    def _asks(self) -> Template:
        return _WHOLE.within(self._shown(self.least), self._shown(self.most))


class _Decimal(_Numeric[Decimal], frozen=True, kw_only=True):
    def _read(self, text: str) -> Decimal | None:
        return self._amount(keyed(text))

    def _amount(self, text: str, places: int = 0) -> Decimal | None:
        parts = self._parts(text, places)
        if parts is None:
            return None
        number, decimals = parts
        if self.places is not None and len(decimals) > self.places:
            raise self._refused(self._decimals(_FEWER_DECIMALS))
        return self._within(Decimal(f"{number}.{decimals}"))

    def _written(self, value: Decimal) -> str:
        number, mark, decimals = f"{value:f}".partition(".")
        # As "1.234" it would be a thousand elsewhere.
        if self.point is None and len(decimals) == len("234") and len(number.lstrip("-")) < len("1234") and number.strip("-0"):
            decimals += "0"
        return number + (mark and (self.point or mark)) + decimals

    def _asks(self) -> Template:
        return _NUMBER.within(self._shown(self.least), self._shown(self.most))


class _Money(_Decimal, frozen=True, kw_only=True):
    names: tuple[str, ...]
    positive: bool

    def _read(self, text: str) -> Decimal | None:
        text = keyed(text).casefold()
        names = _by_length(self.names)
        before = next((name for name in names if text.startswith(name)), "")
        after = "" if before else next((name for name in names if text.endswith(name) and name not in _MULTIPLES), "")
        number = text.removeprefix(before).removesuffix(after).strip(" ")
        # "Ksh.50" is hardly half a shilling.
        return None if before and number.startswith((".", ",")) else self._amount(number, self.places or 0)

    def _shown(self, limit: Decimal | None) -> str | None:
        return None if limit is None else " ".join([*self.names[:1], self._written(limit)])

    def _asks(self) -> Template:
        return _AMOUNT.within(None if self.positive else self._shown(self.least), self._shown(self.most))


def whole(least: int | None = None, most: int | None = None, *, wrong: Text | None = None) -> Parser[int]:
    """Read a whole number of at most 28 digits.

    Thousands may be apart where that can only mean thousands: ``1 000`` and ``1,000,000`` are read, ``1,000`` is not.

    Args:
        least: the smallest that is taken.
        most: the largest that is taken.
        wrong: what to say instead of the parser's own messages.

    Raises:
        ConfigurationError: there is no such number.

    >>> whole(18, 120)("40")
    40
    >>> whole(18, 120)("4")
    Traceback (most recent call last):
    ValueError: Please enter a whole number from 18 to 120.
    """
    for limit in (least, most):
        if limit is not None and (limit.__class__ is not int or abs(limit) >= 10**_DIGITS):
            raise ConfigurationError(f"a limit is {limit!r}: give a whole number of at most {_DIGITS} digits")
    require_order(least, most)
    return _Whole(least=least, most=most, wrong=wrong)


def decimal(
    least: Decimal | int | None = None,
    most: Decimal | int | None = None,
    *,
    places: int | None = None,
    point: Point | None = None,
    wrong: Text | None = None,
) -> Parser[Decimal]:
    """Read a number with decimals, of at most 28 digits, exactly as it was typed.

    Either mark may stand before decimals, and thousands may be apart. What can be read in two ways is refused:
    ``1.000`` and ``1,000``, until ``point`` says which one is a thousand.

    Args:
        least: the smallest that is taken.
        most: the largest that is taken.
        places: how many decimals there may be; any number of them unless given.
        point: the only mark that may stand before decimals; the other one stands between thousands.
        wrong: what to say instead of the parser's own messages.

    Raises:
        ConfigurationError: there is no such number, or three places come without ``point``.

    >>> decimal()("2,50"), decimal()("1.000,5"), decimal(point=".")("1,000")
    (Decimal('2.50'), Decimal('1000.5'), Decimal('1000'))
    """
    _require_places(places, point)
    limits = (_limit(least, places), _limit(most, places))
    require_order(*limits)
    return _Decimal(least=limits[0], most=limits[1], places=places, point=point, wrong=wrong)


def money(
    currency: str | Sequence[str] = "",
    least: Decimal | int | None = None,
    most: Decimal | int | None = None,
    *,
    places: int = 2,
    point: Point | None = None,
    wrong: Text | None = None,
) -> Parser[Decimal]:
    """Read an amount of money; ``20`` becomes ``Decimal("20.00")``.

    Numbers are read as :func:`decimal` reads them. An amount that names another currency is refused.

    Args:
        currency: its name, or all names that people may type before or after the amount, such as
            ``("GHS", "GH₵", "₵", "cedis")``. Messages have the first one.
        least: the smallest that is taken; the smallest that is more than nothing unless given.
        most: the largest that is taken.
        places: how many decimals the currency has.
        point: the only mark that may stand before decimals; the other one stands between thousands.
        wrong: what to say instead of the parser's own messages.

    Raises:
        ConfigurationError: there is no such amount, a currency has digits or no letters, or three places come
            without ``point``.

    >>> money("GHS")("GHS20"), money("GHS", point=".")("1,000 ghs")
    (Decimal('20.00'), Decimal('1000.00'))
    >>> money("GHS", 1, 500)("USD 20")
    Traceback (most recent call last):
    ValueError: Please enter an amount from GHS 1 to GHS 500.
    """
    _require_places(places, point)
    if places is None:
        raise ConfigurationError("an amount of money has a number of places: give 2, or 0")
    names = texts_of([currency] if isinstance(currency, str) else currency, "names of the currency") if currency != "" else ()
    _by_length(names)
    limits = (Decimal((0, (1,), -places)) if least is None else _limit(least, places), _limit(most, places))
    require_order(*limits)
    return _Money(least=limits[0], most=limits[1], places=places, point=point, names=names, positive=least is None, wrong=wrong)


def _require_places(places: int | None, point: str | None) -> None:
    if point not in (None, ".", ","):
        raise ConfigurationError(f"the mark before decimals is {point!r}: it can be '.' or ','")
    if places is not None and (places.__class__ is not int or not 0 <= places < _DIGITS):
        raise ConfigurationError(f"the number of places is {places!r}: it can be from 0 to {_DIGITS - 1}")
    if places == len("000") and point is None:
        raise ConfigurationError("three decimals look like thousands: say which mark stands before decimals, such as point='.'")


def _limit(limit: Decimal | int | None, places: int | None) -> Decimal | None:
    if limit is None:
        return None
    if limit.__class__ not in (int, Decimal):
        raise ConfigurationError(f"a limit is {limit!r}: give a whole number or a Decimal")
    value = Decimal(limit)
    exponent = value.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    # It must be an answer itself, or nothing may be left between it and the other one.
    if not value.is_finite() or decimals > (_DIGITS if places is None else places):
        raise ConfigurationError(f"the limit {limit} is no number, or has more decimals than an answer can have")
    if max(value.adjusted() + 1, 0) + max(decimals, places or 0) > _DIGITS:
        raise ConfigurationError(f"the limit {limit} has more than {_DIGITS} digits")
    return value


@lru_cache(maxsize=256)
def _by_length(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not name.strip("+-., '") or re.search(r"\d", name) or name != name.strip():
            raise ConfigurationError(f"a name of the currency is {name!r}: give letters or a symbol")
    spelt = {each.casefold() for name in names for each in (name, name.removesuffix("."))}
    return tuple(sorted(spelt, key=len, reverse=True))
