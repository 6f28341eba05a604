"""Parsers of answers: what people type is read as meant, or refused; never misread, never an error of another kind."""

import hashlib
import hmac
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from decimal import Context, Decimal, Inexact, localcontext
from typing import Any

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowdsl import Prompt, Steps, answers, flow
from flowdsl.answers import MESSAGES, Parser, Template
from flowdsl.answers.wording import _EDGES
from flowdsl.errors import BadPrompt, ConfigurationError
from flowdsl.interpreter import play
from flowdsl.phone import e164
from flowdsl.texts import plain, translate, translator
from flowdsl.verdict import Accepted, Rejected, verdict

CEDIS = ("GHS", "GH₵", "₵", "cedis")
GHANA = answers.money(CEDIS, point=".")
BRAZIL = answers.money(("R$", "reais"), point=",")
KENYA = answers.money(("KES", "Ksh.", "/-", "/="))


def refusal(parser: Callable[[str], Any], text: str) -> str:
    """Give what the person reads when a text is refused."""
    with pytest.raises(ValueError) as caught:
        parser(text)
    # What was typed may be a secret, and a traceback shows what an error came from.
    assert (caught.value.__cause__, caught.value.__context__, len(caught.value.args)) == (None, None, 1)
    return plain(caught.value.args[0])


READ: list[tuple[Parser[Any], str, Any]] = [
    *[
        (answers.whole(), text, number)
        for text, number in [
            ("40", 40),
            (" 40\n", 40),
            ("\t40", 40),
            ("007", 7),
            ("000", 0),
            ("-0", 0),
            ("+5", 5),
            ("-5", -5),
            ("− 5", -5),
            ("18.", 18),
            ("１２", 12),
            ("١٢", 12),
            ("१२", 12),
            ("1٢３", 123),
            ("\u200f12\u200f", 12),
            ("\u202a12\u202c", 12),
            ("1 000", 1000),
            ("1\u202f000", 1000),
            ("1'000", 1000),
            ("1,000,000", 1_000_000),
            ("1.000.000", 1_000_000),
            ("9" * 28, int("9" * 28)),
            ("0" * 500 + "5", 5),
        ]
    ],
    *[
        (answers.decimal(), text, Decimal(number))
        for text, number in [
            ("2", "2"),
            ("2.50", "2.50"),
            ("2,50", "2.50"),
            ("2.5.", "2.5"),
            (".5", "0.5"),
            (",5", "0.5"),
            ("-,5", "-0.5"),
            ("-0,00", "0.00"),
            ("0,500", "0.500"),
            ("0.125", "0.125"),
            ("1234.567", "1234.567"),
            ("1.000,50", "1000.50"),
            ("1,000.50", "1000.50"),
            ("1 000,5", "1000.5"),
            ("12.345.678", "12345678"),
            ("12.345.678,9", "12345678.9"),
            ("٣٫١٤", "3.14"),
            ("١٬٠٠٠٫٥", "1000.5"),
            ("１．５", "1.5"),
        ]
    ],
    (answers.decimal(point="."), "1.000", Decimal("1.000")),
    (answers.decimal(point="."), "1,000", Decimal(1000)),
    (answers.decimal(point=","), "1.000", Decimal(1000)),
    (answers.decimal(point=","), "1,000", Decimal("1.000")),
    (answers.decimal(places=3, point="."), "1.234", Decimal("1.234")),
    *[
        (GHANA, text, Decimal(number))
        for text, number in [
            ("20", "20.00"),
            ("GHS 20", "20.00"),
            ("GHS20", "20.00"),
            ("ghs20.5", "20.50"),
            ("20 GHS", "20.00"),
            ("20ghs.", "20.00"),
            ("20 cedis", "20.00"),
            ("20.50 Cedis.", "20.50"),
            ("₵5", "5.00"),
            ("gh₵ 5", "5.00"),
            ("1,000", "1000.00"),
            ("1,000,000.05", "1000000.05"),
            ("GHS 1,000.5", "1000.50"),
            ("0.01", "0.01"),
            (".50", "0.50"),
            ("\u2067₵５\u2069", "5.00"),
        ]
    ],
    *[
        (BRAZIL, text, Decimal(number))
        for text, number in [("R$ 20,50", "20.50"), ("1.000", "1000.00"), ("1.000,50", "1000.50"), ("r$1 000", "1000.00")]
    ],
    *[(KENYA, text, Decimal(50)) for text in ["50", "Ksh.50", "Ksh 50", "KSH. 50", "50 Ksh.", "50/-", "50/=", "kes50"]],
    (answers.money("K"), "K20", Decimal(20)),
    (answers.money(), "20.50", Decimal("20.50")),
    (answers.money(), "1.000,50", Decimal("1000.50")),
    (answers.money("UGX", places=0), "UGX 500.", Decimal(500)),
    (answers.money(least=0), "0", Decimal("0.00")),
    (answers.money(least=-5), "-5", Decimal(-5)),
    *[
        (answers.day(), text, date(1990, 2, 1))
        for text in [
            *("1/2/1990", "01-02-1990", "01.02.1990", "01021990", "1 2 1990", "1 / 2 / 1990", "１／２／１９９０", "١/٢/١٩٩٠"),
            *("1.2.1990.", "\u200f1/2/1990", "1–2–1990"),
        ]
    ],
    (answers.day("m/d/y"), "1/2/1990", date(1990, 1, 2)),
    (answers.day("y-m-d"), "19900201", date(1990, 2, 1)),
    (answers.day("y-m-d"), "1990/2/1", date(1990, 2, 1)),
    (answers.day(), "29/02/2000", date(2000, 2, 29)),
    (answers.day(short_years=1930), "1/2/30", date(1930, 2, 1)),
    (answers.day(short_years=1930), "010229", date(2029, 2, 1)),
    (answers.day(short_years=1930), "1/2/1829", date(1829, 2, 1)),
    *[
        (answers.phone("GH"), text, "+233244123456")
        for text in [
            *("0244123456", "024 412 3456", "024-412-3456", "(024) 412.3456", "244123456", "233244123456", "+233244123456"),
            *(
                "+233 (0)24 412 3456",
                "00233244123456",
                "\u202a+233 24 412 3456\u202c",
                "٠٢٤٤١٢٣٤٥٦",
                "０２４４１２３４５６",
                "0244123456.",
            ),
        ]
    ],
    *[
        (answers.phone("BR"), text, "+5511912345678")
        for text in ["11912345678", "(11) 91234-5678", "011912345678", "5511912345678", "+55 11 91234-5678"]
    ],
    (answers.phone("GH"), "+254712345678", "+254712345678"),
    (answers.phone("GH"), "541234567", "+233541234567"),
    (answers.phone("US"), "1 (415) 555-0123", "+14155550123"),
    (answers.phone("BR"), "55 99999-1234", "+5555999991234"),
    (answers.phone("gb"), "07700 900123", "+447700900123"),
    (answers.phone(), "233244123456", "+233244123456"),
    *[
        (answers.email(), text, address)
        for text, address in [
            ("ama@example.com", "ama@example.com"),
            (" Ama@Example.COM. ", "Ama@example.com"),
            ("a.b+c_d@mail.example.co.ke", "a.b+c_d@mail.example.co.ke"),
            ("ama１@example.com", "ama1@example.com"),
            ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
            ("a@" + "b" * 63 + ".gh", "a@" + "b" * 63 + ".gh"),
            ("a@" + "b." * 125 + "gh", "a@" + "b." * 125 + "gh"),
            ("a@4u.example", "a@4u.example"),
        ]
    ],
    *[(answers.yes_no(), text, True) for text in ["yes", "YES", " Yes. ", "y", "1", "１", "١", "\u200fyes"]],
    *[(answers.yes_no(), text, False) for text in ["no", "N", "2", "٢"]],
    (answers.yes_no(("sim", "s"), ("não", "n")), "NA\u0303O", False),
    *[(answers.pin(), text, "0042") for text in ["0042", " 0042\n", "００４２", "٠٠٤٢"]],
    (answers.pin(6), "123456", "123456"),
    *[
        (answers.words(), text, value)
        for text, value in [
            ("  Ama  ", "Ama"),
            ("\u200f عائشة \u200f", "عائشة"),
            ("Ama\r\nSerwaa", "Ama\nSerwaa"),
            ("A\x00ma\x07", "Ama"),
            ("\ud800Ama", "Ama"),
            ("Se\u0301", "Sé"),
            ("می\u200cخواهم", "می\u200cخواهم"),
            ("👩🏾\u200d🌾", "👩🏾\u200d🌾"),
        ]
    ],
    (answers.words(2, 2), "e\u0301e\u0301", "éé"),
    (answers.words(0), "  ", ""),
    (answers.one_of("Accra", "São Paulo"), " accra.", "Accra"),
    (answers.one_of("Accra", "São Paulo"), "SA\u0303O PAULO", "São Paulo"),
    (answers.one_of("No. 1.", "2"), "no. 1", "No. 1."),
    (answers.one_of("No. 1.", "2"), "２", "2"),
]


@pytest.mark.parametrize(("parser", "text", "value"), READ)
def test_what_people_type_is_read_as_meant(parser: Parser[Any], text: str, value: Any) -> None:
    """Blanks, digits of other scripts, separators and currencies are read; zeros at the end of an amount are those typed."""
    read = parser(text)
    assert (read, str(read), type(read)) == (value, str(parser(parser.format(read))), type(value))


@pytest.mark.parametrize(("text", "written"), [("2.50", "2.50"), ("2", "2"), ("-,5", "-0.5"), ("-0,0", "0.0"), ("1E5", None)])
def test_a_decimal_is_kept_as_it_was_typed(text: str, written: str | None) -> None:
    """Decimals are not rounded or cut, nothing is negative, and an amount of money has the decimals of its currency."""
    if written is None:
        assert refusal(answers.decimal(), text)
    else:
        assert str(answers.decimal()(text)) == written
    assert str(GHANA("GHS 1,000.5")) == "1000.50"


def numbers_of_the_world() -> Iterator[tuple[str, str, str]]:
    """List an example of each kind of number in each country: the country, E.164, and as it is written there."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                written, home = phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.NATIONAL
                yield region, phonenumbers.format_number(number, written), phonenumbers.format_number(number, home)


def test_numbers_of_every_country_are_read_as_they_are_written_there() -> None:
    """In each country people may leave out what is dialled first; with its code and no plus, a number is that one or none."""
    unread = []
    for region, written, home in numbers_of_the_world():
        at_home = answers.phone(region)
        bare = phonenumbers.national_significant_number(phonenumbers.parse(written))
        assert {at_home(written), at_home(home), at_home(bare), answers.phone()(written)} == {written}
        try:
            assert at_home(written[1:]) == written
        except ValueError:
            unread.append(written)
    assert len(unread) < 10


NUMBER = "Please enter a number."
FIRST, LAST = date(2000, 1, 2), date(2020, 12, 31)
THOUSANDS = "Please leave out the comma or point between thousands."
TO_ACCRA = "Please enter an amount from GHS 1 to GHS 500."

REFUSED: list[tuple[Parser[Any], str, str]] = [
    *[
        (answers.whole(), text, "Please enter a whole number.")
        for text in [
            *(
                "",
                " ",
                "\u200f",
                "ten",
                "5 6",
                "1e3",
                "0x1f",
                "1_000",
                "1.5",
                "1,5",
                "1.0",
                "--5",
                "5-",
                "+",
                "-",
                ".",
                "²",
                "½",
                "Ⅷ",
            ),
            *(
                "1²",
                "5️⃣",
                "12😀",
                "1 00",
                "1,00,000",
                "1 000,000",
                "5..",
                "\x005",
                "5\x00",
                "9" * 29,
                "5" * 500,
                "5\n6",
                "\u202e12",
            ),
        ]
    ],
    *[(answers.whole(), text, THOUSANDS) for text in ["1,000", "1.000", "12.345", "012,500"]],
    (answers.whole(18, 120), "17", "Please enter a whole number from 18 to 120."),
    (answers.whole(18, 120), "121", "Please enter a whole number from 18 to 120."),
    (answers.whole(18), "-18", "Please enter a whole number of at least 18."),
    (answers.whole(most=5), "6", "Please enter a whole number of at most 5."),
    *[
        (answers.decimal(), text, NUMBER)
        for text in [
            "",
            "nan",
            "NaN",
            "sNaN",
            "inf",
            "-Infinity",
            "1e5",
            "1..5",
            "1,5,",
            "1.5,5",
            "1,00,000",
            "1,0000,000",
            "²",
            ",",
        ]
    ],
    *[(answers.decimal(), text, THOUSANDS) for text in ["1,000", "1.000", "999.999", "-1,000", "١٫٥٠٠"]],
    (answers.decimal(), "0." + "1" * 29, NUMBER),
    (answers.decimal(0, Decimal("9.5"), point=","), "9,6", "Please enter a number from 0 to 9,5."),
    (answers.decimal(Decimal("0.5")), "0.4", "Please enter a number of at least 0.5."),
    (answers.decimal(most=-1), "0", "Please enter a number of at most -1."),
    (answers.decimal(places=0), "1.5", "Please enter it without decimals."),
    (answers.decimal(places=1), "1.55", "Please enter it with fewer decimals, such as 1.5."),
    (answers.decimal(places=1, point=","), "1.5", "Please enter decimals as in 1,5."),
    (answers.decimal(point=","), "1.5", "Please enter decimals as in 1,55."),
    *[
        (answers.money(CEDIS), text, "Please enter an amount.")
        for text in [
            *(
                "",
                "GHS",
                "0",
                "0.00",
                "-5",
                "USD 20",
                "R$ 20",
                "20 pesos",
                "twenty",
                "20k",
                "GHS GHS 20",
                "GHS 20 GHS",
                "GHS .50",
            ),
            *("20 cedis 50 pesewas", "20-30", "5/-", "20 50", "1e3", "½", "😀", "GHS 20😀", "1" * 27, "5" * 500),
        ]
    ],
    *[(answers.money(CEDIS), text, THOUSANDS) for text in ["1,000", "1.000", "20.500", "GHS 20,500"]],
    (answers.money(CEDIS), "20.5555", "Please enter it with fewer decimals, such as 1.55."),
    (answers.money(CEDIS), "0.001", "Please enter it with fewer decimals, such as 1.55."),
    (GHANA, "1.000", "Please enter it with fewer decimals, such as 1.55."),
    (GHANA, "20,50", "Please enter decimals as in 1.55."),
    (GHANA, "1.000,50", "Please enter an amount."),
    (BRAZIL, "20.50", "Please enter decimals as in 1,55."),
    (BRAZIL, "1,000", "Please enter it with fewer decimals, such as 1,55."),
    (answers.money("K"), "20K", "Please enter an amount."),
    (answers.money("UGX", places=0), "500.5", "Please enter it without decimals."),
    (answers.money(CEDIS, 1, 500), "501", TO_ACCRA),
    (answers.money(CEDIS, 1, 500), "0.99", TO_ACCRA),
    (answers.money("GHS", 5), "4", "Please enter an amount of at least GHS 5."),
    (answers.money(most=5, least=-5), "6", "Please enter an amount from -5 to 5."),
    (answers.money("GHS", most=5), "6", "Please enter an amount of at most GHS 5."),
    *[
        (answers.day(), text, "Please enter a date such as 31/12/1990.")
        for text in [
            *("", "1/2/90", "010290", "1/2/990", "1/2/19900", "31/02/1990", "29/02/1900", "1/13/1990", "0/1/1990", "1/0/1990"),
            *("1/1/0000", "1/2-1990", "1990-02-01", "19900201", "1021990", "1/2", "1//2/1990", "1 Feb 1990", "today", "²/2/1990"),
            *("1/2/1990 10:00", "-1/2/1990", "001/2/1990", "1\n2\n1990", "9" * 500),
        ]
    ],
    (answers.day("y-m-d"), "31/12/1990", "Please enter a date such as 1990-12-31."),
    (answers.day("m/d/y"), "31/12/1990", "Please enter a date such as 12/31/1990."),
    (answers.day(earliest=FIRST), "1/1/2000", "Please enter a date, 02/01/2000 or later."),
    (answers.day(latest=LAST), "1/1/2021", "Please enter a date, 31/12/2020 or earlier."),
    (answers.day("d.m.y", earliest=FIRST, latest=LAST), "1/1/2021", "Please enter a date from 02.01.2000 to 31.12.2020."),
    *[
        (answers.phone("GH"), text, "Please enter a phone number, best with + and the country's code.")
        for text in [
            *(
                "",
                "0",
                "12345",
                "02441234",
                "0244123456789012",
                "254712345678",
                "0244123456/0201234567",
                "024412345O",
                "++233244123456",
            ),
            *("+233²44123456", "tel:0244123456", "0244123456\n0244999999", "9" * 500, "NALOTEST", "😀"),
        ]
    ],
    # Of two countries, or of one town only.
    (answers.phone("DE"), "4915123456789", "Please enter a phone number, best with + and the country's code."),
    (answers.phone("US"), "555-0123", "Please enter a phone number, best with + and the country's code."),
    (answers.phone(), "+15550123", "Please enter a phone number with its country's code, such as +233244123456."),
    (answers.phone(), "0244123456", "Please enter a phone number with its country's code, such as +233244123456."),
    *[
        (answers.email(), text, "Please enter an e-mail address such as name@example.com.")
        for text in [
            *("", "ama", "ama@", "@example.com", "ama@example", "a b@example.com", "ama@exa mple.com", "a@@b.com", "a@b@c.com"),
            *(".a@b.com", "a.@b.com", "a..b@c.com", "a@.com", "a@b..com", "a@-b.com", "a@b-.com", "a@b.c_m", "a@10.0.0.1"),
            *(
                '"a b"@c.com',
                "a@[10.0.0.1]",
                "Ama <ama@b.com>",
                "mailto:a@b.com",
                "a@b.com\nc@d.com",
                "a@é.com",
                "é@b.com",
                "＠b.com",
            ),
            *("a" * 65 + "@b.com", "a@" + "b" * 64 + ".com", "a@" + "b." * 126 + "gh", "a@b.com, c@d.com", "\x00a@b.com"),
        ]
    ],
    *[(answers.yes_no(), text, "Please enter yes or no.") for text in ["", ".", "maybe", "yes no", "3", "²", "ye", "1.0"]],
    (answers.yes_no(["Aane"], ["Daabi"]), "yes", "Please enter Aane or Daabi."),
    *[
        (answers.pin(), text, "Please enter a PIN of 4 digits.")
        for text in ["", "123", "12345", "12 34", "12.4", "-123", "12a4", "²²²²", "½½½½", "1234\x00", "1" * 500]
    ],
    (answers.words(), " \t\u200f\u3000\n", "Please enter a text."),
    (answers.words(), "\x00\ud800", "Please enter a text."),
    (answers.words(2), "A", "Please enter at least 2 characters."),
    (answers.words(most=3), "Abena", "Please enter at most 3 characters."),
    (answers.words(most=3), "", "Please enter at most 3 characters."),
    (answers.words(2, 3), "Abena", "Please enter from 2 to 3 characters."),
    *[(answers.one_of("S", "M", "L"), text, "Please enter one of these: S, M, L.") for text in ["", "XL", "S M", "1", "S, M"]],
]


@pytest.mark.parametrize(("parser", "text", "message"), REFUSED)
def test_what_cannot_be_meant_is_refused(parser: Parser[Any], text: str, message: str) -> None:
    """What has no meaning, or more than one, is refused by a sentence that says what to enter, with the limits in it."""
    assert refusal(parser, text) == message


def test_every_message_is_in_the_catalogue() -> None:
    """What is refused above is refused by each of the messages for translators, and by no other one."""
    said = set()
    for parser, text, _ in REFUSED:
        with pytest.raises(ValueError) as caught:
            parser(text)
        said.add(caught.value.args[0].message)
    assert said == set(MESSAGES)
    assert len(said) == len(MESSAGES)


LEAST, MOST = Decimal("-9.5"), Decimal(10) ** 9

LAWS: dict[str, tuple[Parser[Any], st.SearchStrategy[Any]]] = {
    "whole": (answers.whole(), st.integers(-(10**28) + 1, 10**28 - 1)),
    "whole within": (answers.whole(-5, 10**6), st.integers(-5, 10**6)),
    "decimal": (answers.decimal(), st.decimals(-(10**19), 10**19, places=8) | st.decimals(-(10**24), 10**24, places=3)),
    "decimal within": (answers.decimal(LEAST, MOST, places=2), st.decimals(LEAST, MOST, places=2)),
    "decimal point": (answers.decimal(point="."), st.decimals(-(10**24), 10**24, places=3)),
    "decimal comma": (answers.decimal(places=3, point=","), st.decimals(-(10**24), 10**24, places=3)),
    "money": (answers.money(CEDIS), st.decimals(Decimal("0.01"), 10**20, places=2)),
    "money comma": (BRAZIL, st.decimals(Decimal("0.01"), 10**20, places=2)),
    "money within": (answers.money("K", 5, 500, places=0), st.decimals(5, 500, places=0)),
    "day": (answers.day(), st.dates()),
    "day within": (answers.day("y-m-d", earliest=FIRST, latest=LAST), st.dates(FIRST, LAST)),
    "day short": (answers.day("m d y", short_years=1930), st.dates()),
    "phone": (answers.phone(), st.from_regex(r"\+23324[0-9]{7}|\+5511[0-9]{8}|\+1415[0-9]{7}", fullmatch=True)),
    "phone at home": (answers.phone("GH"), st.from_regex(r"\+23324[0-9]{7}|\+254[17][0-9]{8}", fullmatch=True)),
    "email": (
        answers.email(),
        st.from_regex(
            r"[a-zA-Z0-9!+_-]{1,20}(\.[a-z0-9]{1,9})?@([a-z]([a-z0-9-]{0,9}[a-z0-9])?\.){1,4}[a-z]{2,9}", fullmatch=True
        ),
    ),
    "yes_no": (answers.yes_no(), st.booleans()),
    "pin": (answers.pin(6), st.from_regex(r"[0-9]{6}", fullmatch=True)),
    "words": (answers.words(2, 20), st.text(st.characters(categories=["L", "N"]), min_size=2, max_size=6).map(answers.words(0))),
    "one_of": (answers.one_of("Accra", "São Paulo", "Straße"), st.sampled_from(["Accra", "São Paulo", "Straße"])),
}
BOUNDS: dict[str, Callable[[Any], bool]] = {
    "whole": lambda value: type(value) is int and abs(value) < 10**28,
    "whole within": lambda value: type(value) is int and -5 <= value <= 10**6,
    "decimal": lambda value: value.is_finite() and len(value.as_tuple().digits) <= 28,
    "decimal within": lambda value: LEAST <= value <= MOST and value.as_tuple().exponent >= -2,
    "decimal point": lambda value: value.is_finite(),
    "decimal comma": lambda value: value.as_tuple().exponent >= -3,
    "money": lambda value: value > 0 and value.as_tuple().exponent == -2 and len(value.as_tuple().digits) <= 28,
    "money comma": lambda value: value > 0 and value.as_tuple().exponent == -2,
    "money within": lambda value: 5 <= value <= 500 and value.as_tuple().exponent == 0,
    "day": lambda value: type(value) is date,
    "day within": lambda value: FIRST <= value <= LAST,
    "day short": lambda value: type(value) is date,
    "phone": lambda value: e164(value) == value,
    "phone at home": lambda value: e164(value) == value,
    "email": lambda value: value.count("@") == 1 and len(value) <= 254 and value.isascii() and not re.search(r"\s", value),
    "yes_no": lambda value: type(value) is bool,
    "pin": lambda value: re.fullmatch("[0-9]{6}", value) is not None,
    "words": lambda value: 2 <= len(value) <= 20 and value == value.strip() and value.encode() != b"",
    "one_of": lambda value: value in ("Accra", "São Paulo", "Straße"),
}
EVERY = pytest.mark.parametrize("kind", LAWS)

KEYS = st.text(st.sampled_from("0123456789012345678901234567890.,-+ '/:@aksGH₵²½１٢٣٫٬\u200f\u202e\n\x00😀eExnN_"), max_size=14)
TYPED = (
    KEYS
    | st.text()
    | st.from_regex(r"[-+]?[0-9]{1,4}([.,][0-9]{2,4}){0,3}", fullmatch=True)
    | st.text("0123456789", max_size=600)
)


@EVERY
@given(data=st.data())
@settings(deadline=None)
def test_what_is_written_is_read_as_the_same_value(kind: str, data: st.DataObject) -> None:
    """A value that the parser can give is written as a person types it, and read as that value."""
    parser, values = LAWS[kind]
    value = data.draw(values)
    read = parser(parser.format(value))
    assert (read, type(read)) == (value, type(value))
    assert BOUNDS[kind](read)


@EVERY
@given(text=TYPED)
@example(text="")
@example(text="\ud800")
@settings(deadline=None, max_examples=200)
def test_any_text_is_a_promised_value_or_refused_by_a_sentence(kind: str, text: str) -> None:
    """Nothing that is typed makes another error, and what was read once is read the same when it is written again."""
    parser, _ = LAWS[kind]
    try:
        value = parser(text)
    except ValueError as error:
        assert plain(error.args[0]).startswith("Please ")  # noqa: PT017
        assert error.__context__ is None  # noqa: PT017
    else:
        assert BOUNDS[kind](value)
        written = parser.format(value)
        assert (parser(written), parser.format(parser(written))) == (value, written)


def readings(text: str) -> set[Decimal]:
    """Read a number in Accra and in São Paulo, in the plainest way there is."""
    found = set()
    for thousands, point in (",.", ".,"):
        thousands, point = re.escape(thousands), re.escape(point)
        if re.fullmatch(
            rf"[-+]?(?!0+{thousands})[0-9]{{1,3}}({thousands}[0-9]{{3}})+({point}[0-9]+)?|[-+]?[0-9]*({point}[0-9]+)?", text
        ):
            found.add(Decimal(re.sub(point, ".", re.sub(thousands, "", text))))
    return found


@given(st.from_regex(r"[-+]?[0-9]{0,4}([.,][0-9]{1,4}){1,3}", fullmatch=True))
@settings(deadline=None, max_examples=1000)
@example("1,000")
@example("1.000.000,00")
def test_no_number_is_read_that_has_two_meanings(text: str) -> None:
    """What means two numbers in two countries is refused; what is read is what it means in one of them, or in both."""
    meant = readings(text)
    for parser in (answers.decimal(), answers.money(least=-(10**9)), answers.money(CEDIS, least=-(10**9), places=4)):
        try:
            assert {parser(text)} == meant
        except ValueError:
            assert parser.places is not None or len(meant) != 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("point", [".", ","])
@given(text=st.from_regex(r"[0-9]{0,4}([.,][0-9]{1,4}){0,3}", fullmatch=True))
@settings(deadline=None, max_examples=300)
def test_with_a_point_a_number_means_what_it_means_there(point: Any, text: str) -> None:
    """Once the mark before decimals is known, nothing is read as in another country."""
    there = text if point == "." else text.translate(str.maketrans(".,", ",."))
    try:
        value = answers.decimal(point=point)(text)
    except ValueError:
        assert not re.fullmatch(r"[0-9]+(\.[0-9]+)?", there)
    else:
        assert value == Decimal(there.replace(",", ""))


def test_arithmetic_settings_make_no_difference() -> None:
    """An amount is read exactly, whatever precision and traps a program has set for its own sums."""
    with localcontext(Context(prec=3, traps=[Inexact])):
        assert str(answers.money("GHS", 1, Decimal("99999.99"))("12345.6")) == "12345.60"
        assert str(answers.decimal()("-1234567,25")) == "-1234567.25"


@pytest.mark.parametrize(
    ("parser", "value"),
    [
        (answers.whole(1, 5), 6),
        (answers.whole(), True),
        (answers.whole(), 10**28),
        (answers.decimal(), Decimal("nan")),
        (answers.decimal(), Decimal("sNaN")),
        (answers.decimal(places=2), Decimal("0.005")),
        (answers.money(), Decimal(0)),
        (answers.day(earliest=FIRST), date(1990, 1, 1)),
        (answers.phone(), "0244123456"),
        (answers.email(), "ama"),
        (answers.pin(), "12345"),
        (answers.words(), " Ama"),
        (answers.one_of("S", "M"), "s"),
    ],
)
def test_a_value_that_is_no_answer_is_not_written(parser: Parser[Any], value: Any) -> None:
    """Writing never gives what would be read as something else, and its error holds no value."""
    with pytest.raises(ValueError, match=r"^the parser never gives this value$"):
        parser.format(value)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: answers.whole(5, 4), "nothing is from 5 to 4"),
        (lambda: answers.whole(0.5), "a limit is 0.5"),  # type: ignore[arg-type]
        (lambda: answers.whole(True), "a limit is True"),
        (lambda: answers.whole(most=10**28), "at most 28 digits"),
        (lambda: answers.decimal(0.1), "a limit is 0.1"),  # type: ignore[arg-type]
        (lambda: answers.decimal(Decimal("nan")), "no number"),
        (lambda: answers.decimal(most=Decimal("Infinity")), "no number"),
        (lambda: answers.decimal(most=Decimal("sNaN")), "no number"),
        (lambda: answers.decimal(most=Decimal("1e999999")), "28 digits"),
        (lambda: answers.decimal(most=10**27, places=2), "28 digits"),
        (lambda: answers.decimal(Decimal("1e-999999")), "more decimals"),
        (lambda: answers.decimal(Decimal("0.001"), Decimal("0.009"), places=2), "more decimals"),
        (lambda: answers.decimal(2, Decimal("1.5")), "nothing is from 2 to 1.5"),
        (lambda: answers.decimal(places=-1), "number of places is -1"),
        (lambda: answers.decimal(places=28), "number of places is 28"),
        (lambda: answers.decimal(places=2.0), "number of places is 2.0"),  # type: ignore[arg-type]
        (lambda: answers.decimal(places=3), "three decimals look like thousands"),
        (lambda: answers.decimal(point=";"), "';': it can be"),  # type: ignore[arg-type]
        (lambda: answers.money(places=None), "number of places: give 2"),  # type: ignore[arg-type]
        (lambda: answers.money(places=3), "three decimals look like thousands"),
        (lambda: answers.money(most=0), "nothing is from 0.01 to 0"),
        (lambda: answers.money(["GHS", ""]), "a name of the currency is ''"),
        (lambda: answers.money(" GHS"), "a name of the currency is ' GHS'"),
        (lambda: answers.money("-"), "a name of the currency is '-'"),
        (lambda: answers.money("F1"), "a name of the currency is 'F1'"),
        (lambda: answers.money(["GHS", 5]), "the names of the currency are"),  # type: ignore[list-item]
        (lambda: answers.money(5), "the names of the currency are 5: give texts"),  # type: ignore[arg-type]
        (lambda: answers.day("d/m"), "the pattern of a date is 'd/m'"),
        (lambda: answers.day("d/d/y"), "the pattern of a date is 'd/d/y'"),
        (lambda: answers.day("d/m-y"), "the pattern of a date is 'd/m-y'"),
        (lambda: answers.day("%d/%m/%Y"), "write 'd/m/y'"),
        (lambda: answers.day("dmy"), "write 'd/m/y'"),
        (lambda: answers.day(5), "not a text"),  # type: ignore[arg-type]
        (lambda: answers.day(earliest=LAST, latest=FIRST), "nothing is from 2020-12-31 to 2000-01-02"),
        (lambda: answers.day(latest=datetime(2020, 1, 1)), "give a date"),  # noqa: DTZ001
        (lambda: answers.day(latest="2020-01-01"), "give a date"),  # type: ignore[arg-type]
        (lambda: answers.day(short_years=0), "four digits"),
        (lambda: answers.day(short_years=9901), "four digits"),
        (lambda: answers.day(short_years=True), "four digits"),
        (lambda: answers.phone("ZZ"), "there is no region 'ZZ'"),
        (lambda: answers.phone(""), "there is no region ''"),
        (lambda: answers.yes_no([], ["no"]), "there is no word for yes, or none for no"),
        (lambda: answers.yes_no("yes", "no"), "the words for yes are 'yes': give texts"),
        (lambda: answers.yes_no(["yes"], [False]), "the words for no"),  # type: ignore[list-item]
        (lambda: answers.yes_no(["ok"], ["OK"]), "'ok' and 'OK' cannot be told apart"),
        (lambda: answers.yes_no(["1"], ["١"]), "cannot be told apart"),
        (lambda: answers.yes_no([" "], ["no"]), "is ' '"),
        (lambda: answers.pin(0), "a PIN has 0 digits"),
        (lambda: answers.pin(65), "a PIN has 65 digits"),
        (lambda: answers.pin(True), "a PIN has True digits"),
        (lambda: answers.pin(hashed_with=""), "cannot be hashed"),
        (lambda: answers.pin(hashed_with=b""), "cannot be hashed"),
        (lambda: answers.pin(hashed_with=None), "cannot be hashed"),  # type: ignore[call-overload]
        (lambda: answers.pin(hashed_with=5), "cannot be hashed"),  # type: ignore[call-overload]
        (lambda: answers.words(-1), "a number of characters is -1"),
        (lambda: answers.words(most=1.5), "a number of characters is 1.5"),  # type: ignore[arg-type]
        (lambda: answers.words(None), "give 0 to take a blank"),  # type: ignore[arg-type]
        (lambda: answers.words(5, 4), "nothing is from 5 to 4"),
        (answers.one_of, "nothing can be entered"),
        (lambda: answers.one_of("a", "A"), "'a' and 'A' cannot be told apart"),
        (lambda: answers.one_of("a", "."), r"is '\.'"),
        (lambda: answers.one_of(["a", "b"]), "give texts"),  # type: ignore[arg-type]
        (lambda: answers.one_of("a", 5), "give texts"),  # type: ignore[arg-type]
        (lambda: answers.whole(wrong=""), "not a text"),
        (lambda: answers.email(wrong=5), "not a text"),  # type: ignore[arg-type]
    ],
)
def test_settings_that_cannot_work_are_refused_when_given(make: Callable[[], Any], reason: str) -> None:
    """An author learns at once of limits, patterns, regions and words that no answer could meet."""
    with pytest.raises(ConfigurationError, match=reason):
        make()


PARSERS: list[Callable[[str], Any]] = [*[parser for parser, _ in LAWS.values()], answers.pin(hashed_with="key")]


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("text", ["73915", "GHS 7391,5", "7391x", "+7391", "7391@", "7391/5", "7,391"])
def test_no_message_has_in_it_what_was_typed(parser: Callable[[str], Any], text: str) -> None:
    """A secret that is typed for the wrong question does not go on to the screen, the signals and the logs."""
    read = None
    with suppress(ValueError):
        read = parser(text)
    if read is None:
        assert "391" not in refusal(parser, text)


@pytest.mark.parametrize("key", ["a long secret", b"a long secret"])
def test_a_hashed_pin_never_reaches_the_journal(key: str | bytes) -> None:
    """The flow and the journal get the HMAC of the PIN, and nothing that is shown has PIN or key in it."""
    parser = answers.pin(hashed_with=key)

    @flow
    def asks() -> Steps[str]:
        return (yield from Prompt("pin", "PIN?", transform=parser))

    hashed = hmac.new(b"a long secret", b"0042", hashlib.sha256).hexdigest()
    turn = play(asks, None, [], "٠٠42 ")
    assert turn.result == hashed
    assert [entry.value for entry in turn.journal] in ([hashed], [])
    assert "secret" not in repr(parser)
    assert not hasattr(parser, "format")
    assert refusal(parser, "00421") == "Please enter a PIN of 4 digits."


@pytest.mark.parametrize("wrong", ["No: {least}!", lambda: "No: {least}!", Template("No: {{least}}!")])
@pytest.mark.parametrize(
    ("make", "texts"),
    [
        (lambda wrong: answers.whole(5, wrong=wrong), ("", "4", "1,000")),
        (lambda wrong: answers.decimal(places=2, point=".", wrong=wrong), ("", "1,5", "1.555")),
        (lambda wrong: answers.money(wrong=wrong), ("", "0", "1,000", "1.5555")),
        (lambda wrong: answers.day(wrong=wrong), ("", "31/02/1990")),
        (lambda wrong: answers.phone("GH", wrong=wrong), ("", "0244")),
        (lambda wrong: answers.email(wrong=wrong), ("", "ama")),
        (lambda wrong: answers.yes_no(wrong=wrong), ("", "3")),
        (lambda wrong: answers.pin(wrong=wrong), ("", "123")),
        (lambda wrong: answers.pin(hashed_with="key", wrong=wrong), ("", "123")),
        (lambda wrong: answers.words(2, wrong=wrong), ("", "A")),
        (lambda wrong: answers.one_of("S", "M", wrong=wrong), ("", "L")),
    ],
)
def test_ones_own_message_is_said_as_it_is(
    make: Callable[[Any], Callable[[str], Any]], texts: tuple[str, ...], wrong: Any
) -> None:
    """``wrong`` takes the place of everything a parser says, and nothing is put into it."""
    assert {refusal(make(wrong), text) for text in texts} == {"No: {least}!"}


CATALOGUE = {
    "Please enter a whole number from {least} to {most}.": "Entre {least} et {most}, s'il vous plaît.",
    "Please enter a whole number.": "Un nombre entier, s'il vous plaît.",
    "Please enter a number.": "Un nombre, s'il vous plaît.",
    "Please enter a text.": "{misspelt}",
    "Please enter yes or no.": "never asked for",
}


@contextmanager
def in_french() -> Iterator[None]:
    """Let flowdsl's own messages be in French."""
    token = translator.set(lambda message: CATALOGUE.get(message, message))
    try:
        yield
    finally:
        translator.reset(token)


def test_messages_are_translated_before_their_limits_are_put_in() -> None:
    """A catalogue has the sentence with its braces; it is asked when the message is shown, not when it is raised."""
    with pytest.raises(ValueError) as caught:
        answers.whole(18, 120)("5")
    assert str(caught.value) == "Please enter a whole number from 18 to 120."
    with in_french():
        assert plain(caught.value.args[0]) == "Entre 18 et 120, s'il vous plaît."
        assert refusal(answers.yes_no(), "x") == "Please enter yes or no."
        assert refusal(answers.whole(wrong="Please enter a number."), "x") == "Please enter a number."
    assert plain(caught.value.args[0]) == "Please enter a whole number from 18 to 120."


def test_a_slip_in_a_catalogue_does_not_stop_a_conversation() -> None:
    """A translation with the name of a value that does not exist is passed over for the English sentence."""
    with in_french():
        assert refusal(answers.words(), "") == "Please enter a text."


def test_without_a_catalogue_messages_stay_as_they_are() -> None:
    """Braces are left to those who put values in, with a catalogue or without."""
    assert translate("From {least}.") == "From {least}."
    with in_french():
        assert translate("From {least}.") == "From {least}."


class Lazy:
    """A lazy string, as translation libraries have them."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    def casefold(self) -> str:
        """Behave as a text does."""
        return self.text.casefold()


def raises(message: object) -> Callable[[str], str]:
    """Make a transform that refuses everything."""

    def transform(text: str) -> str:
        raise ValueError(message)

    return transform


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("Non.", "Non."),
        (lambda: "Non.", "Non."),
        (Lazy("Non."), "Non."),
        (Template("No {what}.", what="way"), "No way."),
        (lambda: "", "That is not a valid answer."),
        ("", "That is not a valid answer."),
        (5, "That is not a valid answer."),
        (str, "That is not a valid answer."),
    ],
)
def test_a_transform_may_raise_any_kind_of_text(said: Any, message: str) -> None:
    """A function or a lazy string is made into a text when the answer is refused."""
    assert verdict(Prompt("k", "?", transform=raises(said)), "x", {}) == Rejected(message)


@pytest.mark.parametrize("said", ["Non.", lambda: "Non.", Lazy("Non."), Template("Non.")])
def test_a_validate_may_return_any_kind_of_text(said: Any) -> None:
    """The same holds for what validate returns."""
    assert verdict(Prompt("k", "?", validate=lambda text: said), "x", {}) == Rejected("Non.")


@pytest.mark.parametrize("said", ["", lambda: "", 5, str])
def test_a_validate_that_returns_no_text_is_an_error_of_the_flow(said: Any) -> None:
    """An answer is not refused without a word."""
    with pytest.raises(BadPrompt, match="its validate returned"):
        verdict(Prompt("k", "?", validate=lambda text: said), "x", {})


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (int, "Un nombre entier, s'il vous plaît."),
        (float, "Un nombre, s'il vous plaît."),
        (Decimal, "Un nombre, s'il vous plaît."),
        (answers.whole(), "Un nombre entier, s'il vous plaît."),
    ],
)
def test_the_words_for_pythons_own_types_are_translated(transform: Callable[[str], Any], message: str) -> None:
    """What flowdsl says for ``int`` and the like comes from the same catalogue, "nan" included."""
    with in_french():
        for text in ("ten", "nan"):
            assert verdict(Prompt("k", "?", transform=transform), text, {}) == Rejected(message)


def test_an_answer_is_journaled_as_it_was_read() -> None:
    """Every kind of value that a parser gives can be stored."""
    for parser, text, _ in READ:
        assert isinstance(verdict(Prompt("k", "?", transform=parser), text, {}), Accepted)


def test_parsers_of_the_same_settings_are_equal_and_do_not_change() -> None:
    """A flow may make its parsers anew on every replay; what is shown of one are its settings."""
    assert answers.whole(1, 5) == answers.whole(1, 5) != answers.whole(1, 6)
    assert hash(answers.money("GHS")) == hash(answers.money("GHS"))
    assert repr(answers.pin(6)) == "_Pin(wrong=None, digits=6)"
    with pytest.raises(AttributeError):
        answers.pin().wrong = "No."  # type: ignore[misc]


def test_all_blanks_are_left_out_around_a_text() -> None:
    """Whatever Python or Unicode calls a blank or a format that has no width is no text of its own."""
    blanks = [each for each in map(chr, range(sys.maxunicode + 1)) if each.isspace() and unicodedata.category(each) != "Cc"]
    assert set(blanks) <= set(_EDGES)
    assert {unicodedata.category(each) for each in set(_EDGES) - set(blanks) - set("\n\t")} == {"Cf"}
