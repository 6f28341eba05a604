"""``flowdsl check`` and ``flowdsl map``: what they print, what they draw, and with which status they end."""

import asyncio
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from airtime import airtime
from bank import bank

from flowdsl import Flow, Navigation, Prompt, Runtime, Say, SessionConfig, Steps, flow
from flowdsl.cli import main
from flowdsl.loading import load_flow
from flowdsl.mapping import Edge, Graph, Node
from flowdsl.tally import Counts, Tally
from flowdsl.testing import either, explore
from flowdsl.testing.charting import Chart
from tests.operators import DATABASE, connected, talk
from tests.people import Person
from tests.servers import Server

EXAMPLES = Path(__file__).parent.parent / "examples"
BANK = f"{EXAMPLES / 'bank.py'}:bank"
AIRTIME = f"{EXAMPLES / 'airtime.py'}:airtime"

HEAD = "from flowdsl import Become, Call, CallFailed, Chat, Prompt, Say, Translations, flow\n"
SOUND = (
    HEAD
    + """
@flow
def shop(chat):
    size = yield from Prompt("size", "Which size?", choices=["Small", "Large"])
    yield Say(f"{size}.")
"""
)
FAULTY = (
    HEAD
    + """
@flow
def shop(chat):
    size = yield from Prompt("size", "Which size?", choices=["Small", "Large"])
    if size == "Large":
        raise LookupError("none left")
    yield Say(f"{size}.")
"""
)
CALLING = (
    HEAD
    + """
def look_up(number) -> bool:
    raise NotImplementedError

def pay(number) -> str:
    raise NotImplementedError

@flow
def shop(chat):
    number = yield from Prompt("number", "Number?", transform=int)
    if not (yield from Call(look_up, number)):
        yield Say("There is none.")
        return
    receipt = yield from Call(pay, number)
    if receipt == "odd":
        yield Say("That is odd.")
    yield Say(f"Paid, {receipt}.")
"""
)
ENDLESS = (
    HEAD
    + """
@flow
def shop(chat):
    while True:
        yield from Prompt("menu", "Menu", choices=["News", "Sports"])
"""
)
SPEAKING = (
    HEAD
    + """
words = Translations.of({"fr": {"Hello!": "Bonjour, et bienvenue ! " * 8}, "tw": {"Hello!": "Akwaaba, ɛte sɛn? " * 5}})

@flow
def shop(chat):
    yield Say(words.gettext("Hello!"))
"""
)


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write flows to a file, and give what the command line calls the one that is named ``shop``."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", {**sys.modules})
    monkeypatch.chdir(tmp_path)

    def write(source: str) -> str:
        (tmp_path / "flows_of_a_test.py").write_text(source)
        return f"{tmp_path / 'flows_of_a_test.py'}:shop"

    return write


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command, and give its status and what it printed."""
    monkeypatch.setattr(sys, "path", [*sys.path])

    def run(*arguments: str) -> SimpleNamespace:
        capsys.readouterr()
        try:
            status = main(arguments)
        except SystemExit as stop:
            status = int(stop.code or 0)
        printed = capsys.readouterr()
        return SimpleNamespace(status=status, out=printed.out, err=printed.err, lines=printed.out.splitlines())

    return run


def line(source: str, part: str) -> str:
    """Tell where something is written, as messages do that are read where the file lies."""
    number = next(number for number, each in enumerate(source.splitlines(), 1) if part in each)
    return f"flows_of_a_test.py:{number}"


@pytest.mark.parametrize("example", [BANK, AIRTIME, f"{EXAMPLES / 'registration.py'}", f"{EXAMPLES / 'languages.py'}:tickets"])
def test_nothing_is_wrong_with_the_examples(command: Any, example: str) -> None:
    """Status 0, and one line that counts."""
    done = command("check", example)
    assert (done.status, done.err) == (0, "")
    assert re.fullmatch(
        r"\w+: .+ paths of at most \d+ messages, \d questions, \d+ screens of at most \d pages?; 0 problems",
        done.lines[-1],
    )


def test_a_fault_is_told_with_its_line_its_dialogue_and_its_test(command: Any, flows: Any) -> None:
    """And the status is 1."""
    done = command("check", flows(FAULTY))
    assert done.status == 1
    assert f"{line(FAULTY, 'raise')}: the flow raises LookupError: none left\n" in done.out
    assert "    > 2  (Large)\n    ! LookupError at " in done.out
    assert "    def test_shop():\n        talk = Conversation(shop)\n        talk.choose('Large')\n" in done.out
    assert done.lines[-1] == "shop: 2 paths of at most 1 message, 1 question, 3 screens of at most 1 page; 1 problem"


def test_a_check_as_json(command: Any, flows: Any) -> None:
    """All that is told, for programs."""
    sound = json.loads(command("check", "--json", flows(SOUND)).out)
    assert sound == {
        "flow": "shop",
        "paths": 2,
        "complete": True,
        "unvisited": [],
        "findings": [],
        "faults": [],
        "misfits": [],
    }
    done = command("check", "--json", "--page", "40", "--pages", "1", flows(FAULTY))
    assert done.status == 1
    told = json.loads(done.out)
    (fault,) = told["faults"]
    assert sorted(fault) == ["dialogue", "kind", "message", "test", "where"]
    assert (fault["kind"], fault["message"]) == ("raises", "the flow raises LookupError: none left")
    assert fault["where"].endswith(line(FAULTY, "raise"))
    assert fault["test"].endswith("talk.choose('Large')")
    (misfit,) = told["misfits"]
    assert (misfit["length"], misfit["room"], misfit["unit"], misfit["locale"]) == (63, 40, "septets", None)
    assert misfit["text"].startswith("Please choose one of the options.")


def test_code_that_replay_does_not_bear_is_told(command: Any, flows: Any) -> None:
    """What a look at the source finds is told, and counted with the rest."""
    source = (
        HEAD + "import time\n@flow\ndef shop():\n    if time.time() > 0:\n        yield Say('Hello!')\n    yield Say('Bye!')\n"
    )
    done = command("check", flows(source))
    assert done.status == 1
    assert done.lines[0].startswith(f"{line(source, 'time.time')}")
    assert done.lines[-1].endswith("1 problem")
    (found,) = json.loads(command("check", "--json", flows(source)).out)["findings"]
    assert sorted(found) == ["cure", "message", "rule", "where"]
    assert found["where"].endswith(line(source, "time.time"))


def test_what_calls_come_to_is_guessed(command: Any, flows: Any) -> None:
    """Each way that a function may go by its annotations; and that nobody catches a failure is no fault."""
    done = command("check", flows(CALLING))
    assert done.status == 0
    assert f"not come to: {line(CALLING, 'That is odd')}" in done.lines
    assert not [each for each in done.lines if "There is none" in each]


@pytest.mark.parametrize("how", ["json", "file", "module"])
def test_what_calls_come_to_is_told(command: Any, flows: Any, tmp_path: Path, how: str) -> None:
    """As JSON, or by a dict in a file or a module beside it."""
    target = flows(CALLING)
    (tmp_path / "fakes_of_a_test.py").write_text("CALLS = {'look_up': lambda number: number > 0, 'pay': 'odd'}\n")
    table = {
        "json": '{"look_up": true, "pay": "odd"}',
        "file": f"{tmp_path / 'fakes_of_a_test.py'}:CALLS",
        "module": "fakes_of_a_test:CALLS",
    }[how]
    done = command("check", target, "--calls", table, "--answers", '{"number": ["0", "5"]}')
    assert done.status == 0
    unvisited = [each for each in done.lines if each.startswith("not come to")]
    assert unvisited == ([f"not come to: {line(CALLING, 'There is none')}"] if how == "json" else [])
    assert "shop: 2 paths" in done.lines[-1]


def test_what_is_typed_is_told(command: Any, flows: Any, tmp_path: Path) -> None:
    """A text or a list of them, as JSON, or by a dict that may have functions."""
    target = flows(SOUND)
    (tmp_path / "fakes_of_a_test.py").write_text("ANSWERS = {'size': lambda prompt: [prompt.choices[1]]}\n")
    for table in ('{"size": "Large"}', '  {"size": ["Large"]}', f"{tmp_path / 'fakes_of_a_test.py'}:ANSWERS"):
        assert command("check", target, "--answers", table).lines[-1].startswith("shop: 1 path of"), table


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--calls", "{pay: 1}"), "--calls '{pay: 1}' is neither a JSON object nor"),
        (("--answers", '{"size": '), "--answers '{\"size\": ' is neither a JSON object nor"),
        (("--calls", "nowhere.py:CALLS"), "there is no file nowhere.py"),
        (("--calls", "nowhere:CALLS"), "there is no module 'nowhere'"),
        (
            ("--calls", "flows_of_a_test.py:NOTHING"),
            "flows_of_a_test.py has no dict 'NOTHING': write MODULE:NAME or FILE.py:NAME",
        ),
        (("--calls", "flows_of_a_test.py:shop"), "has no dict 'shop'"),
        (("--calls", "flows_of_a_test.py"), "nor MODULE:NAME of a dict"),
        (("--calls", "[1]"), "nor MODULE:NAME of a dict"),
        (("--answers", '{"size": 5}'), "answers['size'] has 5: give what a person types"),
        (("--params", '{"fee": 5}'), "'fee'"),
        (("--params", "5"), "--params '5' is no JSON object"),
        (("--msisdn", "0244"), "'0244' is no number"),
        (("--rounds", "many"), "'many' is no whole number from 1 on"),
        (("--turns", "x"), "'x' is no whole number from 1 on"),
    ],
)
@pytest.mark.parametrize("action", ["check", "map"])
def test_wrong_usage(command: Any, flows: Any, action: str, arguments: tuple[str, ...], says: str) -> None:
    """What cannot work ends with status 2 and a sentence."""
    done = command(action, flows(SOUND), *arguments)
    assert (done.status, done.out) == (2, "")
    assert says in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--page", "5"), "has no room"),
        (("--page", "-1"), "'-1' is no whole number from 1 on"),
        (("--pages", "-1"), "'-1' is no whole number from 0 on"),
        (("--platform", "pigeon"), "invalid choice: 'pigeon'"),
    ],
)
def test_wrong_usage_of_a_check(command: Any, flows: Any, arguments: tuple[str, ...], says: str) -> None:
    """Of what only a check is told."""
    done = command("check", flows(SOUND), *arguments)
    assert (done.status, done.out) == (2, "")
    assert says in done.err


@pytest.mark.parametrize("flow_of", ["nowhere:flow", "nowhere.py:flow", "json:dumps"])
@pytest.mark.parametrize("action", ["check", "map"])
def test_no_such_flow(command: Any, action: str, flow_of: str) -> None:
    """It is told what there is, as for all commands."""
    done = command(action, flow_of)
    assert done.status == 2
    assert done.err.startswith("flowdsl: ")


def test_a_conversation_need_not_end(command: Any, flows: Any) -> None:
    """A menu without an exit is told, unless ``--endless`` says that it is meant so; other faults are told all the same."""
    target = flows(ENDLESS)
    done = command("check", target)
    assert done.status == 1
    assert f"{line(ENDLESS, 'yield from')}: nobody gets to an end from here" in done.out
    assert command("check", target, "--endless").status == 0
    assert json.loads(command("check", target, "--endless", "--json").out)["faults"] == []
    assert command("check", flows(FAULTY), "--endless").status == 1


def test_lines_that_nobody_comes_to(command: Any, flows: Any) -> None:
    """They are told, and with ``--visit-all`` the status tells it, too."""
    source = SOUND + '    if size == "Medium":\n        yield Say("Never.")\n'
    done = command("check", flows(source))
    assert done.status == 0
    assert done.lines[0] == f"not come to: {line(source, 'Never.')}"
    assert command("check", flows(source), "--visit-all").status == 1
    assert command("check", flows(SOUND), "--visit-all").status == 0
    (unvisited,) = json.loads(command("check", flows(source), "--json").out)["unvisited"]
    assert unvisited.endswith(line(source, "Never."))


@pytest.mark.parametrize(
    ("locales", "wrong"), [("", set()), ("en", set()), ("fr", {"fr"}), ("en, fr", {"fr"}), ("en,tw", {"tw"})]
)
def test_languages_of_screens(command: Any, flows: Any, locales: str, wrong: set[str]) -> None:
    """Each language is measured, with the translations that lie beside the flow."""
    done = command("check", flows(SPEAKING), "--pages", "1", "--locales", locales, "--json")
    assert {misfit["locale"] for misfit in json.loads(done.out)["misfits"]} == wrong
    assert done.status == bool(wrong)
    for locale in wrong:
        assert f" in '{locale}'" in command("check", flows(SPEAKING), "--pages", "1", "--locales", locales).out


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        ((), 0),
        (("--page", "60"), 0),
        (("--pages", "1"), 0),
        (("--page", "60", "--pages", "1"), 1),
        (("--page", "60", "--pages", "2"), 0),
        (("--page", "40", "--pages", "2"), 1),
        (("--page", "40", "--pages", "0"), 0),
    ],
)
def test_size_and_number_of_pages(command: Any, flows: Any, arguments: tuple[str, ...], problems: int) -> None:
    """Any number of pages is allowed unless a number is given, of 140 septets or of ``--page``."""
    source = HEAD + "@flow\ndef shop():\n    yield Say('word ' * 22)\n"
    done = command("check", flows(source), *arguments)
    assert done.status == bool(problems)
    assert done.lines[-1].endswith(f"; {problems} problem{'' if problems == 1 else 's'}")


def test_a_screen_that_needs_ucs2_says_what_to_do(command: Any, flows: Any) -> None:
    """It is told by its letters, and measured in septets with ``--transliterate``."""
    source = HEAD + "@flow\ndef shop():\n    yield Say('ɛyɛ – ' * 20)\n"
    done = command("check", flows(source), "--pages", "1")
    assert done.status == 1
    assert "UCS-2 units (because of 'ɛ', '–', which GSM 7-bit does not have; Screen(transliterate=True) writes all" in done.out
    done = command("check", flows(source), "--pages", "1", "--transliterate")
    assert (done.status, done.lines[-1].endswith("the fullest with 120 of 140 septets; 0 problems")) == (0, True)


def test_a_check_in_a_chat(command: Any, flows: Any) -> None:
    """Its limits are those of the platform."""
    source = SOUND.replace('"Large"]', '"Large, for those who want more"]')
    assert command("check", flows(source)).status == 0
    done = command("check", flows(source), "--platform", "whatsapp")
    assert done.status == 1
    assert "a button has 30 of 20 characters: 'Large, for those who want more'" in done.out


def test_a_check_that_does_not_come_to_its_end(command: Any) -> None:
    """It finds nothing wrong, and does not pass for one that has looked everywhere."""
    done = command("check", BANK, "--turns", "20")
    assert done.status == 1
    assert done.lines[0].startswith("not all was walked: after 20 messages there was more, most of all because the variable")
    assert json.loads(command("check", BANK, "--turns", "20", "--json").out)["complete"] is False


def test_rounds_of_a_check(command: Any, flows: Any) -> None:
    """How often each loop is gone round."""
    source = (
        HEAD
        + "@flow\ndef shop():\n    word = ''\n"
        + "    while (letter := (yield from Prompt('letter', f'{word}?', choices=['a', 'b', 'No']))) != 'No':\n"
        + "        word += letter\n    yield Say(f'{word}.')\n"
    )
    paths = [json.loads(command("check", flows(source), "--rounds", f"{rounds}", "--json").out)["paths"] for rounds in (1, 2)]
    assert paths == sorted(set(paths))


def test_what_a_flow_prints_is_not_printed(command: Any, flows: Any) -> None:
    """What a program reads is what the command prints."""
    noisy = SOUND.replace("    size =", "    print('noise')\n    size =") + "print('noise at import')\n"
    checked = command("check", "--json", flows(noisy))
    assert json.loads(checked.out)["flow"] == "shop"
    drawn = command("map", "--as", "dot", flows(noisy))
    assert "noise" not in drawn.out
    for done in (checked, drawn):
        assert {"noise", "noise at import"} == set(done.err.splitlines())


def test_parameters_and_number(command: Any, flows: Any) -> None:
    """The flow is told them, and so is the test to paste."""
    source = (
        HEAD
        + "@flow\ndef shop(chat, *, fee):\n    if chat.msisdn == '+233200000001' and fee == 5:\n"
        + "        raise LookupError('both')\n"
        + "    yield Say('Hello!')\n"
    )
    done = command("check", flows(source), "--params", '{"fee": 5}', "--msisdn", "+233200000001")
    assert done.status == 1
    assert "talk = Conversation(shop, params={'fee': 5}, msisdn='+233200000001')" in done.out
    assert command("check", flows(source), "--params", '{"fee": 5}').status == 0
    assert command("check", flows(source)).status == 2


_MARKS = {"mermaid": "flowchart TD", "dot": 'digraph "bank" {', "svg": "<svg", "html": "<!DOCTYPE html>"}


@pytest.mark.parametrize("kind", _MARKS)
def test_a_map_of_each_kind(command: Any, kind: str) -> None:
    """It has all questions of the flow."""
    done = command("map", BANK, "--as", kind)
    assert (done.status, done.err) == (0, "")
    assert done.lines[0].lower().startswith(_MARKS[kind].lower())
    for key in ("menu", "to", "amount", "sure", "card", "last", "limit"):
        assert key in done.out
    if kind == "svg":
        ElementTree.fromstring(done.out)
    if kind == "mermaid":
        assert command("map", BANK).out == done.out


@pytest.mark.parametrize(
    ("name", "arguments", "kind"),
    [
        ("bank.html", (), "html"),
        ("bank.HTM", (), "html"),
        ("bank.svg", (), "svg"),
        ("bank.mmd", (), "mermaid"),
        ("bank.md", (), "mermaid"),
        ("bank.dot", (), "dot"),
        ("bank.gv", (), "dot"),
        ("bank.txt", (), "mermaid"),
        ("bank", (), "mermaid"),
        ("bank.svg", ("--as", "dot"), "dot"),
    ],
)
def test_a_map_is_written_to_a_file(command: Any, tmp_path: Path, name: str, arguments: tuple[str, ...], kind: str) -> None:
    """Of the kind that its name tells, unless ``--as`` does; how much was drawn is told beside it."""
    file = tmp_path / name
    done = command("map", BANK, "--to", f"{file}", *arguments)
    assert (done.status, done.out) == (0, "")
    assert re.fullmatch(rf"flowdsl: drew \d+ places of flow 'bank' to {re.escape(str(file))}\n", done.err)
    assert file.read_text(encoding="utf-8").lower().startswith(_MARKS[kind].lower())


def test_a_file_that_cannot_be_written(command: Any, tmp_path: Path) -> None:
    """Status 2, and the reason."""
    done = command("map", BANK, "--to", f"{tmp_path / 'nowhere' / 'bank.svg'}")
    assert done.status == 2
    assert f"{tmp_path / 'nowhere' / 'bank.svg'} cannot be written: No such file or directory" in done.err
    assert "cannot be written: Is a directory" in command("map", BANK, "--to", f"{tmp_path}").err


def test_a_map_that_is_not_whole_says_so(command: Any) -> None:
    """It is drawn all the same."""
    done = command("map", BANK, "--turns", "20")
    assert done.status == 0
    assert done.lines[0] == "flowchart TD"
    assert "not all was walked" in done.err


def test_a_map_has_what_calls_come_to(command: Any, flows: Any) -> None:
    """What they are told to come to is what is walked."""
    both = command("map", flows(CALLING), "--as", "dot").out
    assert "There is none." in both
    assert "fails" in both
    some = command("map", flows(CALLING), "--as", "dot", "--calls", '{"look_up": true, "pay": "R1"}').out
    assert "There is none." not in some
    assert "fails" not in some
    assert "Paid, R1." in some


@pytest.fixture
def live(valkey_server: Server) -> str:
    """Give the address of an empty database."""
    address = f"redis://127.0.0.1:{valkey_server.port}/{DATABASE}"
    with connected(address) as client:
        client.flushdb()
    return address


def counts_of(drawn: str) -> dict[str, str]:
    """Read how many came to each question, and how many of them left, off a map as DOT."""
    found = re.findall(r'label="(\w+)\\n[^"]*?(\d+ came here[^"]*)"', drawn)
    return {key: counts.replace(" came here", "").replace(" left", "") for key, counts in found}


def test_a_map_of_where_people_are(command: Any, live: str, tmp_path: Path) -> None:
    """From live sessions, and from a file of exported ones, masked or not: how many came to each place, and stopped there."""
    talk(live, BANK, [], ["2"], ["2", "0244123456"], ["2", "0244123456", "20"], ["3", "1", "1234"], ["1", "1"], ["4"])
    drawn = command("map", BANK, "--as", "dot", "--cache", live)
    assert (drawn.status, drawn.err) == (0, "")
    expected = {"bank": "6", "menu": "6, 2", "to": "3, 1", "amount": "2, 1", "sure": "1, 1", "card": "1, 1", "last": "1"}
    assert counts_of(drawn.out) == {**expected, "limit": "0", "End": "0"}
    file = tmp_path / "journals.jsonl"
    assert command("sessions", "export", "--cache", live, "--to", f"{file}").status == 0
    assert command("map", BANK, "--as", "dot", "--journals", f"{file}").out == drawn.out
    assert command("sessions", "export", "--cache", live, "--mask", "--keep-choices", "--to", f"{file}").status == 0
    assert counts_of(command("map", BANK, "--as", "dot", "--journals", f"{file}").out)["menu"] == "6, 2"
    assert counts_of(command("map", AIRTIME, "--as", "dot", "--journals", f"{file}").out)["menu"] == "0"


def test_a_map_of_conversations_that_were_handed_over(command: Any, live: str) -> None:
    """A person who went round a menu is where they are since then."""
    talk(live, AIRTIME, ["2"], ["2", "2"], ["1"], ["1", "0244123456"])
    drawn = command("map", AIRTIME, "--as", "dot", "--cache", live, "--calls", '{"balance_of": 20, "pay": 10}')
    counts = counts_of(drawn.out)
    assert counts["menu"] == "4, 2"
    assert (counts["whom"], counts["amount"]) == ("2, 1", "1, 1")


def test_journals_that_cannot_be_read(command: Any, tmp_path: Path) -> None:
    """A file that is not there is wrong usage; a line that is no session is told, and not counted."""
    done = command("map", BANK, "--journals", f"{tmp_path / 'nowhere.jsonl'}")
    assert done.status == 2
    assert "nowhere.jsonl cannot be read: No such file or directory" in done.err
    file = tmp_path / "journals.jsonl"
    file.write_text('no JSON\n\n{"id": "x", "record": {"version": 99}}\n')
    done = command("map", BANK, "--as", "dot", "--journals", f"{file}")
    assert done.status == 0
    assert done.err.count(f"a line of {file} is no session, and is not counted") == 2
    assert counts_of(done.out)["menu"] == "0"


def test_a_store_that_does_not_answer(command: Any) -> None:
    """It is status 1, as for other commands; an address that is none is wrong usage."""
    assert command("map", BANK, "--cache", "redis://127.0.0.1:1/0").status == 1
    assert command("map", BANK, "--cache", "mongo://x").status == 2


def tallied(subject: Flow[..., Any], *conversations: list[str]) -> Counts:
    """Let people hold conversations with a service that counts."""
    tally = Tally(subject)

    async def go() -> None:
        runtime = Runtime()
        for texts in conversations:
            await Person(runtime, subject).talk(*texts)
        await runtime.close()

    asyncio.run(go())
    return tally.counts


def test_a_tally_counts_what_people_do(command: Any, tmp_path: Path) -> None:
    """Questions asked and answered, conversations begun and ended; wrong answers ask nothing anew. It is drawn on the map."""
    subject = load_flow(BANK)
    first = tallied(subject, ["1", "4"], ["2", "x", "0244123456"], ["3"])
    assert (first.started, first.finished) == (3, 1)
    assert first.shown == {"menu": 4, "to": 1, "amount": 1, "card": 1}
    assert first.answered == {"menu": 4, "to": 1}
    second = tallied(load_flow(BANK), [], ["2"])
    assert (second.started, second.finished, second.shown, second.answered) == (2, 0, {"menu": 2, "to": 1}, {"menu": 1})
    files = [tmp_path / "first.json", tmp_path / "second.json"]
    for counts, file in zip((first, second), files, strict=True):
        counts.save(file)
    assert "0244123456" not in files[0].read_text()
    drawn = command("map", BANK, "--as", "dot", "--counts", *map(str, files))
    assert drawn.status == 0
    assert counts_of(drawn.out) == {
        "End": "1",
        "bank": "5",
        "menu": "6, 1",
        "to": "2, 1",
        "amount": "1, 1",
        "card": "1, 1",
        "sure": "0",
        "last": "0",
        "limit": "0",
    }


def test_a_tally_counts_one_flow() -> None:
    """What others ask is not its business."""

    @flow
    def other() -> Steps[None]:
        yield from Prompt("menu", "Menu", choices=["a"])
        yield Say(".")

    tally = Tally(other)
    tallied(bank, ["4"])
    assert tally.counts == Counts()
    tallied(other, ["1"])
    assert tally.counts == Counts(started=1, finished=1, shown={"menu": 1}, answered={"menu": 1})


def test_who_dials_again_or_goes_back_has_not_left() -> None:
    """Somebody is counted at a question once, however often it is shown to them, and only where they have stayed."""
    subject = load_flow(AIRTIME)
    tally = Tally(subject)

    async def go() -> None:
        runtime = Runtime(navigation=Navigation(back="0"))
        person = Person(runtime, subject, sessions=SessionConfig().durable())
        await person.talk("1", "0244123456", "0", "0244123456")  # back to the number, and on again
        await person.dial()
        await person.dial()
        await person.type("5")
        await runtime.close()

    asyncio.run(go())
    assert tally.counts.shown == {"menu": 1, "whom": 2, "amount": 2, "sure": 1}
    assert tally.counts.backed == {"amount": 1}
    assert tally.counts.answered == {"menu": 1, "whom": 2, "amount": 1}


def test_a_flow_with_a_name_of_its_own_is_drawn_as_one() -> None:
    """It is not taken for another flow than that of the map."""

    @flow(name="tea-shop")
    def tea() -> Steps[None]:
        yield from Prompt("size", "Which size?", choices=["Small", "Large"])
        yield Say("Here it is.")

    assert {node.flow for node in charted(tea).nodes} == {"tea-shop"}


@pytest.mark.parametrize("content", [None, "", "[]", '{"started": "many"}'])
def test_counts_that_cannot_be_read(command: Any, tmp_path: Path, content: str | None) -> None:
    """What is no tally is status 2, with the reason."""
    file = tmp_path / "counts.json"
    if content is not None:
        file.write_text(content)
    done = command("map", BANK, "--counts", f"{file}")
    assert (done.status, done.out) == (2, "")
    assert f"{file} cannot be read: " in done.err


def test_only_one_kind_of_counts(command: Any) -> None:
    """Sessions, journals and counts are each for themselves."""
    done = command("map", BANK, "--counts", "a", "--journals", "b")
    assert done.status == 2
    assert "not allowed with argument" in done.err


def charted(subject: Flow[..., Any], **options: Any) -> Graph:
    """Make the map of a flow."""
    return Chart(explore(subject, check=False, **options), subject).graph()


def named(graph: Graph) -> dict[str, Node]:
    """Give the nodes of a map by their title, or where there is none by the beginning of their text, or by their kind."""
    return {node.title or node.text[:12] or node.kind: node for node in graph.nodes}


def between(graph: Graph) -> set[tuple[str, str, str, bool]]:
    """Give the ways of a map: from where, to where, their label, and whether they go back."""
    names = {node.id: name for name, node in named(graph).items()}
    return {(names[edge.source], names[edge.target], edge.label, edge.back) for edge in graph.edges}


def test_the_map_of_a_bank() -> None:
    """Its questions with what they expect, where they stand and in which part, and every way between them."""
    graph = charted(bank)
    nodes = named(graph)
    assert {name: (node.kind, node.flow, node.expects) for name, node in nodes.items() if node.kind == "prompt"} == {
        "menu": ("prompt", "bank", "1 of 4"),
        "to": ("prompt", "send_money", "text"),
        "amount": ("prompt", "send_money", "amount"),
        "sure": ("prompt", "send_money", "1 of 2"),
        "card": ("prompt", "cards", "1 of 3"),
        "last": ("prompt", "cards", "text"),
        "limit": ("prompt", "cards", "amount"),
    }
    source = (EXAMPLES / "bank.py").read_text(encoding="utf-8").splitlines()
    for key in ("menu", "to", "amount", "sure", "card", "last", "limit"):
        file, number = nodes[key].where.split(":")
        assert file == "bank.py"
        assert f'"{key}"' in source[int(number) - 1]
    assert [node.kind for node in graph.nodes].count("say") == 7
    ways = between(graph)
    assert {way for way in ways if way[0] != "amount"} == {
        ("bank", "Sika Bank", "", False),
        ("Sika Bank", "menu", "", False),
        ("menu", "Your balance", "Balance", False),
        ("menu", "to", "Send money", False),
        ("menu", "card", "Cards", False),
        ("menu", "Thank you fo", "Exit", False),
        ("Thank you fo", "end", "", False),
        ("Your balance", "menu", "", True),
        ("to", "amount", "any answer", False),
        ("You have onl", "menu", "", True),
        ("sure", "Sent GHS 1.0", "Yes", False),
        ("Sent GHS 1.0", "menu", "", True),
        ("sure", "menu", "No", True),
        ("card", "last", "Block a card", False),
        ("card", "limit", "Change the limit", False),
        ("card", "menu", "Back", True),
        ("last", "The card end", "any answer", False),
        ("The card end", "card", "", True),
        ("limit", "The limit is", "any answer", False),
        ("The limit is", "card", "", True),
    }
    assert {way[1] for way in ways if way[0] == "amount"} == {"sure", "You have onl"}


def test_the_map_of_airtime() -> None:
    """Calls that may fail, a flow within, a way back and a menu that becomes itself."""
    graph = charted(airtime, calls={"balance_of": either(20, LookupError("no bank")), "pay": either(10, LookupError("no money"))})
    nodes = {f"{node.kind} {node.title or node.text[:8]}".strip(): node for node in graph.nodes}
    assert set(nodes) == {
        "start airtime",
        "prompt menu",
        "run purchase",
        "run airtime",
        "call balance_of",
        "call pay",
        "prompt whom",
        "prompt amount",
        "prompt sure",
        "say You have",
        "say Goodbye.",
        "say Paid. GH",
        "say Not paid",
        "fault CallFailed",
        "end",
    }
    assert nodes["call balance_of"].text == "Look up what an account holds, as an API would."
    assert {nodes[f"prompt {key}"].flow for key in ("whom", "amount", "sure")} == {"purchase"}
    names = {node.id: name for name, node in nodes.items()}
    ways = {(names[edge.source], names[edge.target]): edge for edge in graph.edges}
    for source, target, label in (
        ("prompt menu", "run purchase", "Buy airtime"),
        ("run purchase", "prompt whom", ""),
        ("prompt menu", "call balance_of", "My balance"),
        ("call balance_of", "fault CallFailed", "fails"),
        ("call balance_of", "say You have", ""),
        ("prompt menu", "say Goodbye.", "Exit"),
        ("prompt sure", "call pay", "Pay"),
        ("prompt sure", "prompt amount", "Back"),
        ("call pay", "say Paid. GH", ""),
        ("call pay", "say Not paid", "fails"),
        ("say Goodbye.", "end", ""),
        ("run airtime", "prompt menu", ""),
    ):
        assert ways[source, target].label == label, (source, target)
    assert ways["prompt sure", "prompt amount"].back
    assert ways["run airtime", "prompt menu"].back
    assert not ways["prompt menu", "run purchase"].back
    assert {target for source, target in ways if source == "say You have"} == {"run airtime"}


def test_ways_that_meet_again_do_not_go_back() -> None:
    """A question that one of two ways comes to sooner is not one that the other comes back to."""

    @flow
    def meeting() -> Steps[None]:
        if (yield from Prompt("way", "Way?", choices=["Short", "Long"])) == "Long":
            yield from Prompt("more", "More?", choices=["a", "b"])
        yield from Prompt("sure", "Sure?", choices=["Yes", "No"])
        yield Say("Goodbye.")

    assert between(charted(meeting)) == {
        ("meeting", "way", "", False),
        ("way", "sure", "Short", False),
        ("way", "more", "Long", False),
        ("more", "sure", "any choice", False),
        ("sure", "Goodbye.", "any choice", False),
        ("Goodbye.", "end", "", False),
    }


def test_labels_of_ways() -> None:
    """Choices by their names, many of them by a number, all of them as any; texts as they were typed where they matter."""

    @flow
    def labels() -> Steps[None]:
        yield from Prompt("sure", "Sure?", choices=["Yes", "No"])
        town = yield from Prompt("town", "Town?", choices=["A", "B", "C", "D", "E", "F"])
        if town == "F":
            yield Say("Far.")
            return
        number = yield from Prompt("number", "Number?", transform=int)
        if number > 5:
            yield Say("Large.")
        else:
            yield Say("Small.")

    ways = {(source, target): label for source, target, label, _ in between(charted(labels, answers={"number": ["1", "9"]}))}
    assert ways["sure", "town"] == "any choice"
    assert ways["town", "Far."] == "F"
    assert ways["town", "number"] == "A, B, 3 more"
    assert (ways["number", "Small."], ways["number", "Large."]) == ("1", "9")


def test_a_question_that_is_asked_again_is_no_way() -> None:
    """What is refused leads nowhere; where attempts run out it does."""

    @flow
    def asking() -> Steps[None]:
        yield from Prompt("name", "Name?", validate=lambda text: None if text.isalpha() else "Letters, please.")
        yield from Prompt("pin", "PIN?", transform=int, attempts=2, too_many="Locked.")
        yield Say("Welcome.")

    graph = charted(asking)
    assert not [edge for edge in graph.edges if edge.source == edge.target]
    ways = between(graph)
    assert ("name", "pin", "any answer", False) in ways
    assert ("pin", "end", "wrong answers", False) in ways
    assert len(ways) == 5


def test_a_flow_that_raises_has_its_fault_on_the_map() -> None:
    """Where it raises, and with what."""

    @flow
    def failing() -> Steps[None]:
        if (yield from Prompt("way", "Way?", choices=["a", "b"])) == "b":
            raise LookupError("no way")
        yield Say("Goodbye.")

    graph = charted(failing)
    (fault,) = [node for node in graph.nodes if node.kind == "fault"]
    assert fault.title == "LookupError"
    assert "no way" in fault.text
    assert fault.where.startswith("test_map_and_check.py:")
    assert Edge(named(graph)["way"].id, fault.id, "b") in graph.edges


TRANSLATED = """
WORDS = Translations.of({"fr": {"Sure?": "Certain ?", "Bye.": "Au revoir."}})
YES = WORDS.gettext("Yes")

@flow
def shop(chat):
    chat.locale = yield from Prompt("language", "Language?", choices={"en": "English", "fr": "French"})
    while not (yield from Prompt.confirm("sure", WORDS.gettext("Sure?"), yes=lambda: "Oui" if chat.locale == "fr" else "Yes")):
        pass
    yield Say(WORDS.gettext("Bye."))
"""


def test_ways_are_named_in_one_language(command: Any, flows: Any) -> None:
    """A choice is called as it was first, also where others read it otherwise, and is no other choice for that."""
    drawn = command("map", flows(HEAD + TRANSLATED), "--as", "mermaid").out
    assert '|"Yes"|' in drawn
    assert "Oui" not in drawn
    assert "any choice" in drawn  # of the language


def test_what_a_map_does_not_show_is_told(command: Any, flows: Any) -> None:
    """Nobody takes it for all of the conversation."""
    source = HEAD + "async def pin_of(): return 4\n\n@flow\ndef shop():\n    yield Say(str((yield from Call(pin_of))))\n"
    done = command("map", flows(source))
    assert done.status == 0
    assert "what the call 'pin_of' of" in done.err
    assert "not drawn, since nothing led there: " in done.err


def test_failures_that_nobody_catches_are_noted(command: Any, flows: Any) -> None:
    """They are no problem unless they were told, since the author may have chosen the apology."""
    source = HEAD + "def pay() -> int: return 4\n\n@flow\ndef shop():\n    yield Say(str((yield from Call(pay))))\n"
    done = command("check", flows(source))
    assert (done.status, done.lines[0].partition(": where")[2]) == (0, " the call 'pay' fails, the person reads the apology")


def test_what_raises_in_another_language_is_a_problem(command: Any, flows: Any) -> None:
    """Each of the languages is walked for that as well."""
    source = HEAD + "from flowdsl.texts import locale\n\n@flow\ndef shop():\n    yield Prompt('a', 'A?')\n"
    source += "    yield Say(lambda: {'en': 'Fine.'}[locale() or 'en'])\n"
    assert command("check", flows(source), "--locales", "en").status == 0
    done = command("check", flows(source), "--locales", "en,fr")
    assert done.status == 1
    assert "the flow raises KeyError: 'fr'" in done.out
