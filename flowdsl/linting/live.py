"""Live objects looked at without running any code of theirs. Pure."""

import inspect
import sys
from functools import partial
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    FunctionType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, Final, NamedTuple

__all__ = ["UNKNOWN", "Unloaded", "attribute", "bound_to", "function_of", "is_a", "loaded", "unwrapped"]


class _Unknown:
    __slots__ = ()

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final = _Unknown()
"""Stands for what a name means where that cannot be told."""

_BINDING: Final = (FunctionType, MethodDescriptorType, ClassMethodDescriptorType, MemberDescriptorType, classmethod, staticmethod)


class Unloaded(NamedTuple):
    """Something of a module that nobody has imported yet."""

    dotted: str


def is_a(found: Any, kinds: type | tuple[type, ...]) -> bool:
    """Tell of what type something is, as it is and not as it says: a proxy would have to be asked."""
    return issubclass(type(found), kinds)


def loaded(dotted: str) -> Any:
    """Find what is called so, without importing anything.

    >>> loaded("os.path.join") is __import__("os").path.join
    True
    >>> loaded("no_such_module.name")
    Unloaded(dotted='no_such_module.name')
    """
    parts = dotted.split(".")
    for size in range(len(parts), 0, -1):
        found: Any = sys.modules.get(".".join(parts[:size]))
        if found is not None:
            for part in parts[size:]:
                found = attribute(found, part)
            return found
    return Unloaded(dotted)


def attribute(owner: Any, name: str) -> Any:
    """Find an attribute; :data:`UNKNOWN` where code would have to run for it, as for a property.

    >>> attribute(str, "title")
    <method 'title' of 'str' objects>
    >>> class Order:
    ...     @property
    ...     def total(self): return 1 / 0
    >>> attribute(Order(), "total"), attribute(sys, "no_such_name")
    (<unknown>, Unloaded(dotted='sys.no_such_name'))
    """
    if is_a(owner, Unloaded):
        return Unloaded(f"{owner.dotted}.{name}")
    if is_a(owner, ModuleType):
        below = f"{owner.__name__}.{name}"
        return vars(owner).get(name, sys.modules.get(below, Unloaded(below)))
    if owner is UNKNOWN:
        return UNKNOWN
    found = inspect.getattr_static(owner, name, UNKNOWN)
    if is_a(owner, type):
        return found.__get__(None, owner) if is_a(found, (classmethod, staticmethod, ClassMethodDescriptorType)) else found
    if found is UNKNOWN or inspect.getattr_static(type(owner), name, UNKNOWN) is not found:
        return found  # its own
    if is_a(found, _BINDING):
        try:
            return found.__get__(owner, type(owner))
        except AttributeError:  # a slot that is empty
            return UNKNOWN
    return UNKNOWN if hasattr(type(found), "__get__") else found


def bound_to(function: Any) -> Any:
    """Tell of what a function is a method; ``None`` where it is a function of its own."""
    if not is_a(function, (MethodType, BuiltinFunctionType)):
        return None
    owner = function.__self__
    return None if is_a(owner, ModuleType) else owner


def unwrapped(function: Any) -> Any:
    """Give what a partial calls."""
    while is_a(function, partial):
        function = function.func
    return function


def function_of(found: Any) -> FunctionType | None:
    """Give the function, as it was written, that runs where something is called; ``None`` where there is none.

    >>> from functools import cache, partial
    >>> def double(number): return 2 * number
    >>> function_of(partial(cache(double), 2)) is double
    True
    """
    seen: set[int] = set()
    while id(found) not in seen:
        seen.add(id(found))
        found = unwrapped(found)
        found = found.__func__ if is_a(found, MethodType) else found
        wrapped = inspect.getattr_static(found, "__wrapped__", None)
        if wrapped is None:
            break
        found = wrapped
    return found if is_a(found, FunctionType) else None
