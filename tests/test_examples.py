"""The examples: each runs, and does what it says."""

import gettext
import importlib
import re
import subprocess
import sys
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from flowdsl import Runtime
from tests.people import Person
from tests.servers import Server, await_port

EXAMPLES = Path(__file__).parent.parent / "examples"
FIRST = {"USERID": "N", "MSISDN": "233244123456", "USERDATA": "*920#", "MSGTYPE": True, "SESSIONID": "1"}


async def test_registration_asks_five_questions() -> None:
    """A wrong age is asked again; the end names the person."""
    from registration import registration

    person = Person(Runtime(), registration)
    assert await person.talk("ama", "12") == "Please enter an age from 18 to 120.\nHow old are you, Ama?"
    assert await person.type("30") == "Choose your language:\n1. English\n2. Twi\n3. French"
    await person.type("twi")
    assert await person.type("2") == "Ama, 30, Twi. Weekly, GHS 5. Is that right?\n1. Yes\n2. No"
    assert await person.type("no") == "Nothing was registered. Dial again to start over."


async def test_bank_loops_through_nested_menus() -> None:
    """Money that was sent is gone from the balance, wrong input is refused, and the menus come back."""
    from bank import bank

    person = Person(Runtime(), bank)
    assert (await person.dial()).startswith("Sika Bank\nWhat would you like to do?\n1. Balance")
    assert (await person.type("2")) == "Send to which number?"
    assert "10 digits" in await person.type("24")
    assert (await person.type("0244123456")) == "How much? You have GHS 250.00."
    for wrong in ("x", "-1", "0", "1.234", "NaN", "1e999"):
        assert (await person.type(wrong)).startswith("Please enter an amount")
    assert (await person.type("20.50")) == "Send GHS 20.50 to 0244123456?\n1. Yes\n2. No"
    assert (await person.type("1")).startswith("Sent GHS 20.50 to 0244123456.\nWhat would")
    assert (await person.type("1")).startswith("Your balance is GHS 229.50.")
    await person.type("3")
    assert (await person.type("2")) == "New limit per day?"
    assert (await person.type("100")).startswith("The limit is now GHS 100.00.\nCards")
    assert (await person.type("3")).startswith("What would")
    assert await person.type("4") == "Thank you for banking with us."


async def test_airtime_is_paid_once() -> None:
    """Each purchase takes money once, whatever is shown again; a refusal is told, and the menu goes on."""
    from airtime import airtime

    person = Person(Runtime(), airtime, msisdn="+233244000001")
    menu = "Airtime\n1. Buy airtime\n2. My balance\n3. Exit"
    assert await person.dial() == menu
    assert await person.type("2") == f"You have GHS 20.00.\n{menu}"
    assert await person.type("1") == "Airtime for which number?"
    await person.type("0244123456")
    assert await person.type("12.5") == "GHS 12.50 for +233244123456?\n1. Pay\n2. Back\n3. Cancel"
    assert await person.type("Back") == "How much?"
    await person.type("12.50")
    assert await person.type("Pay") == f"Paid. GHS 7.50 left.\n{menu}"
    assert await person.dial() == f"Paid. GHS 7.50 left.\n{menu}"
    for text in ("1", "0244123456", "12.50"):
        await person.type(text)
    assert await person.type("Pay") == f"Not paid: you have only GHS 7.50.\n{menu}"
    assert await person.type("2") == f"You have GHS 7.50.\n{menu}"
    assert await person.type("3") == "Goodbye."


async def test_bank_does_not_overdraw() -> None:
    """More than the balance is not sent."""
    from bank import OPENING_BALANCE, bank

    person = Person(Runtime(), bank)
    shown = await person.talk("2", "0244123456", f"{OPENING_BALANCE + Decimal('0.01')}")
    assert shown.startswith("You have only GHS 250.00.")


async def test_article_is_paged_to_its_end() -> None:
    """Every word of the article is shown, and the last page ends the session."""
    from article import ARTICLES, article

    person = Person(Runtime(), article)
    await person.dial()
    reply = await person.send(person.message("1"))
    words = reply.text.split("\n")[0].split()
    while not reply.end:
        reply = await person.send(person.message("#"))
        words += reply.text.split("\n")[0].split()
    assert words == ARTICLES["planting"].split()


async def test_tickets_are_sold_in_two_languages() -> None:
    """The language is chosen in the middle of buying; the answers before it stay, and all that follows is French."""
    from languages import tickets, translations

    person = Person(Runtime(translations=translations), tickets)
    assert (await person.dial()).startswith("Welcome to the bus station.\nWhat would you like to do?\n1. Buy tickets\n2. Help")
    assert (await person.type("buy tickets")).startswith("Where do you want to go?\n1. Abidjan\n2. Accra\n3. Lomé\n4. Language")
    assert await person.type("4") == "Language / Langue\n1. English\n2. Français"
    assert (await person.type("français")).startswith("Où voulez-vous aller ?\n1. Abidjan\n2. Accra")
    assert (await person.type("9")).startswith("Choisissez une des options.\nOù voulez-vous")
    assert await person.type("lomé") == "Combien de billets ?"
    assert await person.type("many") == "Un car a 9 places libres. Combien vous en faut-il ?\nCombien de billets ?"
    assert await person.type("2") == "120 cedis pour 2 billets à Lomé ?\n1. Oui\n2. Non"
    assert (await person.type("oui")).startswith("Vous avez une place. Payez 120 cedis au guichet.\nQue voulez-vous faire ?")
    assert (await person.type("2")).startswith("Les cars partent à 6 h et à 14 h.")
    assert await person.type("quitter") == "Bon voyage !"


async def test_one_ticket_is_one() -> None:
    """Plurals follow the number in both languages, and a device that speaks French is answered so from the first screen on."""
    from languages import tickets, translations

    runtime = Runtime(translations=translations)
    for locale, shown in (
        (None, "1 ticket to Accra for 80 cedis?\n1. Yes\n2. No"),
        ("fr-CI", "80 cedis pour 1 billet à Accra ?"),
    ):
        person = Person(runtime, tickets)
        await person.send(person.message("", new=True, locale=locale))
        await person.type("1")
        await person.type("accra")
        assert (await person.type("1")).startswith(shown)


def test_catalogues_are_compiled() -> None:
    """What is read at run time is what the translators have written, all of it, and each message is in the code."""
    from catalogues import LOCALE, read

    from flowdsl.languages import compiled

    sources = list(LOCALE.glob("*/LC_MESSAGES/*.po"))
    assert sources
    code = (EXAMPLES / "languages.py").read_text()
    for source in sources:
        catalogue = read(source.read_text(encoding="utf-8"))
        assert source.with_suffix(".mo").read_bytes() == compiled(catalogue), "run `python examples/catalogues.py`"
        assert all(catalogue.values())
        assert set(re.findall(r'_\("(.*?)"', code)) <= set(catalogue)


def test_catalogues_are_read_as_they_are_written(tmp_path: Path) -> None:
    """Comments, long texts, plurals and contexts; gettext finds them in what is compiled of it."""
    from catalogues import read

    from flowdsl.languages import compiled

    source = (EXAMPLES / "locale" / "fr" / "LC_MESSAGES" / "messages.po").read_text(encoding="utf-8")
    source += '\nmsgctxt "menu"\nmsgid "Leave"\nmsgstr "Sortie"\n'
    found = gettext.GNUTranslations(BytesIO(compiled(read(source))))
    assert (found.gettext("Leave"), found.pgettext("menu", "Leave")) == ("Quitter", "Sortie")
    one, more = "{n} ticket to {town} for {price} cedis?", "{n} tickets to {town} for {price} cedis?"
    assert [found.ngettext(one, more, n).split("à")[0] for n in (0, 1, 2)] == [
        "{price} cedis pour {n} billet ",
        "{price} cedis pour {n} billet ",
        "{price} cedis pour {n} billets ",
    ]


def test_subscriber_prints_what_it_hears() -> None:
    """The script runs, and its receivers print."""
    done = subprocess.run([sys.executable, "subscriber.py"], capture_output=True, text=True, cwd=EXAMPLES, check=True)
    assert "session registration:ussd:demo:1001 began" in done.stdout
    assert "age was refused" in done.stdout
    assert "'name': 'Ama'" in done.stdout
    assert done.stderr == ""


async def test_server_has_two_flows_and_two_kinds_of_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bank is found again from another gateway session, the registration is not; a blocked number gets neither."""
    monkeypatch.setenv("BLOCKED_NUMBERS", "+233200000001")
    module = importlib.reload(importlib.import_module("server"))
    async with TestClient(TestServer(module.app())) as client:

        async def send(path: str, **fields: object) -> str:
            response = await client.post(path, json={**FIRST, **fields})
            return str((await response.json())["MSG"])

        await send("/ussd/register")
        await send("/ussd/register", USERDATA="ama", MSGTYPE=False)
        assert await send("/ussd/register", SESSIONID="2") == "Welcome! What is your name?"
        await send("/ussd/bank")
        assert await send("/ussd/bank", USERDATA="2", MSGTYPE=False) == "Send to which number?"
        assert await send("/ussd/bank", SESSIONID="2") == "Send to which number?"
        assert "not available" in await send("/ussd/bank", MSISDN="233200000001")


def test_server_runs_by_aiohttp() -> None:
    """`python -m aiohttp.web server:app` serves it."""
    from tests.servers import free_port

    port = free_port()
    server = Server([sys.executable, "-m", "aiohttp.web", "-H", "127.0.0.1", "-P", f"{port}", "server:app"], port, cwd=EXAMPLES)
    try:
        await_port(port, server.process)
    finally:
        server.kill()
