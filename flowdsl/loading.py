"""Find a flow by the name that a person types: ``module:flow`` or ``path/to/file.py:flow``."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from flowdsl.errors import ConfigurationError
from flowdsl.flow import Flow
from flowdsl.languages import Translations
from flowdsl.source import defined_at

__all__ = ["load_flow", "load_table", "translations_beside"]


def load_flow(target: str) -> Flow[..., Any]:
    """Import a flow.

    Args:
        target: ``"examples.registration:registration"``, or with a file instead of a module,
            ``"examples/registration.py:registration"``. Without ``:flow`` the module must have just one.

    Raises:
        ConfigurationError: there is no such module or flow; the message says what there is.
    """
    module, place, name = _found(target)
    flows = {key: value for key, value in vars(module).items() if isinstance(value, Flow)}
    if not name and len(flows) == 1:
        return next(iter(flows.values()))
    found = flows.get(name)
    if found is None:
        known = ", ".join(flows) or "none at all"
        asked = f"no flow {name!r}" if name else "no single flow"
        raise ConfigurationError(f"{place} has {asked}: it has {known}{_hint(getattr(module, name, None)) if name else ''}")
    return found


def load_table(target: str) -> dict[str, Any]:
    """Import a dict.

    Args:
        target: ``"tests.fakes:CALLS"``, or with a file instead of a module, ``"tests/fakes.py:CALLS"``.

    Raises:
        ConfigurationError: there is no such module, or no dict of this name in it.
    """
    module, place, name = _found(target)
    table = getattr(module, name, None) if name else None
    if not isinstance(table, dict):
        raise ConfigurationError(f"{place} has no dict {name!r}: write MODULE:NAME or FILE.py:NAME")
    return table


def _found(target: str) -> tuple[ModuleType, str, str]:
    place, _, name = target.rpartition(":") if ":" in target else (target, "", "")
    return (_load_file(Path(place)) if place.endswith(".py") else _load_module(place)), place, name


def translations_beside(flow: Flow[..., Any]) -> Translations | None:
    """Find the translations that the module of a flow has, where it has one set of them.

    Args:
        flow: the flow.
    """
    module = sys.modules.get(flow.module)
    found = {id(each): each for each in vars(module).values() if isinstance(each, Translations)} if module else {}
    return next(iter(found.values())) if len(found) == 1 else None


def _hint(found: object) -> str:
    if isinstance(found, FunctionType):
        return f". {found.__name__!r} at {defined_at(found)} is a function: put @flow above it to make it a flow"
    return "" if found is None else f". What is called so is {found!r}"


def _load_module(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise ConfigurationError(f"{name!r} is no name of a module: write MODULE:FLOW or FILE.py:FLOW")
    _import_from(Path.cwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # the module is there, and something that it imports is not
        raise ConfigurationError(f"there is no module {name!r} here: write MODULE:FLOW or FILE.py:FLOW") from None


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ConfigurationError(f"there is no file {path}")
    _import_from(path.parent)
    # A file may be called as a module that others have imported, json for example.
    name = path.stem if path.stem not in sys.modules else f"flows in {path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and enums look their module up there
    spec.loader.exec_module(module)
    return module


def _import_from(folder: Path) -> None:
    # As `python file.py` and `python -m module` do.
    place = str(folder.resolve())
    if place not in sys.path:
        sys.path.insert(0, place)
