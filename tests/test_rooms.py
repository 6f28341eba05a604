"""The rooms of the library and the doors between them."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from flowdsl import errors

ROOT = Path(__file__).parent.parent
LIBRARY = sorted((ROOT / "flowdsl").rglob("*.py"))
ADAPTERS = sorted((ROOT / "adapters" / "flowdsl_adapters").rglob("*.py"))
PURE = [
    *("answers", "calls", "chat", "choices", "compaction", "deliveries", "errors", "flow", "interpreter", "journal", "languages"),
    *(
        "messages",
        "misuse",
        "navigation",
        "nesting",
        "outcome",
        "owing",
        "paging",
        "pauses",
        "phone",
        "playing",
        "record",
        "rendering",
        "replay",
    ),
    *(
        "resuming",
        "service",
        "session",
        "sessions",
        "settings",
        "steps",
        "store",
        "subflows",
        "texts",
        "trouble",
        "turn",
        "verdict",
        "vocabulary",
        "ways",
    ),
    *("ending", "hearing", "shortcuts", "wellformed"),
    *("ussd.alphabet", "ussd.pages", "ussd.screen", "ussd.transliteration"),
    *("inspection.checking", "inspection.exports", "inspection.frames", "inspection.listing", "inspection.printing"),
    *("mapping.cards", "mapping.curves", "mapping.dot", "mapping.glyphs", "mapping.graph", "mapping.layers", "mapping.layout"),
    *("mapping.legend", "mapping.markup", "mapping.mermaid", "mapping.order", "mapping.overlay", "mapping.placing"),
    *("mapping.rails", "mapping.relaxing", "mapping.tracks", "mapping.widths"),
    *("inspection.secrecy", "inspection.showing", "inspection.standing", "inspection.transcript"),
    *("linting.bindings", "linting.fates", "linting.finding", "linting.handlers", "linting.kinds", "linting.live"),
    # Proving a flow needs no event loop, no clock and no chance.
    *("testing.conversation", "testing.dialogue", "testing.exploration", "testing.fitting", "testing.guessing"),
    *("testing.results", "testing.samples", "testing.setting", "testing.sites", "testing.stage", "testing.variables"),
    *("testing.course", "testing.failing", "testing.replaying", "testing.visits", "testing.walking"),
    *("linting.orders", "linting.outside", "linting.scopes", "linting.sharing", "linting.yields"),
]

# A codec knows no server, and what is told of it is found out without one. They use messages of `flowdsl`, and none of its work.
CODECS = [
    *(
        "about",
        "content_types",
        "curl",
        "declaring",
        "dialling",
        "fields",
        "forms",
        "gateway",
        "handset",
        "origin",
        "routing",
        "strict_json",
        "templates",
        "ussd",
        "wires",
    ),
    *("xml_text", "describing", "describing.facts", "describing.fields", "describing.page", "describing.spelling"),
    *("describing.table", "gateways"),
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


@pytest.mark.parametrize("name", [f"flowdsl.{each}" for each in PURE])
def test_the_pure_rooms_do_no_io(name: str) -> None:
    """No pure room reaches asyncio, a cache, signals or the network."""
    assert name in MODULES
    assert not packages(reached(name)) & {"asyncio", "aiocache", "aiohttp", "blinker", "socket", "time", "random"}


@pytest.mark.parametrize("name", [f"flowdsl_adapters.{each}" for each in CODECS])
def test_codecs_do_no_io(name: str) -> None:
    """No codec, and nothing that tells of one, imports a server, a cache or a loop, itself or by its neighbours."""
    assert name in MODULES
    ours = {each for each in {name, *reached(name)} if each.startswith("flowdsl_adapters.")}
    assert not {found for each in ours for found in packages(MODULES.get(each, set()))} & {
        "asyncio",
        "aiohttp",
        "blinker",
        "socket",
    }


@pytest.mark.parametrize("name", [name for name in MODULES if name.partition(".")[0] == "flowdsl"])
def test_the_library_knows_no_gateway(name: str) -> None:
    """``flowdsl`` imports neither gateways, nor aiohttp outside the command line, nor hypothesis outside testing."""
    found = packages(MODULES[name])
    assert "flowdsl_adapters" not in found
    assert "aiohttp" not in found or name in ("flowdsl.cli", "flowdsl.simulator")
    assert "hypothesis" not in found or name.startswith("flowdsl.testing")
    assert "aiocache" not in found or name.startswith("flowdsl._aiocache") or name in ("flowdsl.runtime", "flowdsl.stores")


def test_importing_is_light() -> None:
    """``import flowdsl`` loads none of the heavy packages, nor the parsers of answers and the list of words."""
    heavy = ["aiohttp", "hypothesis", "aiocache", "redis", "phonenumbers", "regex", "flowdsl_adapters", "flowdsl.answers"]
    heavy += ["flowdsl.vocabulary", "anyascii"]
    code = f"import sys, flowdsl; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def defined(path: Path) -> set[str]:
    """List the public names that a module defines itself."""
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Assign():
                names.update(each.id for each in node.targets if isinstance(each, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    # What says how something is typed, or where a log goes, is nobody's to import.
    return {name for name in names if not name.startswith("_") and name != "logger" and len(name.removesuffix("_contra")) > 1}


@pytest.mark.parametrize(
    "path", [path for path in [*LIBRARY, *ADAPTERS] if path.stem not in ("__init__", "__main__")], ids=name_of
)
def test_public_names_are_listed(path: Path) -> None:
    """Every module lists its public names, all of them; ruff keeps them sorted."""
    assert set(import_module(name_of(path)).__all__) == defined(path)


@pytest.mark.parametrize("path", [path for path in [*LIBRARY, *ADAPTERS] if path.stem == "__init__"], ids=name_of)
def test_what_a_package_offers_is_there(path: Path) -> None:
    """Every name that a package lists can be imported from it."""
    module = import_module(name_of(path))
    assert module.__all__
    assert all(hasattr(module, each) for each in module.__all__)


def drawn(error: type, before: str = "") -> list[str]:
    """Draw the tree below an error."""
    lines: list[str] = []
    below: list[type] = error.__subclasses__()
    for each in below:
        branch, under = ("└── ", "    ") if each is below[-1] else ("├── ", "│   ")
        lines += [before + branch + each.__name__, *drawn(each, before + under)]
    return lines


def test_the_tree_of_errors_is_as_it_is_drawn() -> None:
    """All errors are under FlowError, where the module draws them."""
    lines = (errors.__doc__ or "").splitlines()
    assert [re.match(r"\W*\w+", line)[0] for line in lines if re.match("[├└│ ]", line)] == drawn(errors.FlowError)  # type: ignore[index]
    assert {each.partition("── ")[2] for each in drawn(errors.FlowError)} | {"FlowError"} == set(errors.__all__)
