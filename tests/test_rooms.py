"""The rooms of the library and the doors between them."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIBRARY = sorted((ROOT / "flowdsl").rglob("*.py"))
ADAPTERS = sorted((ROOT / "adapters" / "flowdsl_adapters").rglob("*.py"))
PURE = [
    *("answers", "chat", "choices", "errors", "flow", "interpreter", "journal", "messages", "outcome", "phone", "record"),
    *("rendering", "sessions", "settings", "steps", "store", "turn", "verdict", "ussd.alphabet", "ussd.pages", "ussd.screen"),
]


def name_of(path: Path) -> str:
    """Name a module by its file."""
    base = ROOT if ROOT / "flowdsl" in path.parents else ROOT / "adapters"
    return ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """List what a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names.add(node.module or "")
    return names


MODULES = {name_of(path): imported(path) for path in [*LIBRARY, *ADAPTERS]}


def reached(name: str) -> set[str]:
    """List what a module imports, and what those of ours import in turn."""
    todo, seen = [name], set()
    while todo:
        for each in MODULES.get(todo.pop(), ()):
            if each not in seen:
                seen.add(each)
                todo.append(each)
    return seen


def packages(names: set[str]) -> set[str]:
    """Tell the packages of modules."""
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("name", [f"flowdsl.{each}" for each in PURE if f"flowdsl.{each}" in MODULES])
def test_the_pure_rooms_do_no_io(name: str) -> None:
    """No pure room reaches asyncio, a cache, signals or the network."""
    assert not packages(reached(name)) & {"asyncio", "aiocache", "aiohttp", "blinker", "socket", "time", "random"}


@pytest.mark.parametrize("name", [name for name in MODULES if name.partition(".")[0] == "flowdsl"])
def test_the_library_knows_no_gateway(name: str) -> None:
    """``flowdsl`` imports neither gateways, nor aiohttp outside the command line, nor hypothesis outside testing."""
    found = packages(MODULES[name])
    assert "flowdsl_adapters" not in found
    assert "aiohttp" not in found or name in ("flowdsl.cli", "flowdsl.simulator")
    assert "hypothesis" not in found or name.startswith("flowdsl.testing")
    assert "aiocache" not in found or name.startswith("flowdsl._aiocache") or name == "flowdsl.runtime"


def test_importing_is_light() -> None:
    """``import flowdsl`` loads none of the heavy packages."""
    heavy = ["aiohttp", "hypothesis", "aiocache", "redis", "phonenumbers", "regex", "flowdsl_adapters"]
    code = f"import sys, flowdsl; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_public_names_are_listed(name: str) -> None:
    """Every module lists its public names, sorted as ruff sorts them, and has each of them."""
    module = import_module(name)
    assert module.__all__ or name == "flowdsl_adapters.serve"
    assert all(hasattr(module, each) for each in module.__all__)


def test_every_error_is_of_the_tree() -> None:
    """All errors are under FlowError, and the tree drawn in the module has each of them."""
    errors = import_module("flowdsl.errors")
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.FlowError)
        assert name in errors.__doc__
