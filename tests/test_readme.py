"""README and the documentation: commands and snippets, run as they stand, and links."""

import asyncio
import io
import json
import re
import shlex
import subprocess
import sys
import unittest
from inspect import isfunction, signature
from pathlib import Path
from typing import Any

import pytest

from flowdsl import Runtime, Screen
from flowdsl.loading import load_flow
from tests.people import Person
from tests.servers import Server, await_port, free_port

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTATION = {str(path.relative_to(ROOT)): path for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]}
BLOCKS = re.findall(r"(?:<!-- ([a-z ]+) -->\n)?```(\w+)\n(.*?)```", README, re.DOTALL)
PYTHON = [code for _, language, code in BLOCKS if language == "python"]
SHELL = {name: code.strip() for name, language, code in BLOCKS if language == "sh"}


def test_every_block_is_run_by_a_test() -> None:
    """No block is of a kind, or a shell command without a name, that nothing here runs."""
    assert {language for _, language, _ in BLOCKS} == {"python", "sh", "json", "text"}
    assert set(SHELL) == {"run command", "dial", "answer", "chat", "check sessions", "export and check", "test command"} | {
        "check a flow",
        "draw the map",
    }


def test_the_python_blocks_run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They run from top to bottom as one program, tests included; the last one holds the conversation of the first."""
    from flowdsl.signals import flow_finished, flow_started, prompt_answered, prompt_rejected, prompt_shown

    names: dict[str, object] = {}
    monkeypatch.chdir(tmp_path)
    ran = []
    try:
        for code in PYTHON:
            exec(compile(code, "README.md", "exec"), names)
            for name in re.findall(r"^def (test_\w+)", code, re.MULTILINE):
                names[name]()  # type: ignore[operator]
                ran.append(name)
    finally:
        for signal in (flow_finished, flow_started, prompt_answered, prompt_rejected, prompt_shown):
            for receiver in [*signal.receivers.values()]:
                signal.disconnect(receiver)
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(names["TestMachine"])  # type: ignore[arg-type]
    assert unittest.TextTestRunner(stream=io.StringIO()).run(suite).wasSuccessful()
    for contract in (names["TestMyStore"], names["TestTelco"]):
        tests = [name for name in dir(contract) if name.startswith("test_")]
        assert len(tests) > 10
        for name in tests:
            getattr(contract(), name)()  # type: ignore[operator]
    assert len(ran) == 5
    printed = capsys.readouterr().out
    assert "Choose language:\n1. English\n2. French\n3. Spanish False\n" in printed
    assert "Welcome Ama! You are number 42, and we will write to you in French. True\n" in printed
    assert printed.startswith("True\n")


@pytest.mark.parametrize(
    ("name", "texts", "screen"),
    [
        ("signup", ["Ama", "31/12/1990", "0244123456", "1", "2", "1", "1"], "Thank you, Ama!"),
        ("account", ["20", "31/12/1990", "GHS 5.50", "0244123456"], "20, born 1990-12-31: GHS 5.50 to +233244123456."),
        ("shop", ["120"], "You have not enough money."),
        ("order", ["1", "1", "2", "2", "Ring Road", "Accra"], "Tea, Bread to Ring Road, Accra."),
        ("wallet", ["1", "0244123456", "40"], "40 sent to 0244123456.\nSpent today: 40.\n1. Send\n2. Exit"),
        ("wallet", ["1", "0244123456", "40", "1"], "To which number?"),
        ("journey", ["1", "3"], "Which seat?\n1. 1A\n2. 1B"),
        ("journey", ["1", "3", "2", "2", "me@example.com"], "Sent: booking of 1B."),
        ("luggage", ["fr", "2"], "2 sacs pour ?."),
        ("login", ["4821"], "Where are you?"),
        ("login", ["1", "2", "3"], "Please come to one of our shops."),
    ],
)
async def test_the_flows_do_what_they_show(name: str, texts: list[str], screen: str) -> None:
    """Each of them holds a conversation."""
    names: dict[str, Any] = {}
    for code in PYTHON:
        if f"def {name}(" in code:
            exec(compile(code, "README.md", "exec"), names)
    assert await Person(Runtime(), names[name], screen=Screen(septets=500)).talk(*texts) == screen


def test_the_python_blocks_are_typed(tmp_path: Path) -> None:
    """What README shows is what a type checker takes from those who copy it."""
    file = tmp_path / "readme.py"
    file.write_text("\n".join(PYTHON))
    command = [sys.executable, "-m", "mypy", "--config-file=", "--check-untyped-defs", str(file)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_run_command_serves_what_the_curl_commands_show() -> None:
    """The server of the first command answers those below it as README says."""
    serve = SHELL["run command"].split("&& ")[-1].replace(".venv/bin/flowdsl", f"{sys.executable} -m flowdsl")
    port = free_port()  # 8080 may be taken where the tests run
    process = subprocess.Popen(
        [*shlex.split(serve), "--port", f"{port}"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await_port(port, process)
        commands = [shlex.split(SHELL[name].replace(":8080/", f":{port}/")) for name in ("dial", "answer")]
        answers = [subprocess.run(each, capture_output=True, text=True, check=True).stdout for each in commands]
    finally:
        process.kill()
        process.wait()
    promised = [code for _, language, code in BLOCKS if language == "json"]
    assert list(map(json.loads, answers)) == list(map(json.loads, promised))


def test_the_chat_command_runs() -> None:
    """It opens the example that it names."""
    command = SHELL["chat"].replace(".venv/bin/flowdsl", f"{sys.executable} -m flowdsl")
    done = subprocess.run(shlex.split(command), input="4\n", capture_output=True, text=True, check=True, cwd=ROOT)
    assert "Thank you for banking with us." in done.stdout


async def test_the_commands_about_sessions_run(valkey_server: Server, tmp_path: Path) -> None:
    """They find the session of somebody in the middle of the registration, and that it goes on."""
    address = f"redis://127.0.0.1:{valkey_server.port}?namespace=readme:"
    registration = load_flow(f"{ROOT}/examples/registration.py:registration")
    runtime = Runtime(cache=address)
    await Person(runtime, registration).talk("Ama", "30", "1")
    await runtime.close()
    printed = []
    for name in ("check sessions", "export and check"):
        for line in SHELL[name].splitlines():
            command = line.replace(".venv/bin/flowdsl", f"{sys.executable} -m flowdsl").replace(
                "redis://127.0.0.1:6379/0", address
            )
            command = command.replace("examples/", f"{ROOT}/examples/")
            done = await asyncio.to_thread(
                subprocess.run, shlex.split(command), capture_output=True, text=True, check=True, cwd=tmp_path
            )
            printed.append(done.stdout)
    for told in (printed[0], printed[2]):
        assert re.search(r"^\s+1  continues? where", told, re.MULTILINE), told
    assert (tmp_path / "journals.jsonl").read_text().count("\n") == 1
    assert "Ama" not in (tmp_path / "journals.jsonl").read_text()


def test_the_commands_that_prove_a_flow_run(tmp_path: Path) -> None:
    """One finds nothing wrong with the example, the other draws it."""
    told = []
    for name in ("check a flow", "draw the map"):
        command = (
            SHELL[name].replace(".venv/bin/flowdsl", f"{sys.executable} -m flowdsl").replace("examples/", f"{ROOT}/examples/")
        )
        done = subprocess.run(shlex.split(command), capture_output=True, text=True, check=True, cwd=tmp_path)
        told.append(done.stdout)
    assert told[0].endswith("0 problems\n")
    assert "Airtime for which number?" in (tmp_path / "airtime.html").read_text()


def test_the_dialogue_is_what_a_failing_test_shows() -> None:
    """Where the flow takes no for yes, hypothesis shrinks to the conversation that README prints."""
    names: dict[str, Any] = {}
    broken = PYTHON[0].replace(
        'if (yield from Prompt.confirm("sure", f"Register {name}?")):', "if not (yield from ask(name)) or True:"
    )
    exec(
        compile(f"{broken}\ndef ask(name): return (yield from Prompt.confirm('sure', f'Register {{name}}?'))", "x.py", "exec"),
        names,
    )
    code = next(code for code in PYTHON if "def test_only_who_says_yes" in code)
    code = code.replace("@given", "@settings(derandomize=True, database=None)\n@given", 1)
    exec(compile(f"from hypothesis import settings\n{code}", "y.py", "exec"), names)
    with pytest.raises(AssertionError) as failed:
        names["test_only_who_says_yes_is_registered"]()
    shown = "\n".join(getattr(failed.value, "__notes__", []))
    promised = next(code for _, language, code in BLOCKS if language == "text" and "the end" in code)
    assert " ".join(promised.split()) in " ".join(shown.split())


def test_commands_install_with_nothing_but_the_repository() -> None:
    """Both commands make their own environment; the test command ends in the tests that are running now."""
    for name in ("run command", "test command"):
        assert SHELL[name].startswith("python3 -m venv .venv && .venv/bin/pip install -q ")
    assert SHELL["test command"].endswith(".venv/bin/python -m pytest")


def chapters(path: Path) -> set[str]:
    """List the chapters of a document as links name them."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", DOCUMENTATION)
def test_links_lead_somewhere(name: str) -> None:
    """Every link to a file or a chapter has its target."""
    path = DOCUMENTATION[name]
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text()):
        if not target.startswith("http"):
            file, _, chapter = target.partition("#")
            to = (path.parent / file).resolve() if file else path
            assert to.exists(), target
            assert not chapter or chapter in chapters(to), target


@pytest.mark.parametrize("name", [name for name in DOCUMENTATION if name != "README.md"])
def test_the_python_blocks_of_the_documentation_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of one document run from top to bottom as one program; what makes an application makes one."""
    from flowdsl.signals import webhook_failed

    monkeypatch.chdir(tmp_path)
    for variable in ("USSD_SECRET", "USSD_NEW_SECRET"):
        monkeypatch.setenv(variable, variable)
    names: dict[str, Any] = {}
    try:
        for code in re.findall(r"```python\n(.*?)```", DOCUMENTATION[name].read_text(), re.DOTALL):
            exec(compile(code, name, "exec"), names)
    finally:
        for receiver in [*webhook_failed.receivers.values()]:
            webhook_failed.disconnect(receiver)
    for made in names.values():
        if isfunction(made) and "argv" in signature(made).parameters:
            assert made() is not made()
