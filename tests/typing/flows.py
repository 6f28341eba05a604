"""What type checkers infer for people who write flows; each ``assert_type`` is checked by mypy and by pyright."""

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, assert_type

from flowdsl import (
    Back,
    Become,
    Call,
    Chat,
    Contact,
    Flow,
    Location,
    Media,
    Navigation,
    Prompt,
    Resume,
    Run,
    Runtime,
    Say,
    Screen,
    SessionConfig,
    Steps,
    Text,
    Translations,
    answers,
    flow,
)
from flowdsl.answers import Parser
from flowdsl.languages import Translated
from flowdsl.signals import PromptAnswered, prompt_answered


class Plan(Enum):
    """What can be bought."""

    DAY = "Daily"
    WEEK = "Weekly"


def sub(chat: Chat) -> Steps[Decimal]:
    """Return an amount."""
    return (yield from Prompt("amount", "Amount?", transform=Decimal))


async def charge(number: str, amount: Decimal, *, idempotency_key: str) -> int:
    """Be called asynchronously."""
    return 1


def look_up(number: str) -> Plan | None:
    """Be called in a thread."""
    return None


async def give_back(result: int) -> None:
    """Take a call back."""


@flow
def registration(chat: Chat, *, fee: int = 0) -> Steps[int]:
    """Ask one of each kind."""
    assert_type((yield from Prompt("name", "Name?")), str)
    assert_type((yield from Prompt("name", "Name?", transform=str.title)), str)
    assert_type((yield from Prompt("age", "Age?", transform=int)), int)
    assert_type((yield from Prompt("born", "Born?", transform=date.fromisoformat)), date)
    assert_type((yield from Prompt("size", "Size?", choices=["S", "M"])), str)
    assert_type((yield from Prompt("count", "How many?", choices=[1, 2, 5])), int)
    assert_type((yield from Prompt("code", "Code?", choices={1: "One", 2: "Two"})), int)
    assert_type((yield from Prompt("plan", "Plan?", choices=Plan)), Plan)
    assert_type((yield from Prompt("kilo", "Kilos?", choices=["1", "2"], transform=int)), int)
    assert_type((yield from Prompt.confirm("sure", "Sure?")), bool)
    assert_type((yield from Prompt("age", "Age?", transform=answers.whole())), int)
    assert_type((yield from Prompt("age", text="Age?", transform=answers.whole(18, most=120, wrong="An age."))), int)
    assert_type((yield from Prompt("weight", "Weight?", transform=answers.decimal(0, Decimal(500), places=1))), Decimal)
    assert_type((yield from Prompt("amount", "Amount?", transform=answers.money(("GHS", "₵"), 1, 500, point="."))), Decimal)
    assert_type((yield from Prompt("born", "Born?", transform=answers.day("d/m/y", latest=date(2020, 1, 1)))), date)
    assert_type((yield from Prompt("phone", "Phone?", transform=answers.phone("GH"))), str)
    assert_type((yield from Prompt("email", "E-mail?", transform=answers.email(wrong=lambda: "An address."))), str)
    assert_type((yield from Prompt("news", "News?", transform=answers.yes_no())), bool)
    assert_type((yield from Prompt("pin", "PIN?", transform=answers.pin())), str)
    assert_type((yield from Prompt("pin", "PIN?", transform=answers.pin(6, hashed_with=b"key"))), str)
    assert_type((yield from Prompt("town", "Town?", transform=answers.words(2, 40))), str)
    assert_type((yield from Prompt("size", "Size?", transform=answers.one_of("S", "M"))), str)
    assert_type((yield from Prompt("kilo", "Kilos?", choices=["1", "2"], transform=answers.whole())), int)
    assert_type((yield from sub(chat)), Decimal)
    assert_type((yield from Call(charge, chat.msisdn, Decimal(1), timeout=None, retries=2, undo=give_back)), int)
    assert_type((yield from Call(look_up, chat.msisdn, thread=False, irreversible=True)), Plan | None)
    assert_type((yield from Call(str.title, "ama", key="titled", on_crash="fail")), str)
    assert_type((yield from Run(other)), int)
    if fee > 1:
        yield from Back()
    if fee:
        yield from Become(other)
    yield Say(f"{chat.msisdn} pays {fee}")
    return 1


@flow
def other() -> Steps[int]:
    """Be run by another flow."""
    yield Say("Hello")
    return 1


assert_type(registration.name, str)


async def balance_of(number: str) -> Decimal | None:
    """Find a balance."""
    return Decimal(number)


def count(first: int, second: int) -> int:
    """Add."""
    return first + second


@flow
def around(chat: Chat) -> Steps[str]:
    """Use the other steps."""
    assert_type((yield from Call(balance_of, "1", retries=2, timeout=None)), Decimal | None)
    assert_type((yield from Call(count, 1, 2, key="sum", undo=print, on_crash="fail")), int)
    assert_type((yield from Call(lambda: "x", key="x", thread=False)), str)
    assert_type((yield from Run(registration, fee=5)), int)
    assert_type((yield from Prompt("where", "Where?", expects="location")), Location)
    assert_type((yield from Prompt("who", "Who?", expects="contact")), Contact)
    assert_type((yield from Prompt("what", "What?", expects="image", attempts=3, too_many="No.")), Media)
    assert_type((yield from Prompt("lazy", lambda: "Lazy?", choices={1: lambda: "One"})), int)
    assert_type((yield from Prompt("pin", "PIN?", transform=answers.pin(hashed_with="key"), secret=True, back=False)), str)
    assert_type(chat.locale, str | None)
    yield Say(lambda: "Lazy.")
    return (yield from Become(registration, fee=1))


assert_type(answers.whole(), Parser[int])
assert_type(answers.whole().format(5), str)
assert_type(answers.pin(), Parser[str])

# Boundaries may be any collection, and a durable session may last for ever.
SessionConfig(boundaries=["flow"], identifier="msisdn")
SessionConfig(boundaries={"flow", "url"}).durable(ttl=None)


@prompt_answered.connect
def receive(sender: Flow[..., Any], *, event: PromptAnswered) -> None:
    """Take the event of this signal."""
    assert_type(event.key, str)


translations = Translations.of(
    {"fr": {"Name?": "Nom ?", "{n} item": ["{n} article", "{n} articles"], ("menu", "Back"): "Retour"}}
)
_ = translations.gettext


class Lazy:
    """A lazy string of another library."""

    def casefold(self) -> str:
        """Be what texts are."""
        return "name?"


SIZES = {"s": _("Small"), "m": _("Medium")}
MIXED: dict[str, Text] = {"s": _("Small"), "m": "M", "l": lambda: "L", "x": Lazy()}


def wrong(text: str) -> Text | None:
    """Say what is wrong in the person's language."""
    return None if text else _("Please answer.")


@flow
def translated(chat: Chat) -> Steps[None]:
    """Ask and tell in texts of every kind."""
    assert_type(_("Name?"), Translated)
    assert_type(_("Name?")(), str)
    assert_type((yield from Prompt("name", _("Name?"), validate=wrong, too_many=_("Enough."))), str)
    assert_type((yield from Prompt("name", lambda: "Name?", transform=int)), int)
    assert_type((yield from Prompt("name", Lazy())), str)
    assert_type((yield from Prompt("size", "Size?", choices=SIZES, invalid=_("No."))), str)
    assert_type((yield from Prompt("size", _("Size?"), choices=MIXED)), str)
    assert_type((yield from Prompt("size", _("Size?"), choices={1: _("One"), 2: lambda: "Two", 3: "Three"})), int)
    assert_type((yield from Prompt.confirm("sure", _("Sure?"), yes=_("Yes"), no=lambda: "No")), bool)
    yield Say(_("{n} for {name}", n=1, name=_("you")))
    yield Say(translations.ngettext("{n} item", "{n} items", 2))
    yield Say(lambda: "Bye")
    yield Say(Lazy())
    assert_type(chat.locale, str | None)
    chat.locale = "fr"
    chat.locale = None


Runtime(
    translations=translations,
    apology=_("Sorry."),
    holding=_("Wait."),
    parked=lambda: "No.",
    navigation=Navigation(back="0", back_label=_("Back")),
    resume=Resume(text=_("Go on?"), proceed=_("Yes"), restart=lambda: "No"),
)
Runtime(apology=lambda error: _("Sorry: {error}", error=error))
Screen(next_label=_("More"), back_label=lambda: "Less")
