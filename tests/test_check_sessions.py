"""``flowdsl check-sessions``: live conversations played with changed code, and touched by nothing."""

import io
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flowdsl import Limits
from flowdsl.cli import main
from tests.operators import Deploy, connected, die_in_a_call, talk, untouched
from tests.servers import Server, free_port

SHOP = """\
from flowdsl import Back, Become, Call, Prompt, Run, Say, flow

def look_up(name):
    raise SystemExit("called")

@flow
def shop(chat):
    name = yield Prompt("name", "Name?", transform=str.title)
    town = yield Prompt("town", "Town?", choices=["Accra", "Kumasi"])
    pin = yield Prompt("pin", "PIN?", secret=True, transform=int)
    yield Say(f"Hello {name} of {town}.")
    sure = yield Prompt.confirm("sure", "Sure?")
    yield Say("Bye.")
"""
CONVERSATIONS = (["ama"], ["ama", "1"], ["ama", "2", "4242"])

Checked = Any


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Checked:
    """Run the command, and give what it came to: its status, its report, and what it printed for people."""

    def run(target: str, *arguments: str) -> SimpleNamespace:
        capsys.readouterr()
        status = main(["check-sessions", target, *arguments, "--json"])
        report = json.loads(capsys.readouterr().out)
        assert main(["check-sessions", target, *arguments]) == status
        text = capsys.readouterr().out
        assert "4242" not in text + json.dumps(report)
        counts = {kind: count for kind, count in report["counts"].items() if count}
        groups = [(each.get("expected"), each.get("found"), each["where"], each["count"]) for each in report["groups"]]
        return SimpleNamespace(status=status, report=report, text=text, counts=counts, groups=groups)

    return run


ONE_MORE = ("    pin = yield", '    email = yield Prompt("email", "E-mail?")\n    pin = yield')
TOWN = '    town = yield Prompt("town", "Town?", choices=["Accra", "Kumasi"])\n'
MOVED = [(TOWN, ""), ("    name = yield", f"{TOWN}    name = yield")]
CASES: dict[str, tuple[list[tuple[str, str]], dict[str, int], list[tuple[str | None, str | None, str, int]], int, int]] = {
    "nothing": ([], {"continues": 3}, [], 0, 0),
    "another text": ([("Town?", "Which town?")], {"continues": 3}, [], 0, 0),
    "one more question": (
        [ONE_MORE],
        {"continues": 1, "asked again": 2},
        [("pin", "email", '"email"', 2)],
        0,
        1,
    ),
    "a question less": (
        [('yield Prompt("town", "Town?", choices=["Accra", "Kumasi"])', '"Accra"')],
        {"continues anew": 2, "asked again": 1},
        [("town", "pin", '"pin"', 2), ("town", "pin", '"pin"', 1)],
        0,
        1,
    ),
    "another order": (
        MOVED,
        {"reordered": 2, "continues anew": 1},
        [("name", "town", '"town"', 2), ("name", "town", '"town"', 1)],
        0,
        0,
    ),
    "another order and a question less": (
        [*MOVED, ('    pin = yield Prompt("pin", "PIN?", secret=True, transform=int)\n', "")],
        {"continues anew": 2, "asked again": 1},
        [("name", "town", '"town"', 2), ("pin", "sure", '"sure"', 1)],
        0,
        1,
    ),
    "other choices": (
        [('["Accra", "Kumasi"]', '["Accra", "Tamale"]')],
        {"asked again": 3},
        [("town", "town", '"town"', 3)],
        0,
        1,
    ),
    "the end comes sooner": (
        [("    sure = yield", "    return\n    sure = yield")],
        {"continues": 2, "asked again": 1},
        [("sure", None, "its end", 1)],
        0,
        1,
    ),
    "a way back": (
        [('    yield Say(f"Hello', '    yield Back()\n    yield Say(f"Hello')],
        {"continues": 2, "asked again": 1},
        [("sure", "town", '"town"', 1)],
        0,
        1,
    ),
    "a call": (
        [('    yield Say(f"Hello', '    yield Call(look_up, name)\n    yield Say(f"Hello')],
        {"continues": 2, "asked again": 1},
        [("sure", "look_up", "Call(", 1)],
        0,
        1,
    ),
    "it raises": (
        [('    yield Say(f"Hello', '    raise ValueError(f"no {pin}, {name}")\n    yield Say(f"Hello')],
        {"continues": 2, "fails": 1},
        [(None, None, "raise ValueError", 1)],
        1,
        1,
    ),
    "it leaves the program": (
        [('    yield Say(f"Hello', '    raise SystemExit(f"{pin}")\n    yield Say(f"Hello')],
        {"continues": 2, "fails": 1},
        [(None, None, "raise SystemExit(f", 1)],
        1,
        1,
    ),
    "a question cannot be asked": (
        [('choices=["Accra", "Kumasi"]', "choices=[]")],
        {"fails": 3},
        [(None, None, '"town"', 3)],
        1,
        1,
    ),
    "its text cannot be made": (
        [('"Sure?"', "lambda: 1 / 0")],
        {"continues": 2, "fails": 1},
        [(None, None, "1 / 0", 1)],
        1,
        1,
    ),
    "to be asked again": (
        [("@flow", '@flow(on_change="reask")'), ONE_MORE],
        {"continues": 1, "asked again": 2},
        [("pin", "email", '"email"', 2)],
        0,
        1,
    ),
    "to begin again": (
        [("@flow", '@flow(on_change="restart")'), ONE_MORE],
        {"continues": 1, "asked again": 1, "begins again": 1},
        [("pin", "email", '"email"', 1), ("pin", "email", '"email"', 1)],
        0,
        1,
    ),
    "to fail": (
        [("@flow", '@flow(on_change="fail")'), ONE_MORE],
        {"continues": 1, "asked again": 1, "fails": 1},
        [("pin", "email", '"email"', 1), (None, None, '"email"', 1)],
        1,
        1,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_live_sessions(url: str, deploy: Deploy, check: Checked, name: str) -> None:
    """Changed code is reported with its line and counted, by its status and with --strict, and touches nothing."""
    edits, counts, groups, status, strict = CASES[name]
    talk(url, deploy(SHOP), *CONVERSATIONS)
    source = SHOP
    for old, new in edits:
        assert old in source
        source = source.replace(old, new)
    target = deploy(source)
    with untouched(url):
        done = check(target, "--cache", url)
        assert check(target, "--cache", url, "--strict").status == strict
    placed = [(old, new, where if where == "its end" else deploy.line(where), count) for old, new, where, count in groups]
    assert (done.status, done.counts, sorted(done.groups, key=str)) == (status, counts, sorted(placed, key=str))
    assert all(where in done.text for *_, where, _ in placed if where != "its end")
    assert done.text.startswith(f"3 sessions of flow 'shop' at {deploy.path}:")


def test_the_report_reads_well(url: str, deploy: Deploy, check: Checked) -> None:
    """What is printed for people is the same every time: by kind, then the largest group, with the sessions by name."""
    ids = talk(url, deploy(SHOP), *CONVERSATIONS, ["ama", "1", "4242"], ["efua", "1", "4242"])
    target = deploy(
        SHOP.replace(
            '    yield Say(f"Hello',
            "    if name == 'Efua': raise KeyError(name)\n    email = yield Prompt('email', 'Mail?')\n    yield Say(f\"Hello",
        )
    )
    expected = f"""\
5 sessions of flow 'shop' at {deploy.line("@flow")}:

        2  continue where they are

        2  are asked something else than is on the screen
              2  'sure' was, and now comes 'email' at {deploy.line("Mail?")}
                 {ids[2]}, {ids[3]}

        1  fail
              1  KeyError at {deploy.line("KeyError")}
                 'Efua'
                 {ids[4]}
"""
    assert check(target, "--cache", url).text == check(target, "--cache", url).text == expected


def test_what_continues_is_told_as_it_is(url: str, deploy: Deploy, check: Checked) -> None:
    """An answer that is asked for elsewhere is not told as one that is lost, and one that was set aside may yet be used."""
    ids = talk(url, deploy(SHOP), *CONVERSATIONS)
    text = check(deploy(SHOP.replace(TOWN, "").replace("    name = yield", f"{TOWN}    name = yield")), "--cache", url).text
    parted = f"'name' was, and now comes 'town' at {deploy.line('Town?')}"
    assert text.partition("\n\n")[2] == (
        "        2  continue where they are, with their answers in another order\n"
        f"              2  {parted}\n                 {ids[1]}, {ids[2]}\n\n"
        "        1  continue where they are, with an answer set aside that was not asked for so far\n"
        f"              1  {parted}\n                 {ids[0]}\n"
    )


HANDED_OVER = """\
from flowdsl import Become, Prompt, Say, flow

@flow
def pay(chat, *, item):
    amount = yield Prompt("amount", f"{item}, how much?", transform=int)
    sure = yield Prompt.confirm("sure", f"{amount}?")
    yield Say("Paid.")

@flow
def shop(chat):
    item = yield Prompt("item", "Item?", choices=["Tea", "Milk"])
    yield Become(pay, item=item)
"""


def test_conversations_that_were_handed_over(url: str, deploy: Deploy, check: Checked) -> None:
    """A flow that another one was handed over to is played with its parameters, and is looked for by its name."""
    talk(url, deploy(HANDED_OVER), ["1"], ["1", "20"])
    assert check(deploy(HANDED_OVER), "--cache", url).counts == {"continues": 2}
    done = check(deploy(HANDED_OVER.replace('"sure"', '"certain"')), "--cache", url)
    assert done.groups == [("sure", "certain", deploy.line("certain"), 1)]
    done = check(deploy(HANDED_OVER.replace("pay", "pay_up")), "--cache", url)
    assert (done.status, done.counts) == (1, {"asked again": 1, "fails": 1})
    assert "became flow 'pay'" in done.text


def test_conversations_that_have_become_the_flow(url: str, deploy: Deploy, check: Checked) -> None:
    """A flow is checked where it began a conversation, and where one has become it; and only there."""
    target = deploy(HANDED_OVER)
    talk(url, target, ["1", "20"], ["1", "30"], [])
    pay = [target.replace(":shop", ":pay"), "--params", '{"item": "Tea"}', "--cache", url]
    done = check(*pay)
    assert (done.status, done.counts, done.report["others"]) == (0, {"continues": 2}, 1)
    deploy(HANDED_OVER.replace('"sure"', '"certain"'))
    with untouched(url):
        done = check(*pay)
    assert done.groups == [("sure", "certain", deploy.line("certain"), 2)]
    deploy(HANDED_OVER.replace("    sure", "    1 / 0\n    sure"))
    done = check(*pay)
    assert (done.status, done.counts, done.groups) == (
        1,
        {"fails": 2},
        [(None, None, deploy.line("1 / 0"), 2)],
    )


def test_who_was_given_up_in_a_flow_that_was_become(url: str, deploy: Deploy, check: Checked) -> None:
    """That is counted by either name."""
    target = deploy(HANDED_OVER.replace("    yield Say", "    1 / (amount - 7)\n    yield Say"))
    talk(url, target, ["1", "7", "1", "1"], park_after=2)
    for name in ("shop", "pay"):
        done = check(target.replace(":shop", f":{name}"), "--params", "{}" if name == "shop" else '{"item": ""}', "--cache", url)
        assert (done.counts, done.report["parked"]) == ({"continues": 1}, 1)


WITHIN = """\
from flowdsl import Prompt, Run, Say, flow

@flow
def address():
    street = yield Prompt("street", "Street?")
    town = yield Prompt("town", "Town?")
    return f"{street}, {town}"

@flow
def shop():
    home = yield Run(address)
    sure = yield Prompt.confirm("sure", f"{home}?")
    more = yield Prompt("more", "More?")
"""


def test_flows_within_flows(url: str, deploy: Deploy, check: Checked) -> None:
    """A change in a flow within another one is reported at its own line; one that is done is only its result."""
    talk(url, deploy(WITHIN), ["High Street"], ["High Street", "Accra"], ["High Street", "Accra", "1"])
    done = check(deploy(WITHIN.replace('"town", "Town?"', '"place", "Place?"')), "--cache", url)
    assert done.counts == {"continues": 1, "asked again": 2}
    assert done.groups == [("town", "place", deploy.line("place"), 2)]


CALLING = """\
import asyncio
from flowdsl import Call, Prompt, Say, flow

started = asyncio.Event()

async def pay(amount):
    started.set()
    await asyncio.Event().wait()

@flow
def shop(chat):
    amount = yield Prompt("amount", "How much?", transform=int)
    receipt = yield Call(pay, amount)
    yield Say("Paid.")
    more = yield Prompt("more", "More?")
"""


@pytest.mark.parametrize(
    ("edit", "counts", "group"),
    [
        (("Paid.", "Done."), {"waits": 1}, (None, "pay", "yield Call(", 1)),
        (("Call(pay, amount)", 'Call(pay, amount, on_crash="fail")'), {"waits": 1}, (None, "pay", "yield Call(", 1)),
        (("Call(pay, amount)", 'Call(pay, amount, key="charge")'), {"asked again": 1}, ("pay", "charge", "yield Call(", 1)),
        (("yield Call(pay, amount)", "1"), {"asked again": 1}, ("pay", "more", '"more"', 1)),
    ],
)
def test_turns_in_the_middle_of_a_call(
    url: str,
    deploy: Deploy,
    check: Checked,
    edit: tuple[str, str],
    counts: dict[str, int],
    group: tuple[str | None, str, str, int],
) -> None:
    """Who is in the middle of a call waits for it, or for another one; none is made."""
    die_in_a_call(url, deploy(CALLING), "", "20")
    target = deploy(CALLING.replace(*edit).replace("started.set()", "raise SystemExit('called')"))
    with untouched(url):
        done = check(target, "--cache", url)
    assert (done.status, done.counts) == (0, counts)
    assert done.groups == [(group[0], group[1], deploy.line(group[2]), group[3])]


def test_a_flow_that_was_renamed_is_told(url: str, deploy: Deploy, check: Checked) -> None:
    """Every conversation would begin anew, and nobody would know."""
    talk(url, deploy(SHOP), ["ama"])
    target = deploy(SHOP.replace("def shop", "def store")).replace(":shop", ":store")
    done = check(target, "--cache", url)
    assert done.status == 0
    assert "was it renamed? `@flow(name=…)` keeps the name" in done.text
    assert check(target, "--cache", url, "--strict").status == 1


def test_what_else_is_there(url: str, deploy: Deploy, check: Checked) -> None:
    """Sessions of other flows and values of others are counted beside; a session of another format fails."""
    target = deploy(SHOP + SHOP[SHOP.index("@flow") :].replace("def shop", "def market"))
    talk(url, target, ["ama"])
    talk(url, target.replace(":shop", ":market"), ["ama"], [])
    with connected(url) as client:
        client.set("other", "x" * 100_000)
        client.lpush("list", "1")
        client.set(b"\xff\xfe", '{"a":1}')
        done = check(target, "--cache", url)
        assert (done.status, done.report["others"], done.report["strangers"]) == (0, 2, 3)
        assert "2 are of other flows only.\n" in done.text
        client.set("newer", '{"version":2,"revision":5}')
        client.set("broken", '{"version":1,"revision":"x"}')
        done = check(target, "--cache", url)
    assert done.status == 1
    assert "format 2" in done.text
    assert sorted(each["sessions"] for each in done.report["unreadable"]) == [["broken"], ["newer"]]


def test_what_is_over_and_what_was_given_up(url: str, deploy: Deploy, check: Checked) -> None:
    """Who only reads the last pages needs no code any more; who was given up is counted beside."""
    long = """
from flowdsl import Prompt, Say, flow
@flow
def shop():
    name = yield Prompt("name", "Name?")
    if name == "bad":
        raise ValueError
    yield Say("word " * 100)
"""
    talk(url, deploy(long), ["ama"], ["bad", "bad"], park_after=2)
    done = check(deploy(long), "--cache", url)
    assert (done.counts, done.report["parked"]) == ({"continues": 1, "ends": 1}, 1)
    assert "`flowdsl sessions retry`" in done.text


def test_the_limits_of_a_service_are_its_own(url: str, deploy: Deploy, check: Checked) -> None:
    """What a service lets pass is no failure, though it is more than is usual."""
    long = """
from flowdsl import Prompt, Say, flow
@flow
def shop():
    yield Prompt("name", "Name?")
    for _ in range(1_500):
        yield Say("word")
    yield Prompt("end", "End?")
"""
    talk(url, deploy(long), ["ama"], limits=Limits(steps=2_000))
    assert check(deploy(long), "--cache", url).counts == {"continues": 1}


def test_namespaces_are_kept_apart(url: str, deploy: Deploy, check: Checked) -> None:
    """Only sessions of the address's namespace are looked at, even if that looks like a pattern."""
    target = deploy(SHOP)
    spaces = ["", "?namespace=a*", "?namespace=ab"]
    for space in spaces:
        talk(url + space, target, ["ama"])
    assert [check(target, "--cache", url + space).report["sessions"] for space in spaces] == [3, 1, 1]


def test_many_sessions_come_in_batches(url: str, deploy: Deploy, check: Checked) -> None:
    """More sessions than one batch holds are each counted once."""
    target = deploy(SHOP)
    (session_id,) = talk(url, target, ["ama"])
    with connected(url) as client:
        stored = client.get(session_id)
        client.mset({f"copy {number}": stored for number in range(2_500)})
    done = check(target, "--cache", url)
    assert done.counts == {"continues": 2_501}


def test_an_empty_database(url: str, deploy: Deploy, check: Checked) -> None:
    """Nothing to check is no failure."""
    done = check(deploy(SHOP), "--cache", url, "--strict")
    assert (done.status, done.text) == (0, f"no sessions of flow 'shop' at {deploy.line('@flow')}\n")


def test_exported_sessions(url: str, deploy: Deploy, check: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was exported is checked as what is live; lines that are none are told by their number."""
    talk(url, deploy(SHOP), *CONVERSATIONS)
    file = tmp_path / "journals.jsonl"
    assert main(["sessions", "export", "--cache", url, "--to", str(file)]) == 0
    target = deploy(SHOP.replace(*ONE_MORE))
    live, exported = check(target, "--cache", url), check(target, "--journals", str(file))
    assert live.report == exported.report
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(file.read_bytes())))
    assert main(["check-sessions", target, "--journals", "-"]) == 0
    file.write_bytes(file.read_bytes() + b"\n{}\nnonsense\n\xff\n")
    done = check(target, "--journals", str(file))
    assert done.status == 1
    assert [each["sessions"] for each in done.report["unreadable"]].count(["line 5"]) == 1
    assert sum(each["count"] for each in done.report["unreadable"]) == 3


def test_masked_sessions_can_be_checked(url: str, deploy: Deploy, check: Checked, tmp_path: Path) -> None:
    """Without the answers it is still told which questions are gone, and said that answers lack."""
    talk(url, deploy(SHOP), *CONVERSATIONS)
    file = tmp_path / "journals.jsonl"
    main(["sessions", "export", "--cache", url, "--mask", "--to", str(file)])
    done = check(deploy(SHOP.replace(*ONE_MORE)), "--journals", str(file))
    assert done.groups == [("pin", "email", deploy.line("E-mail"), 2)]
    assert "3 are without their answers" in done.text


def test_what_a_flow_prints_is_not_in_the_report(url: str, deploy: Deploy, check: Checked) -> None:
    """A flow that prints, or whose module does, leaves the JSON whole."""
    talk(url, deploy(SHOP), ["ama"])
    source = SHOP.replace("@flow", "print('imported')\n@flow").replace("    town", "    print('played')\n    town")
    assert check(deploy(source), "--cache", url).counts == {"continues": 1}


def test_parameters_and_a_number(url: str, deploy: Deploy, check: Checked, capsys: pytest.CaptureFixture[str]) -> None:
    """A flow gets the parameters that it needs, and a number where it uses one."""
    source = SHOP.replace("def shop(chat):", "def shop(chat, *, fee):").replace('"Town?"', 'f"{chat.msisdn[-3:]} {fee + 1}?"')
    talk(url, deploy(SHOP), ["ama"])
    target = deploy(source)
    assert main(["check-sessions", target, "--cache", url]) == 2
    assert "fee" in capsys.readouterr().err
    assert check(target, "--cache", url, "--params", '{"fee": 5}').counts == {"continues": 1}


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("nowhere:flow", "--cache", "redis://127.0.0.1"), 2, "there is no module 'nowhere'"),
        (("{target}",), 2, "one of the arguments --cache --journals is required"),
        (("{target}", "--cache", "redis://h", "--journals", "f"), 2, "not allowed with"),
        (("{target}", "--cache", "memory://"), 2, "neither Redis nor Valkey"),
        (("{target}", "--cache", "memcached://127.0.0.1"), 2, "Memcached tells no keys"),
        (("{target}", "--cache", "nonsense"), 2, "no known kind"),
        (("{target}", "--cache", "redis://user:pa55word@127.0.0.1:{port}/0"), 1, "cannot be read: ConnectionError"),
        (("{target}", "--journals", "/nowhere/at/all"), 2, "/nowhere/at/all cannot be read: No such file"),
        (("{target}", "--journals", "/"), 2, "Is a directory"),
        (("{target}", "--cache", "redis://127.0.0.1", "--params", "[]"), 2, "is no JSON object"),
        (("{target}", "--cache", "redis://127.0.0.1", "--msisdn", "0244"), 2, "no number with its country's code"),
    ],
)
def test_what_cannot_work(
    deploy: Deploy, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], status: int, says: str
) -> None:
    """Wrong usage and a server that is not there are a sentence, without a password."""
    target, port = deploy(SHOP), free_port()
    try:
        came_to = main(["check-sessions", *(each.format(target=target, port=port) for each in arguments)])
    except SystemExit as stop:
        came_to = int(stop.code or 0)
    said = capsys.readouterr()
    assert came_to == status
    assert says in said.err
    assert "Traceback" not in said.err
    assert "pa55word" not in said.err


def test_a_server_that_hangs(own_valkey: Server, deploy: Deploy, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that does not answer is given up in its time."""
    target = deploy(SHOP)
    own_valkey.freeze()
    try:
        assert main(["check-sessions", target, "--cache", f"redis://127.0.0.1:{own_valkey.port}/0?timeout=0.2"]) == 1
    finally:
        own_valkey.thaw()
    assert "did not answer in time" in capsys.readouterr().err


def test_an_interruption_is_no_success(url: str, deploy: Deploy, capsys: pytest.CaptureFixture[str]) -> None:
    """Who stops the command before it is done does not get the status of sessions that all continue."""
    talk(url, deploy(SHOP), ["ama"])
    target = deploy(SHOP.replace("    town =", "    raise KeyboardInterrupt\n    town ="))
    assert main(["check-sessions", target, "--cache", url]) == 130
    assert "interrupted before all sessions were checked" in capsys.readouterr().err


def test_a_process_of_its_own(valkey_server: Server, deploy: Deploy) -> None:
    """The command works as people run it, and for whoever reads only its beginning."""
    url = f"redis://127.0.0.1:{valkey_server.port}/8"
    with connected(url) as client:
        client.flushdb()
    target = deploy(SHOP)
    talk(url, target, *CONVERSATIONS)
    command = [sys.executable, "-m", "flowdsl", "check-sessions", target, "--cache", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "3  continue where they are" in done.stdout
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (1, b"")
