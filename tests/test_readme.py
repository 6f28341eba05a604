"""README: its commands and its snippets, run as they stand."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import await_port, free_port

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"(?:<!-- ([a-z ]+) -->\n)?```(\w+)\n(.*?)```", README, re.DOTALL)
PYTHON = [code for _, language, code in BLOCKS if language == "python"]
SHELL = {name: code.strip() for name, language, code in BLOCKS if language == "sh"}


def test_every_block_is_run_by_a_test() -> None:
    """No block is of a kind, or a shell command without a name, that nothing here runs."""
    assert {language for _, language, _ in BLOCKS} == {"python", "sh", "json", "text"}
    assert set(SHELL) == {"run command", "dial", "answer", "chat", "test command"}


def test_the_python_blocks_run(capsys: pytest.CaptureFixture[str]) -> None:
    """They run from top to bottom as one program; the last one holds the conversation of the first."""
    from flowdsl.signals import flow_finished, prompt_rejected

    names: dict[str, object] = {}
    try:
        for code in PYTHON:
            exec(compile(code, "README.md", "exec"), names)
    finally:
        for signal, receiver in ((flow_finished, names["keep"]), (prompt_rejected, names["count"])):
            signal.disconnect(receiver)  # type: ignore[arg-type]
    printed = capsys.readouterr().out
    assert "Choose language:\n1. English\n2. French\n3. Spanish False\n" in printed
    assert "Welcome Ama! We will write to you in French. True\n" in printed


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


def test_commands_install_with_nothing_but_the_repository() -> None:
    """Both commands make their own environment; the test command ends in the tests that are running now."""
    for name in ("run command", "test command"):
        assert SHELL[name].startswith("python3 -m venv .venv && .venv/bin/pip install -q ")
    assert SHELL["test command"].endswith(".venv/bin/python -m pytest")


def test_links_lead_somewhere() -> None:
    """Every link to a file or a chapter has its target."""
    chapters = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in chapters
        elif not target.startswith("http"):
            assert (ROOT / target).exists(), target
