"""Bus tickets in English and French: try it with `flowdsl chat examples/languages.py:tickets`.

Every menu leads to the languages, and the menu that comes back is in the new one, and so are the screens after it, while
the answers stay what they were. The French texts are in examples/locale/fr/LC_MESSAGES/messages.po; after a change to
them `python examples/catalogues.py` compiles it. `flowdsl chat` and `flowdsl serve` look up the words of the library in the
one `Translations` that a module has; elsewhere it is `Runtime(translations=translations)`.
"""

from collections.abc import Mapping
from pathlib import Path

from flowdsl import Chat, Prompt, Say, Steps, flow
from flowdsl.languages import Translations
from flowdsl.texts import Text

translations = Translations(Path(__file__).parent / "locale", default="en")
_ = translations.gettext
ngettext = translations.ngettext

# Who does not read the language of the screen must still find the way out of it, so this is not translated.
LANGUAGE = "Language / Langue"
LANGUAGES = {"en": "English", "fr": "Français"}
FARES = {"abidjan": 120, "accra": 80, "lome": 60}
TOWNS = {"abidjan": "Abidjan", "accra": "Accra", "lome": "Lomé"}
MENU = {"buy": _("Buy tickets"), "help": _("Help"), "leave": _("Leave")}


def asked(chat: Chat, key: str, text: Text, choices: Mapping[str, Text]) -> Steps[str]:
    """Ask with the languages below the choices, until something else is chosen."""
    while (answer := (yield from Prompt(key, text, choices={**choices, "language": LANGUAGE}))) == "language":
        chat.locale = yield from Prompt("language", LANGUAGE, choices=LANGUAGES)
    return answer


def places(text: str) -> int:
    """Read how many places are wanted, up to 9."""
    if not text.strip().isdecimal() or not 0 < int(text) < 10:
        raise ValueError(_("A bus has {free} free places. How many do you need?", free=9))
    return int(text)


def buy(chat: Chat) -> Steps[None]:
    """Sell tickets to one town."""
    town = yield from asked(chat, "town", _("Where do you want to go?"), TOWNS)
    count = yield from Prompt("count", _("How many tickets?"), transform=places)
    price = FARES[town] * count
    one, more = "{n} ticket to {town} for {price} cedis?", "{n} tickets to {town} for {price} cedis?"
    if (yield from Prompt.confirm("sure", ngettext(one, more, count, town=TOWNS[town], price=price))):
        yield Say(_("You have a seat. Please pay {price} cedis at the counter.", price=price))


@flow
def tickets(chat: Chat) -> Steps[None]:
    """Go round the menu until the person leaves it."""
    yield Say(_("Welcome to the bus station."))
    while (choice := (yield from asked(chat, "menu", _("What would you like to do?"), MENU))) != "leave":
        if choice == "buy":
            yield from buy(chat)
        else:
            yield Say(_("Buses leave at 6:00 and at 14:00. Children under 5 travel free, and so does one bag for each ticket."))
    yield Say(_("Have a good journey!"))
