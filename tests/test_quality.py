"""Lint and types: the same commands that people run."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


@pytest.mark.parametrize("arguments", [("check", "."), ("format", "--check", ".")], ids=["lint", "format"])
def test_ruff(arguments: tuple[str, ...]) -> None:
    """The sources are clean and formatted."""
    done = subprocess.run([BIN / "ruff", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy() -> None:
    """The packages, the examples and the type tests are clean in strict mode."""
    done = subprocess.run([BIN / "mypy"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pyright() -> None:
    """The same are clean for pyright, which takes its own code from npm the first time."""
    done = subprocess.run(
        [BIN / "pyright", "--pythonpath", sys.executable], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    if "npm" in done.stderr and "error" in done.stderr:
        pytest.skip("pyright could not be installed from npm: connect once, and run `pyright --version`")
    assert done.returncode == 0, done.stdout + done.stderr
