"""The command line, run as a person runs it."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest

from flowdsl import __version__
from flowdsl.loading import load_flow, translations_beside
from tests.servers import Server, free_port

ROOT = Path(__file__).parent.parent
REGISTRATION = "examples/registration.py:registration"


def run(*arguments: str, typed: str = "", cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "flowdsl", *arguments]
    return subprocess.run(command, input=typed, capture_output=True, text=True, cwd=cwd, timeout=60, check=False)


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``flowdsl serve`` until it listens, and give what it printed."""
    command = [sys.executable, "-m", "flowdsl", "serve", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        printed = ""
        while "Ctrl+C" not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        yield process, printed
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def commands(printed: str) -> tuple[str, str]:
    """Find the curl line that dials, and the one that answers 1."""
    dial, answer = re.findall(r"^ +(curl .*)$", printed, re.MULTILINE)
    return dial, answer


def curl(command: str) -> str:
    """Run a curl line as it is printed."""
    return subprocess.run(shlex.split(command), capture_output=True, text=True, check=True, timeout=20).stdout


def test_chat_speaks_the_language_of_a_device() -> None:
    """Also in the words of the library, where the module of the flow has translations."""
    done = run("chat", "examples/languages.py:tickets", "--locale", "fr-CI", typed="x\n3\n")
    assert done.returncode == 0, done.stderr
    assert "│ Bienvenue à la gare routière. │" in done.stdout
    assert "│ Choisissez une des options. │" in done.stdout
    assert "│ Bon voyage ! │" in done.stdout
    assert "│ Have a good journey! │" in run("chat", "examples/languages.py:tickets", typed="3\n").stdout


def test_translations_are_those_beside_the_flow(tmp_path: Path) -> None:
    """One set of them is taken, under whatever names; which of two is meant nobody can tell."""
    head = "from flowdsl import Prompt, Translations, flow\n@flow\ndef ask():\n    yield Prompt('name', 'Name?')\n"
    one = "{} = Translations.of({{'fr': {{'a': 'b'}}}})\n"
    for number, (code, expected) in enumerate([("", False), (one.format("a") + "b = a\n", True), (one.format("a = b"), True)]):
        file = tmp_path / f"flow_of_{number}.py"
        file.write_text(head + code)
        assert (translations_beside(load_flow(str(file))) is not None) == expected
    file = tmp_path / "flow_of_two.py"
    file.write_text(head + one.format("a") + one.format("b"))
    assert translations_beside(load_flow(str(file))) is None


def test_chat_draws_screens_with_their_lengths() -> None:
    """A whole conversation in the terminal, from the dialled code to the last screen."""
    done = run("chat", REGISTRATION, typed="ama\n30\n2\n1\n1\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("> *920*77#\n")
    assert "│ Welcome! What is your name? │" in done.stdout
    assert "27 of 140 septets" in done.stdout
    assert "│ Thank you, Ama! You are registered. │" in done.stdout


def test_a_reader_may_have_read_enough() -> None:
    """A pipe that is closed at its other end is no traceback."""
    command = [sys.executable, "-m", "flowdsl", "chat", REGISTRATION]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(b"ama\n30\n", timeout=60)
    assert (process.returncode, said) == (1, b"")


def test_chat_ends_with_the_keyboard() -> None:
    """The end of the input hangs up, and is no failure."""
    done = run("chat", REGISTRATION)
    assert (done.returncode, done.stderr) == (0, "")


def test_chat_measures_ucs2_and_pages(tmp_path: Path) -> None:
    """A letter outside GSM makes the screen UCS-2, of half the size; `--page` sets it."""
    (tmp_path / "flows.py").write_text(
        "from flowdsl import Prompt, flow\n@flow\ndef twi():\n    yield Prompt('a', 'Mepa wo kyɛw, ' + 'yɛ ' * 40)\n"
    )
    done = run("chat", "flows:twi", "--page", "60", typed="#\n", cwd=tmp_path)
    assert "of 30 UCS-2 units" in done.stdout
    assert "# Next" in done.stdout
    done = run("chat", "flows:twi", "--page", "60", "--transliterate", typed="#\n", cwd=tmp_path)
    assert "Mepa wo kyew, ye ye" in done.stdout
    assert "of 60 septets" in done.stdout
    assert "UCS-2" not in done.stdout


def test_chat_shows_what_a_flow_raised(tmp_path: Path) -> None:
    """The author of a flow sees the exception, and the person the apology."""
    (tmp_path / "flows.py").write_text("from flowdsl import flow\n@flow\ndef bad():\n    1 / 0\n    yield\n")
    done = run("chat", "flows.py", cwd=tmp_path)
    assert "Sorry, something went wrong." in done.stdout
    assert "ZeroDivisionError" in done.stderr
    assert "flows.py:4" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "required: COMMAND"),
        (("dance",), "invalid choice: 'dance'"),
        (("chat",), "MODULE:FLOW"),
        (("chat", "nowhere:flow"), "there is no module 'nowhere'"),
        (("chat", "nowhere.py:flow"), "there is no file nowhere.py"),
        (("chat", "..x:flow"), "write MODULE:FLOW"),
        (("chat", "examples/registration.py:nothing"), "has no flow 'nothing': it has registration"),
        (("chat", "json:dumps"), "json has no flow 'dumps': it has none at all"),
        (("chat", REGISTRATION, "--page", "5"), "has no room"),
        (("chat", "examples/registration.py:adult"), "registration.py:8 is a function: put @flow above it"),
        (("chat", "examples/registration.py:PLANS"), "What is called so is {'day'"),
        (("chat", REGISTRATION, "--msisdn", "0244"), "'0244' is no number with its country's code"),
        (("serve", REGISTRATION, "--port", "65536"), "'65536' is no port"),
        (("serve", REGISTRATION, "--port", "-1"), "'-1' is no port"),
        (("serve", REGISTRATION, "--cache", "mongo://x"), "no known kind"),
        (("serve", REGISTRATION, "--path", "ussd"), "must begin with '/'"),
        (("serve", REGISTRATION, "--path", "/{"), "cannot be served"),
        (("serve", REGISTRATION, "--path", "/{secret}"), "none is given"),
        (("serve", REGISTRATION, "--gateway", "pigeon"), "invalid choice: 'pigeon'"),
        (("serve", REGISTRATION, "--code", "nonsense"), "write what people dial"),
        (("serve", REGISTRATION, "--gateway", "http_json", "--code", "*1#"), "nobody dials behind http_json"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], says: str) -> None:
    """What cannot work ends with status 2 and a sentence, never with a traceback."""
    done = run(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_may_be_called_as_a_module_of_pythons(tmp_path: Path) -> None:
    """A file that happens to have the name of a module takes nothing from those who import that."""
    (tmp_path / "json.py").write_text("from flowdsl import Say, flow\n@flow\ndef hello():\n    yield Say('Hello!')\n")
    assert "Hello!" in run("chat", f"{tmp_path}/json.py:hello").stdout


def test_a_loaded_file_takes_no_modules_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others have imported stays what it was."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "json.py").write_text("from flowdsl import Say, flow\n@flow\ndef hello():\n    yield Say('Hello!')\n")
    assert load_flow(f"{tmp_path}/json.py:hello").name == "hello"
    assert sys.modules["json"] is json


FEES = "from flowdsl import Prompt, flow\n@flow\ndef shop(*, fee):\n    yield Prompt('item', f'The fee is {fee}. Item?')\n"


def test_chat_takes_the_parameters_of_a_flow(tmp_path: Path) -> None:
    """What it lacks is told at once."""
    (tmp_path / "flows.py").write_text(FEES)
    done = run("chat", "flows.py", cwd=tmp_path)
    assert done.returncode == 2
    assert "'fee'" in done.stderr
    assert "The fee is 5. Item?" in run("chat", "flows.py", "--params", '{"fee": 5}', cwd=tmp_path).stdout
    assert "no JSON object" in run("chat", "flows.py", "--params", "fee=5", cwd=tmp_path).stderr


def test_serve_takes_the_parameters_of_a_flow(tmp_path: Path) -> None:
    """As ``chat`` does."""
    (tmp_path / "flows.py").write_text(FEES)
    with serving(f"{tmp_path}/flows.py", "--params", '{"fee": 5}', "--port", f"{free_port()}") as (_, printed):
        assert json.loads(curl(commands(printed)[0]))["MSG"] == "The fee is 5. Item?"


@pytest.mark.parametrize(
    ("gateway", "dialled"),
    [
        ("nalo", '"USERDATA":"*384*77#"'),
        ("hubtel", '"Message":"*384*77#","ServiceCode":"384*77"'),
        ("africastalking", "serviceCode=*384*77#"),
        ("safaricom", "DEST=384&SESSION_ID=sf-1&USSD_PARAMS=77"),
    ],
)
def test_serve_prints_how_its_own_code_is_dialled(gateway: str, dialled: str) -> None:
    """And not that of an example, behind which nobody would reach this flow."""
    arguments = (REGISTRATION, "--gateway", gateway, "--code", "*384*77", "--port", f"{free_port()}")
    with serving(*arguments) as (_, printed):
        dial, answer = commands(printed)
        assert dialled in unquote(dial)
        assert "What is your name?" in curl(dial)
        assert "How old are you, 1?" in curl(answer)


def test_what_is_no_text_ends_the_chat_with_a_sentence() -> None:
    """Bytes that the terminal cannot have meant are no traceback."""
    command = [sys.executable, "-m", "flowdsl", "chat", REGISTRATION]
    for errors, dialled, typed in (
        ("strict", b"*920#", b"\xff\n"),
        ("surrogateescape", b"*920#", b"\xff\n"),
        ("strict", b"\xff", b""),
    ):
        environment = {**os.environ, "PYTHONIOENCODING": f"utf-8:{errors}"}
        done = subprocess.run(
            [*command, "--dial", dialled], input=typed, capture_output=True, cwd=ROOT, timeout=60, check=False, env=environment
        )
        assert done.returncode in (1, 2)
        assert b"Traceback" not in done.stderr
        assert done.stderr.startswith(b"flowdsl: ")


def test_a_file_may_import_its_neighbours(tmp_path: Path) -> None:
    """A flow given by its file finds what lies beside it, wherever the command is run."""
    (tmp_path / "words.py").write_text("HELLO = 'Hello from beside!'\n")
    (tmp_path / "flows.py").write_text(
        "from words import HELLO\nfrom flowdsl import Say, flow\n@flow\ndef hello():\n    yield Say(HELLO)\n"
    )
    assert "Hello from beside!" in run("chat", f"{tmp_path}/flows.py:hello").stdout


def test_an_error_inside_a_module_is_not_hidden(tmp_path: Path) -> None:
    """A module that cannot be imported for a reason of its own shows that reason."""
    (tmp_path / "flows.py").write_text("import no_such_package\n")
    done = run("chat", "flows:x", cwd=tmp_path)
    assert done.returncode != 0
    assert "no_such_package" in done.stderr
    assert "there is no module 'flows'" not in done.stderr


def test_version() -> None:
    """The version is that of the package."""
    assert run("--version").stdout == f"flowdsl {__version__}\n"


def test_serve_answers_the_curl_lines_it_prints() -> None:
    """The printed lines work as they are; stopping the server is no failure."""
    port = free_port()
    with serving(REGISTRATION, "--port", f"{port}") as (process, printed):
        assert f"http://127.0.0.1:{port}/ussd" in printed
        dial, answer = commands(printed)
        assert json.loads(curl(dial))["MSG"] == "Welcome! What is your name?"
        assert json.loads(curl(answer))["MSG"] == "How old are you, 1?"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_serve_answers_a_front_end_of_ones_own() -> None:
    """HTTP JSON is served as gateways are, with the person in headers."""
    port = free_port()
    with serving(REGISTRATION, "--port", f"{port}", "--gateway", "http_json") as (_, printed):
        shown = [json.loads(curl(line)) for line in commands(printed)]
    assert [each["message"] for each in shown] == ["Welcome! What is your name?", "How old are you, 1?"]
    assert shown[0]["user_id"] == "u1"


@pytest.mark.parametrize("path", ["/ussd", "/ussd/{secret}"])
@pytest.mark.parametrize("secret", ["s3cret", "a&b+c'd#e/f"])
def test_serve_asks_for_the_secret(secret: str, path: str) -> None:
    """With `--secret` only the printed address works, whatever the secret is and wherever it stands."""
    port = free_port()
    with serving(REGISTRATION, "--port", f"{port}", "--secret", secret, "--path", path) as (_, printed):
        for line, shown in zip(commands(printed), ("Welcome! What is your name?", "How old are you, 1?"), strict=True):
            assert json.loads(curl(line))["MSG"] == shown
            assert "secret is missing or wrong" in curl(re.sub(r"(secret=|ussd/)[^' ]+", r"\1wrong", line))


def test_serve_keeps_sessions_in_a_cache_by_address(valkey_server: Server) -> None:
    """With `--cache` a conversation goes on in another process."""
    for number in range(2):
        port = free_port()
        with serving(REGISTRATION, "--port", f"{port}", "--cache", f"redis://127.0.0.1:{valkey_server.port}/1") as (_, printed):
            shown = json.loads(curl(commands(printed)[number]))["MSG"]
    assert shown == "How old are you, 1?"


def test_serve_says_when_the_port_is_taken() -> None:
    """A port that is in use is a sentence and status 2, and no address is printed."""
    port = free_port()
    with serving(REGISTRATION, "--port", f"{port}"):
        done = run("serve", REGISTRATION, "--port", f"{port}")
    assert done.returncode == 2
    assert "cannot be listened on" in done.stderr
    assert done.stdout == ""
