"""Phone numbers: one way to write each, and nothing that is not one."""

import re
from typing import Any

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl.phone import e164


@pytest.mark.parametrize(
    ("number", "region", "written"),
    [
        # As gateways send it: with the country's code, with or without a plus.
        ("+233244123456", None, "+233244123456"),
        ("233244123456", None, "+233244123456"),
        ("254712345678", None, "+254712345678"),
        ("+254712345678", None, "+254712345678"),
        ("2348031234567", None, "+2348031234567"),
        ("14155550123", None, "+14155550123"),
        ("+447700900123", None, "+447700900123"),
        # With a region: the plus and the country's code still count.
        ("+233244123456", "GH", "+233244123456"),
        ("233244123456", "GH", "+233244123456"),
        ("254712345678", "GH", "+254712345678"),
        ("+254712345678", "GH", "+254712345678"),
        # As it is dialled within a country.
        ("0244123456", "GH", "+233244123456"),
        ("0712345678", "KE", "+254712345678"),
        ("07700900123", "GB", "+447700900123"),
        ("08031234567", "NG", "+2348031234567"),
        ("00233244123456", "GH", "+233244123456"),
        ("0712345678", "CI", "+2250712345678"),
        # A zero that belongs to dialling within a country, sent after the country's code.
        ("2330244123456", None, "+233244123456"),
        ("440366968199", None, "+44366968199"),
        # A zero that belongs to the number itself.
        ("390612345678", None, "+390612345678"),
        ("0612345678", "IT", "+390612345678"),
        # The same, where nobody says which country.
        ("00233244123456", None, None),
        ("0244123456", None, None),
        # A country that does not exist says nothing either.
        ("0244123456", "ZZ", None),
        # Ranges that nobody uses today may be used tomorrow: only length and code are asked for.
        ("233994123456", None, "+233994123456"),
        # No country's code begins with a zero, whatever would follow it.
        ("+00775551122", None, None),
        ("+0244123456", "GH", None),
        # What cannot be a number.
        ("", None, None),
        ("", "GH", None),
        ("+", None, None),
        ("0", "GH", None),
        ("233", None, None),
        ("23324412", None, None),
        ("2332441234567890", None, None),
        ("6281234567890123", None, None),
        ("999244123456", None, None),
        ("12345", "GH", None),
        ("NALOTEST", None, None),
        ("NALOTEST", "GH", None),
        ("anonymous", None, None),
        # Letters are not read as on a keypad.
        ("07123ABCDE", "GB", None),
        ("233244CALLME", None, None),
        # One number is written in one way only; anything else around the digits is not from a gateway.
        ("++233244123456", None, None),
        ("+233 244 123 456", None, None),
        ("+233-244-123456", None, None),
        (" +233244123456", None, None),
        ("+233244123456 ", None, None),
        ("+233244123456\n", None, None),
        ("(024)4123456", "GH", None),
        ("tel:+233244123456", None, None),
        ("+233244123456;ext=5", None, None),
        ("+233244123456x5", None, None),
        # Digits of other scripts would be a second way to write it.
        ("٢٣٣٢٤٤١٢٣٤٥٦", None, None),
        ("２３３２４４１２３４５６", None, None),
        ("²33244123456", None, None),
    ],
)
def test_numbers_are_written_in_one_way(number: str, region: str | None, written: str | None) -> None:
    """A number that can exist is written in E.164; anything else is none."""
    assert e164(number, region) == written


ANYTHING = (
    st.text() | st.from_regex(r"\+?[0-9]{0,18}", fullmatch=True) | st.from_regex(r"\+?(233|62|39|1)[0-9]{6,14}", fullmatch=True)
)
REGIONS = st.sampled_from([None, "GH", "GB", "IT", "ZZ"])


@given(ANYTHING, REGIONS)
@settings(deadline=None, max_examples=200)
def test_anything_is_a_number_in_e164_or_none(number: str, region: str | None) -> None:
    """No text makes it raise, and what it writes is a plus and at most fifteen digits, the first of them not 0."""
    written = e164(number, region)
    assert written is None or re.fullmatch(r"\+[1-9][0-9]{1,14}", written)


@given(ANYTHING, REGIONS)
@settings(deadline=None, max_examples=200)
def test_what_was_written_is_written_as_it_is(number: str, region: str | None) -> None:
    """A number that was brought into E.164 once stays as it is, so that it names the same person wherever it comes from."""
    written = e164(number, region)
    if written is not None:
        assert (e164(written), e164(written[1:]), e164(written, "GH")) == (written,) * 3


@given(st.lists(st.integers(10**8, 10**9 - 1), min_size=2, max_size=2, unique=True))
@settings(deadline=None)
def test_people_are_kept_apart(numbers: list[int]) -> None:
    """The three ways in which gateways send a number give the same person, and another number another one."""
    people = [{e164(f"+233{number}"), e164(f"233{number}"), e164(f"0{number}", "GH")} for number in numbers]
    assert [len(ways) for ways in people] == [1, 1]
    assert None not in people[0]
    assert people[0] != people[1]


@st.composite
def _written_out(draw: st.DrawFn) -> str:
    """Write a number of some country after its code, now and then with what is dialled before it there."""
    code = draw(st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)))
    region = phonenumbers.region_code_for_country_code(code)
    table: Any = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    length = draw(st.sampled_from(table.general_desc.possible_length) | st.integers(1, 15))
    start = draw(st.sampled_from(["", "0", "00", "01", "1", "8", "06"]))
    return f"{code}{start}" + draw(st.text("0123456789", min_size=length, max_size=length))[len(start) :]


@given(_written_out())
@settings(deadline=None, max_examples=1000)
def test_numbers_are_read_as_phonenumbers_reads_them(digits: str) -> None:
    """Not every number is given to it to parse, and what is written is what it would have read, in every country."""
    written = e164(digits)
    if written is not None:
        parsed = phonenumbers.parse(f"+{digits}")
        assert written == phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        assert phonenumbers.is_possible_number(parsed)
