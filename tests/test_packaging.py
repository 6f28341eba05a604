"""The wheel and the sdist: built, installed into an empty environment, and used."""

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from flowdsl import __version__

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both."""
    directory = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(directory), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return directory


def test_what_is_in_them(built: Path) -> None:
    """The wheel has both packages with their type markers and nothing else; the sdist has the tests as well."""
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {"flowdsl", "flowdsl_adapters", f"flowdsl-{__version__}.dist-info"}
    assert {"flowdsl/py.typed", "flowdsl_adapters/py.typed"} <= set(names)
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = archive.getnames()
    assert {
        f"flowdsl-{__version__}/{each}" for each in ("README.md", "LICENSE", "tests/test_packaging.py", "docs/gateways.md")
    } <= set(inside)


def test_the_wheel_works_in_an_empty_environment(built: Path, tmp_path: Path) -> None:
    """Installed alone, it imports, mounts, and its command runs."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    (wheel,) = built.glob("*.whl")
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel], check=True, capture_output=True)
    code = "import flowdsl, flowdsl_adapters; flowdsl.Runtime(); print(flowdsl.__version__)"
    done = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == __version__
    command = tmp_path / "env" / "bin" / "flowdsl"
    listed = subprocess.run([command, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    for name in ("serve", "gateways", "chat"):
        assert name in listed
