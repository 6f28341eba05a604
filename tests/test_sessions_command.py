"""``flowdsl sessions``: live sessions listed, shown, exported, deleted and taken up again, by the command line."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flowdsl import Runtime
from flowdsl.cli import main
from flowdsl.loading import load_flow
from flowdsl.record import read
from tests.operators import Deploy, connected, die_in_a_call, talk, untouched
from tests.people import Person
from tests.servers import Server, free_port
from tests.test_check_sessions import CALLING, HANDED_OVER

BANK = """\
from dataclasses import dataclass
from flowdsl import Call, Prompt, Run, Say, flow

@dataclass
class Login:
    name: str
    code: int

def sign_in(name, code):
    return {"welcome": name, "token": "tok-1", "echo": f"<{code}>", "visits": 3}

def secret_word(key):
    return Prompt(key, "Word?", secret=True, transform=str)

@flow
def recover(chat):
    word = yield secret_word("word")
    hint = yield Prompt("hint", "Hint?")
    return {"word": word, "hint": hint}

@flow(types=[Login])
def bank(chat):
    yield Say("Welcome to the bank.")
    name = yield Prompt("name", "Name?", transform=str.title)
    code = yield Prompt("code", f"{name}, your code?", secret=True, transform=int)
    login = Login(name, code)
    listed = [name, [code]]
    chat.session.set("last_code", code)
    chat.session.set("greeted", name)
    found = yield Call(sign_in, name, code)
    yield Say(f"You are in with {code}.")
    plan = yield Prompt("plan", "Plan?", choices={"d": "Daily", "w": "Weekly"})
    rescue = yield Run(recover)
    yield from rest(plan, rescue)

def rest(plan, rescue):
    password = "qwerty"
    sure = yield Prompt.confirm("sure", f"Sure about {plan}?")
    yield Prompt("more", f"More than {sure}?")
"""
SECRETS = ("4242", "xyzzy", "tok-1", "qwerty")
TO_THE_END = ["ama", "4242", "2", "xyzzy", "a spell", "1"]

Command = Any


@pytest.fixture
def sessions(url: str, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command of the group on the database, and give its status and what it printed."""

    def run(action: str, *arguments: str, at: str = url) -> SimpleNamespace:
        capsys.readouterr()
        try:
            status = main(["sessions", action, "--cache", at, *arguments])
        except SystemExit as stop:
            status = int(stop.code or 0)
        printed = capsys.readouterr()
        return SimpleNamespace(status=status, out=printed.out, err=printed.err, lines=printed.out.splitlines())

    return run


def exported(lines: list[str]) -> dict[str, Any]:
    """Read lines of JSON, by the ids of the sessions."""
    return {each["id"]: each["record"] for each in map(json.loads, lines)}


def test_sessions_are_listed_with_where_they_stand(url: str, deploy: Deploy, sessions: Command) -> None:
    """Every session is one line: flow, question, answers, times; a hand-over and a call in the middle are told."""
    first, second = talk(url, deploy(HANDED_OVER), [], ["1"])
    (handed,) = talk(url, deploy(HANDED_OVER), ["1", "20"])
    calling = die_in_a_call(url, deploy(CALLING), "", "20")
    with untouched(url):
        done = sessions("list")
    assert done.status == 0
    assert done.lines[0].split() == ["SESSION", "FLOW", "AT", "ANSWERS", "AGE", "LEFT"]
    rows = {line.split("  ")[0]: [cell.strip() for cell in line.split("  ") if cell.strip()][1:] for line in done.lines[1:]}
    assert rows[first][:3] == ["shop", "item", "0"]
    assert rows[second][:3] == ["shop", "amount", "1"]
    assert rows[handed][:3] == ["shop > pay", "sure", "1"]
    assert rows[calling][:3] == ["shop", "(calling pay)", "1"]
    assert [line.split("  ")[0] for line in done.lines[1:]] == sorted(rows)
    assert all(row[-1] == "59m" for row in rows.values())


def test_only_some_sessions_are_listed(url: str, deploy: Deploy, sessions: Command) -> None:
    """By flow, by how many, and only those that were given up; all of it as JSON as well."""
    talk(url, deploy(CALLING.replace("def shop", "def market"), "market"), [])
    fails = deploy(CALLING.replace("    receipt", "    1 / (amount - 7)\n    receipt"))
    ids = talk(url, fails, [], [], ["7", "7"], park_after=2)
    assert len(sessions("list").lines) == 5
    assert len(sessions("list", "--flow", "shop").lines) == 4
    parked = sessions("list", "--parked")
    assert [line.split()[0] for line in parked.lines[1:]] == [ids[2]]
    assert parked.lines[1].endswith("parked")
    some = sessions("list", "--limit", "2")
    assert len(some.lines) == 3
    assert "--limit 0 lists all" in some.err
    told = json.loads(sessions("list", "--json", "--flow", "shop").out)
    assert [row["session"] for row in told["sessions"]] == sorted(ids)
    assert [row["parked"] for row in told["sessions"]].count(True) == 1


def test_sessions_are_found_by_the_flow_that_they_have_become(url: str, deploy: Deploy, sessions: Command) -> None:
    """A conversation that was handed over is listed and exported by either name, and help says so."""
    ids = talk(url, deploy(HANDED_OVER), [], ["1", "20"])
    assert [line.split()[0] for line in sessions("list", "--flow", "pay").lines[1:]] == [ids[1]]
    assert len(sessions("list", "--flow", "shop").lines) == 3
    assert sessions("list", "--flow", "shop > pay").lines == ["no such sessions"]
    assert list(exported(sessions("export", "--flow", "pay").lines)) == [ids[1]]
    assert sorted(exported(sessions("export", "--flow", "shop").lines)) == sorted(ids)
    for action in ("list", "export"):
        assert "began with it or has become it" in " ".join(sessions(action, "--help").out.split())


def test_a_database_that_holds_other_things(url: str, deploy: Deploy, sessions: Command) -> None:
    """Values of every other kind are left alone, counted, and neither shown, exported nor deleted."""
    (session_id,) = talk(url, deploy(BANK, "bank"), ["ama"])
    others = ["list", "hash", "number", "json", "large", "newer"]
    with connected(url) as client:
        client.lpush("list", "1")
        client.hset("hash", "a", "1")
        client.set("number", 5)
        client.set("json", '{"a":1}')
        client.set("large", b"\x00" * 5_000_000)
        client.set("newer", '{"version":2,"revision":1}')
        with untouched(url):
            listed, out = sessions("list"), sessions("export")
        assert len(listed.lines) == 2
        assert "6 keys beside them hold no session that can be read" in listed.err
        assert list(exported(out.lines)) == [session_id]
        for other in others[:-1]:
            assert "is no session of flowdsl" in sessions("show", other).err
            assert (sessions("delete", other).status, client.exists(other)) == (1, 1)
        assert "format 2" in sessions("show", "newer").err
        assert sessions("delete", "newer").lines == ["deleted newer"]


@pytest.mark.parametrize("action", ["list", "export", "retry"])
def test_an_empty_database(sessions: Command, action: str) -> None:
    """Where nothing is, that is said and no failure."""
    done = sessions(action, *(["--all"] if action == "retry" else []))
    assert done.status == 0
    said = {"list": "no such sessions\n", "export": "", "retry": "0 sessions will be tried again\n"}
    assert done.out == said[action]


@pytest.mark.parametrize(
    "session_id", ["a blank id", "ɛdwuma 😀", "x" * 3_000, "line\nbreak", "\x1b[2Jscreen", "-dash", "a*[b]?"]
)
def test_ids_of_any_kind(url: str, deploy: Deploy, sessions: Command, session_id: str) -> None:
    """Ids with blanks, of other alphabets and of any length are found, shown so that a terminal stays whole, and deleted."""
    (stored_as,) = talk(url, deploy(BANK, "bank"), ["ama"])
    with connected(url) as client:
        client.rename(stored_as, session_id)
        named = ["--", session_id]
        listed, shown = sessions("list"), sessions("show", *named)
        assert len(listed.lines) == 2
        assert "\x1b" not in listed.out + shown.out
        assert shown.status == 0
        assert "flow 'bank'" in shown.out
        assert list(exported(sessions("export", *named).lines)) == [session_id]
        assert sessions("delete", *named).status == 0
        assert client.dbsize() == 0


def test_a_terminal_without_the_characters(url: str, deploy: Deploy) -> None:
    """What a terminal cannot write is spelt out; exported lines are UTF-8 in any."""
    target = deploy(BANK.replace("Welcome to", "Akwaaba wɔ"), "bank")
    (session_id,) = talk(url, target, ["ɛsi"])
    command = [sys.executable, "-X", "utf8=0", "-m", "flowdsl", "sessions"]
    environment = {"PYTHONIOENCODING": "ascii", "PATH": "", "PYTHONPATH": ":".join(sys.path)}
    for action, expected in ((["show", session_id, target], rb"w\u0254"), (["export"], '"Ɛsi"'.encode())):
        done = subprocess.run([*command, *action, "--cache", url], capture_output=True, timeout=60, check=False, env=environment)
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
        assert expected in done.stdout


def test_where_a_person_is(url: str, deploy: Deploy, sessions: Command) -> None:
    """With the flow: the line, the variables, what was on the screen, the journal and the data; nothing secret anywhere."""
    target = deploy(BANK, "bank")
    (session_id,) = talk(url, target, TO_THE_END)
    with untouched(url):
        done = sessions("show", session_id, target)
    assert done.status == 0
    assert f"  is asked 'more' at {deploy.line('More than')}" in done.lines
    start = done.lines.index(f"  in bank at {deploy.line('yield from rest')}")
    assert done.lines[start + 1 : start + 9] == [
        "    chat = <chat>",
        "    name = 'Ama'",
        "    code = ****",
        "    login = Login(name='Ama', code=****)",
        "    listed = ['Ama', [****]]",
        "    found = {'welcome': 'Ama', 'token': ****, 'echo': ****, 'visits': 3}",
        "    plan = 'w'",
        "    rescue = {'word': ****, 'hint': ****}",
    ]
    assert f"  in rest at {deploy.line('More than')}" in done.lines
    assert "    password = ****" in done.lines
    start = done.lines.index("  transcript")
    assert done.lines[start + 1 : done.lines.index("  journal")] == [
        "    Welcome to the bank.",
        "    Name?",
        "    > Ama",
        "    Ama, your code?",
        "    > ****",
        '    (call \'sign_in\': {"welcome":"Ama","token":"****","echo":"****","visits":3})',
        "    You are in with ****.",
        "    Plan?",
        "    1. Daily",
        "    2. Weekly",
        "    > Weekly",
        "    Word?",
        "    (run 'recover': ****)",
        "    Sure about w?",
        "    1. Yes",
        "    2. No",
        "    > Yes",
        "    More than True?",
    ]
    start = done.lines.index("  journal")
    assert [line.split() for line in done.lines[start + 1 : start + 6]][:3] == [
        ["prompt", "name", '"Ama"'],
        ["prompt", "code", "****"],
        ["call", "sign_in", '{"welcome":"Ama","token":"****","echo":"****","visits":3}'],
    ]
    assert '    greeted = "Ama"' in done.lines
    assert "    last_code = ****" in done.lines
    told = json.loads(sessions("show", session_id, target, "--json").out)
    assert told["flows"][0]["where"] == deploy.line("More than")


def test_nothing_secret_is_ever_printed(url: str, deploy: Deploy, sessions: Command) -> None:
    """At every place of the conversation, with the flow and without, and where the code has changed: no secret."""
    target = deploy(BANK, "bank")
    ids = talk(url, target, *(TO_THE_END[:count] for count in range(len(TO_THE_END) + 1)))
    changed = [
        BANK,
        BANK.replace("    plan = yield", "    raise ValueError([code, found])\n    plan = yield"),
        BANK.replace('    code = yield Prompt("code"', '    code = yield Prompt("digits"'),
        BANK.replace("    name = yield", "    age = yield Prompt('age', 'Age?')\n    name = yield"),
        BANK.replace("    name = yield", "    1 / 0\n    name = yield"),
        BANK.replace("@flow(types=[Login])", "@flow(types=[Login], on_change='fail')").replace('"name"', '"who"'),
        BANK.replace("secret=True, transform=str)", "secret=True, transform=str.strip)"),
    ]
    printed = ""
    for source in changed:
        target = deploy(source, "bank")
        for session_id in ids:
            printed += sessions("show", session_id, target).out
            printed += sessions("show", session_id, target, "--json").out
        main(["check-sessions", target, "--cache", url])
    for session_id in ids:
        done = sessions("show", session_id)
        assert "answers are hidden" in done.err
        printed += done.out + sessions("show", session_id, "--json").out
    printed += sessions("list").out + sessions("export", "--mask").out + sessions("export", "--mask", "--keep-choices").out
    assert not [secret for secret in SECRETS if secret in printed]
    assert "Ama" in printed


def test_without_the_flow_answers_are_hidden(url: str, deploy: Deploy, sessions: Command) -> None:
    """The record alone does not tell what is secret; --answers shows all but what is called like a secret."""
    target = deploy(BANK.replace('"code", f', '"pin", f'), "bank")
    (session_id,) = talk(url, target, TO_THE_END[:3])
    done = sessions("show", session_id)
    assert "  is asked 'word'" in done.lines
    assert "Ama" not in done.out
    done = sessions("show", session_id, "--answers")
    assert "Ama" in done.out
    assert [line.split()[-1] for line in done.lines if line.split()[:2] == ["prompt", "pin"]] == ["****"]


SHORT = """\
from flowdsl import Call, Prompt, Say, flow

def otp():
    return 987

@flow
def shop(chat):
    name = yield Prompt("name", "Name?")
    sent = yield Call(otp)
    note = f"told {sent}"
    chat.session.set("note", f"sent {sent}.")
    chat.session.set("hall", f"hall{sent}9")
    yield Say(f"Your code is {sent}, ok?")
    yield Prompt("item", "Item?")
    yield Prompt("more", f"More than {sent}?")
"""


def test_short_secrets_are_hidden_in_texts(url: str, deploy: Deploy, sessions: Command) -> None:
    """A code of three digits is hidden in what was said, asked and kept, where it stands as a word of its own."""
    target = deploy(SHORT, "shop")
    (session_id,) = talk(url, target, ["Ama", "Tea"])
    done = sessions("show", session_id, target)
    assert "    Your code is ****, ok?" in done.lines
    assert "    More than ****?" in done.lines
    assert "    note = ****" in done.lines
    assert "    sent = ****" in done.lines
    assert '    hall = "hall9879"' in done.lines
    # Behind a point it is a fraction of a second.
    assert not re.search(r"(?<!\.)\b987\b", done.out + sessions("show", session_id, target, "--json").out)


PASSED_ON = """\
from flowdsl import Become, Prompt, flow

@flow
def menu(chat, *, key, who):
    greeting = f"{who} with {key}"
    pick = yield Prompt("pick", "Pick?", choices=["a", "b"])
    yield Prompt("more", f"More, {who}?")

@flow
def bank(chat):
    name = yield Prompt("name", "Name?")
    code = yield Prompt("code", "Code?", secret=True, transform=str)
    chat.session.set("held", f"c{code}")
    yield Become(menu, key=code, who=name)
"""


def test_secrets_that_were_handed_over(url: str, deploy: Deploy, sessions: Command) -> None:
    """After a hand-over nobody knows which parameter was a secret answer, so none is shown unless that is wanted."""
    target = deploy(PASSED_ON, "bank")
    (session_id,) = talk(url, target, ["Kwabena", "xyzzy", "1"])
    done = sessions("show", session_id, target)
    assert f"  is asked 'more' at {deploy.line('More')}" in done.lines
    assert f"  handed over to flow 'menu' of module '{deploy.path.stem}' (key=****, who=****)" in done.lines
    assert "    pick = 'a'" in done.lines
    assert "    > a" in done.lines
    assert "    held = ****" in done.lines
    assert not [each for each in ("xyzzy", "Kwabena") if each in done.out]
    assert "    who = 'Kwabena'" in sessions("show", session_id, target, "--answers").lines


def test_a_session_that_the_code_does_not_fit(url: str, deploy: Deploy, sessions: Command) -> None:
    """What the code asks now, what was set aside, and what it raises are told; a flow that is not there is a note."""
    target = deploy(BANK, "bank")
    (session_id,) = talk(url, target, ["ama", "4242", "1"])
    done = sessions("show", session_id, deploy(BANK.replace('"name", "N', '"who", "N'), "bank"))
    assert "  the screen asked for 'word', and the code comes to 'who' now" in done.lines
    start = done.lines.index("  set aside")
    assert done.lines[start + 1].split() == ["prompt", "name", "****"]
    done = sessions("show", session_id, deploy(BANK.replace("    plan", "    1 / 0\n    plan"), "bank"))
    assert f"  fails at {deploy.line('1 / 0')}: ZeroDivisionError: division by zero" in done.lines
    frame = done.lines.index(f"  in bank at {deploy.line('1 / 0')}")
    assert done.lines[frame + 1 : frame + 3] == ["    chat = <chat>", "    name = 'Ama'"]
    done = sessions("show", session_id, deploy(BANK, "recover"))
    assert done.status == 0
    assert "flow 'recover' does not stand in this session" in done.err
    assert sessions("show", session_id, "nowhere:flow").status == 2


def test_a_turn_in_the_middle_of_a_call_is_shown(url: str, deploy: Deploy, sessions: Command) -> None:
    """The unfinished call is named with its idempotency key, and not made."""
    session_id = die_in_a_call(url, deploy(CALLING), "", "20")
    target = deploy(CALLING.replace("started.set()", "raise SystemExit('called')"))
    for arguments in ([session_id], [session_id, target]):
        done = sessions("show", *arguments)
        with connected(url) as client:
            state = read(client.get(session_id).decode()).flows["shop"]
        assert state.open is not None
        assert state.open.intent is not None
        assert f"calling 'pay' with idempotency key {state.open.intent.token}" in done.out
        assert "waits for the call 'pay'" in done.out
    assert f"waits for the call 'pay' at {deploy.line('yield Call')}" in done.out


def test_exports_are_what_is_stored(url: str, deploy: Deploy, sessions: Command, tmp_path: Path) -> None:
    """Each line holds the record as it is stored; the file is nobody else's to read; ids and flows choose."""
    ids = talk(url, deploy(BANK, "bank"), TO_THE_END, ["efua"])
    file = tmp_path / "out.jsonl"
    assert sessions("export", "--to", str(file)).err == "flowdsl: 2 sessions exported\n"
    assert file.stat().st_mode & 0o777 == 0o600
    with connected(url) as client:
        stored = {session_id: client.get(session_id).decode() for session_id in ids}
    for line in file.read_text().splitlines():
        session_id = json.loads(line)["id"]
        assert line == f'{{"id":{json.dumps(session_id)},"record":{stored[session_id]}}}'
    assert list(exported(sessions("export", ids[1]).lines)) == [ids[1]]
    assert sessions("export", "--flow", "other").lines == []
    done = sessions("export", ids[1], "nobody")
    assert (done.status, len(done.lines)) == (1, 1)
    assert "there is no session 'nobody'" in done.err


def test_masked_exports_hold_no_answers(url: str, deploy: Deploy, sessions: Command) -> None:
    """Every value is of its type and tells nothing; with --keep-choices what was picked stays; numbers in ids go."""
    (session_id,) = talk(url, deploy(BANK, "bank"), TO_THE_END)
    with connected(url) as client:
        client.rename(session_id, "shop:+233244123456")
    done = sessions("export", "--mask")
    assert not [each for each in ("Ama", "4242", "xyzzy", "a spell", "Weekly", '"w"', "233244123456") if each in done.out]
    (record,) = exported(done.lines).values()
    assert list(exported(done.lines)) == ["shop:*#1"]
    state = record["flows"]["bank"]
    values = {entry[1]: entry[3] for entry in state["journal"]}
    assert values == {
        "name": "*",
        "code": 0,
        "sign_in": {"welcome": "*", "token": "*", "echo": "*", "visits": 0},
        "plan": "*",
        "recover": {"word": "*", "hint": "*"},
        "sure": False,
    }
    assert record["data"] == {"last_code": 0, "greeted": "*"}
    kept = exported(sessions("export", "--mask", "--keep-choices").lines)["shop:*#1"]["flows"]["bank"]["journal"]
    assert {entry[1]: entry[3] for entry in kept} == {**values, "plan": "w", "sure": True}


def test_delete_says_what_was_there(url: str, deploy: Deploy, sessions: Command) -> None:
    """Those that are there are deleted; the status tells if one was not; one that is named twice is deleted once."""
    ids = talk(url, deploy(BANK, "bank"), [], [], [])
    done = sessions("delete", ids[0], ids[0])
    assert (done.status, done.lines) == (0, [f"deleted {ids[0]}"])
    done = sessions("delete", ids[0], ids[1])
    assert (done.status, done.lines) == (1, [f"deleted {ids[1]}"])
    assert f"there is no session '{ids[0]}'" in done.err
    with connected(url) as client:
        assert list(client.scan_iter()) == [ids[2].encode()]


FAILING = """\
from flowdsl import Prompt, Say, flow

@flow
def shop():
    name = yield Prompt("name", "Name?")
    town = yield Prompt("town", "Town?")
    if town == "bad":
        raise ValueError
    yield Say(f"Hello {name} of {town}.")
    more = yield Prompt("more", "More?")
"""


async def test_a_conversation_that_was_given_up_goes_on(url: str, deploy: Deploy, capsys: pytest.CaptureFixture[str]) -> None:
    """After a retry the next message is an answer again, the answers before are kept, and the life is no longer."""
    flow = load_flow(deploy(FAILING))
    runtime = Runtime(cache=url, park_after=2)
    person = Person(runtime, flow)
    session_id = f"shop:ussd:test:{person.session}"
    await person.talk("ama", "bad", "bad")
    assert "not available" in await person.type("Accra")
    with connected(url) as client:
        client.pexpire(session_id, 1_000_000)
        command = [sys.executable, "-m", "flowdsl", "sessions", "retry", session_id, "--cache", url]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (0, f"will be tried again: {session_id}\n")
        assert 900_000 < client.pttl(session_id) <= 1_000_000
    assert "Hello ama of Accra." in await person.type("Accra")
    await runtime.close()


def test_all_that_were_given_up_are_tried_again(url: str, deploy: Deploy, sessions: Command) -> None:
    """With --all, and only of one flow if that is named; what was not given up is not written."""
    lost = ["ama", "bad", "bad"]
    ids = talk(url, deploy(FAILING), lost, lost, ["ama"], park_after=2)
    market = talk(url, deploy(FAILING.replace("def shop", "def market"), "market"), lost, park_after=2)
    with untouched(url):
        assert sessions("retry", ids[2]).lines == [f"not given up: {ids[2]}"]
        assert sessions("retry", ids[0], "--flow", "market").lines == [f"not given up: {ids[0]}"]
        done = sessions("retry", "nobody")
    assert (done.status, done.err) == (1, "flowdsl: there is no session 'nobody'\n")
    done = sessions("retry", "--all", "--flow", "shop")
    assert done.lines[-1] == "2 sessions will be tried again"
    assert {line.split()[-1] for line in done.lines[:-1]} == {*ids[:2]}
    assert [line.split()[0] for line in sessions("list", "--parked").lines[1:]] == market
    assert sessions("retry", "--all").lines[-1] == "1 session will be tried again"
    assert sessions("list", "--parked").lines == ["no such sessions"]


def test_what_lives_for_ever_goes_on_doing_so(url: str, deploy: Deploy, sessions: Command) -> None:
    """A session without an end is shown as one, and is not given one by a retry."""
    (session_id,) = talk(url, deploy(FAILING), ["ama", "bad", "bad"], park_after=2)
    with connected(url) as client:
        client.persist(session_id)
        assert sessions("list").lines[1].split()[-2:] == ["-", "parked"]
        assert "which lives for ever" in sessions("show", session_id).out
        assert sessions("retry", session_id).status == 0
        assert client.pttl(session_id) == -1


def test_a_namespace(url: str, deploy: Deploy, sessions: Command) -> None:
    """Within a namespace sessions have the ids that they have in the service."""
    at = f"{url}?namespace=my shop"
    (session_id,) = talk(at, deploy(FAILING), ["ama"])
    assert sessions("list", at=at).lines[1].startswith(f"{session_id} ")
    assert sessions("list").lines[1].startswith(f"my shop:{session_id} ")
    assert "flow 'shop'" in sessions("show", session_id, at=at).out
    assert sessions("show", session_id).status == 1
    assert sessions("delete", session_id, at=at).status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("list", "--cache", "memory://"), 2, "neither Redis nor Valkey"),
        (("list", "--cache", "memcached://h"), 2, "neither Redis nor Valkey"),
        (("list", "--cache", "h:6379"), 2, "no known kind"),
        (("list", "--cache", "redis://u:pa55word@127.0.0.1:{port}"), 1, "cannot be read: ConnectionError"),
        (("list",), 2, "--cache"),
        (("retry", "--cache", "redis://127.0.0.1:{port}"), 2, "retry takes the ids of sessions, or --all"),
        (("retry", "x", "--all", "--cache", "redis://127.0.0.1:{port}"), 2, "retry takes the ids of sessions, or --all"),
        (("export", "--keep-choices", "--cache", "redis://127.0.0.1:{port}"), 2, "give both"),
        (("export", "--to", "/nowhere/at/all", "--cache", "redis://127.0.0.1:{port}"), 2, "/nowhere/at/all cannot be written"),
        (("delete", "--cache", "redis://127.0.0.1:{port}"), 2, "SESSION_ID"),
        ((), 2, "ACTION"),
    ],
)
def test_what_cannot_work(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], status: int, says: str) -> None:
    """Wrong usage, another kind of cache and a server that is not there are a sentence, without a password."""
    port = free_port()
    try:
        came_to = main(["sessions", *(each.format(port=port) for each in arguments)])
    except SystemExit as stop:
        came_to = int(stop.code or 0)
    said = capsys.readouterr().err
    assert came_to == status
    assert says in said
    assert "pa55word" not in said


def test_help_warns_of_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """The help says that an export holds people's answers, and that Memcached cannot be listed."""
    for arguments, says in ((["export"], "people's answers"), ([], "a Memcached can neither list its keys")):
        with pytest.raises(SystemExit):
            main(["sessions", *arguments, "--help"])
        assert says in " ".join(capsys.readouterr().out.split())


def test_a_reader_may_have_read_enough(valkey_server: Server, deploy: Deploy) -> None:
    """A pipe that is closed at its other end is no traceback, in the middle of many lines as well."""
    url = f"redis://127.0.0.1:{valkey_server.port}/8"
    with connected(url) as client:
        client.flushdb()
        (session_id,) = talk(url, deploy(FAILING), ["ama"])
        stored = client.get(session_id)
        client.mset({f"copy {number}": stored for number in range(3_000)})
    for arguments in (["export"], ["list", "--limit", "0"]):
        command = [sys.executable, "-m", "flowdsl", "sessions", *arguments, "--cache", url]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        _, said = process.communicate(timeout=60)
        assert (process.returncode, b"Traceback" in said, b"Exception" in said) == (1, False, False)
