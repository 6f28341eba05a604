"""``@flow``: a generator function becomes a conversation with a name."""

import inspect
from collections.abc import Callable, Generator, Iterable, Mapping
from contextvars import ContextVar
from types import GeneratorType
from typing import Any, Final, Generic, Literal, ParamSpec, TypeVar, cast, get_args, overload
from weakref import WeakValueDictionary

from flowdsl.errors import AuthorError, ConfigurationError, NotAFlow
from flowdsl.journal import named_types
from flowdsl.source import defined_at

__all__ = ["Flow", "OnChange", "flow", "flow_named", "observer", "placed"]

OnChange = Literal["reuse", "reask", "restart", "fail"]
"""What becomes of a conversation whose code has changed."""

observer: Final[ContextVar[Callable[[Any], Any] | None]] = ContextVar("flowdsl.observer", default=None)
"""Stands between a flow and whoever plays it: is given each generator that begins, and gives what is played instead."""

P = ParamSpec("P")
R = TypeVar("R")

_BY_NAME: Final = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Flow(Generic[P, R]):
    """A conversation: a named generator function that yields prompts and things to say.

    Made by :func:`flow`. Calling it gives the generator, so one flow can hold another with
    ``yield from other(chat)``.
    """

    __slots__ = ("__weakref__", "function", "name", "on_change", "shortcuts", "takes_chat", "types", "where")

    def __init__(
        self,
        function: Callable[P, Generator[Any, Any, R]],
        *,
        name: str,
        types: Iterable[type] = (),
        on_change: OnChange = "reuse",
        shortcuts: bool = False,
    ) -> None:
        self.function = function
        self.name = name
        if on_change not in get_args(OnChange):
            raise ConfigurationError(f"on_change of flow {name!r} is {on_change!r}: it is one of {', '.join(get_args(OnChange))}")
        self.on_change: OnChange = on_change
        if not isinstance(shortcuts, bool):
            raise ConfigurationError(f"shortcuts of flow {name!r} is {shortcuts!r}: it is True or False")
        self.shortcuts = shortcuts
        self.where = defined_at(function)
        _require_generator(function, self.where)
        self.types: Mapping[str, type] = _told_apart(tuple(types), name)
        self.takes_chat = _takes_chat(function, self.where)
        _known[self.module, name] = self

    @property
    def module(self) -> str:
        """Name of the module that it is written in."""
        return getattr(self.function, "__module__", None) or ""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Generator[Any, Any, R]:
        """Start the generator, as a call of the plain function would."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<flow {self.name!r} at {self.where}>"

    def start(self, chat: Any, params: Mapping[str, Any]) -> Generator[Any, Any, R]:
        """Start the generator with the chat, if it takes one, and its keyword parameters.

        Raises:
            ConfigurationError: it does not take these parameters.
            NotAFlow: what a decorator made of the function gives no generator.
        """
        begin: Callable[..., Generator[Any, Any, R]] = self.function
        try:
            if params:
                generator = begin(chat, **params) if self.takes_chat else begin(**params)
            else:
                generator = begin(chat) if self.takes_chat else begin()
        except TypeError:
            self.require(params)
            raise
        if generator.__class__ is GeneratorType or hasattr(generator, "send"):
            observed = observer.get()
            return generator if observed is None else cast("Generator[Any, Any, R]", observed(generator))
        raise NotAFlow(
            f"flow {self.name!r} at {self.where} gave {generator!r} when it was called, and not a generator: a decorator below "
            "@flow returns something else"
        )

    def require(self, params: Mapping[str, Any]) -> None:
        """Make sure that the flow can be started with these keyword parameters.

        Args:
            params: what it will be given.

        Raises:
            ConfigurationError: it does not take one of them, or needs another one.
        """
        signature = _called_as(self.function)
        taken = list(signature.parameters.values())
        # The chat is no parameter that anybody gives, and yet a name that is taken.
        known = {each.name for each in taken if each.kind in _BY_NAME}
        unknown = [] if any(each.kind is each.VAR_KEYWORD for each in taken) else [name for name in params if name not in known]
        wrong = [_unknown(unknown, [each.name for each in taken[self.takes_chat :] if each.kind in _BY_NAME])] if unknown else []
        try:
            given = {name: value for name, value in params.items() if name not in unknown}
            signature.bind(*([None] if self.takes_chat else []), **given)
        except TypeError as error:
            wrong.append(str(error))
        if wrong:
            raise ConfigurationError(
                f"flow {self.name!r} at {self.where} cannot be started with these params: {'; '.join(wrong)}. They are given "
                "by Run(flow, name=value), Become(flow, name=value), mount(…, params={'name': value}), or --params of a command"
            )


@overload
def flow(function: Callable[P, Generator[Any, Any, R]], /) -> Flow[P, R]: ...


@overload
def flow(
    *, name: str | None = None, types: Iterable[type] = (), on_change: OnChange = "reuse", shortcuts: bool = False
) -> Callable[[Callable[P, Generator[Any, Any, R]]], Flow[P, R]]: ...


def flow(
    function: Any = None,
    /,
    *,
    name: str | None = None,
    types: Iterable[type] = (),
    on_change: OnChange = "reuse",
    shortcuts: bool = False,
) -> Any:
    """Make a conversation of a generator function.

    The function may take one positional parameter, the :class:`~flowdsl.Chat`, and keyword parameters,
    which are given where the flow is mounted.

    Args:
        function: the generator function, where ``@flow`` is written without parentheses.
        name: what the flow is called in session ids, signals and the journal; the function's name
            unless given. Sessions are found by it, so renaming a flow starts its conversations over.
        types: enums and dataclasses that answers are made of.
        on_change: what becomes of a conversation in the middle of which a deploy changed the code. What still fits at
            the beginning always stays. ``"reuse"`` lets later answers find their questions again, ``"reask"`` drops
            them, ``"restart"`` drops all, and ``"fail"`` raises. What was called is never called again because of it.
        shortcuts: what is dialled behind the service's code answers the first questions, one after the other, up to one that
            is secret or refuses its part.

    Raises:
        NotAFlow: the function has no ``yield``, or is asynchronous.
        ConfigurationError: the name is empty, the function takes more than the chat, or a setting is not of its kind.

    >>> @flow
    ... def greeting(chat):
    ...     name = yield Prompt("name", "What is your name?")
    ...     yield Say(f"Hello, {name}!")
    >>> greeting.name
    'greeting'
    """

    def decorate(function: Callable[P, Generator[Any, Any, R]]) -> Flow[P, R]:
        if isinstance(function, str):
            raise ConfigurationError(f"a flow is named by its function, or by `@flow(name={function!r})`")
        if not callable(function):
            raise NotAFlow(f"{function!r} is not a generator function: put @flow directly above `def`")
        if isinstance(function, Flow):
            raise NotAFlow(f"{function!r} is a flow already")
        chosen = getattr(function, "__name__", "") if name is None else name
        if not isinstance(chosen, str) or not chosen:
            raise ConfigurationError(f"{function!r} needs a name to be a flow, not {chosen!r}: write `@flow(name=…)`")
        return Flow(function, name=chosen, types=types, on_change=on_change, shortcuts=shortcuts)

    return decorate if function is None else decorate(function)


# A session that another flow was handed over to knows that one by its name only.
_known: Final[WeakValueDictionary[tuple[str, str], Flow[..., Any]]] = WeakValueDictionary()


def flow_named(name: str, module: str) -> Flow[..., Any]:
    """Find a flow that is defined in this process.

    Args:
        name: its name.
        module: the module that it was written in, which tells flows of one name apart. It may have moved since.

    Raises:
        ConfigurationError: there is none, or there are several and none of them in this module.
    """
    found = _known.get((module, name))
    alike = [each for (_, other), each in _known.items() if other == name] if found is None else [found]
    if len(alike) != 1:
        known = f"several, at {', '.join(each.where for each in alike)}" if alike else "none"
        raise ConfigurationError(
            f"a conversation became flow {name!r} of module {module!r}, and of that name this process knows {known}: import the "
            "module where the service starts; where the flow was renamed, `@flow(name=…)` keeps the old name"
        )
    return alike[0]


def _require_generator(function: Any, where: str) -> None:
    bare = inspect.unwrap(function)
    name = getattr(function, "__name__", repr(function))
    if inspect.isasyncgenfunction(bare) or inspect.iscoroutinefunction(bare):
        raise NotAFlow(f"flow {name!r} at {where} is asynchronous: write `def` without `async`, and `yield` each step")
    # A decorator may be the generator, or hand on the one of the function that it wraps.
    if not inspect.isgeneratorfunction(function) and not inspect.isgeneratorfunction(bare):
        raise NotAFlow(
            f"flow {name!r} at {where} is not a generator, because nothing in it is yielded: "
            "write `yield Prompt(…)` and `yield Say(…)`"
        )


def _called_as(function: Any) -> inspect.Signature:
    """Tell how a function is called: a decorator may take more or less than what it wraps, or whatever that takes."""
    own = inspect.signature(function, follow_wrapped=False)
    hands_on = any(each.kind is each.VAR_POSITIONAL for each in own.parameters.values())
    return inspect.signature(function) if hands_on else own


def _unknown(names: list[str], known: list[str]) -> str:
    there = f"only {_listed(known)}" if known else "nor any other"
    return f"it has no parameter{'s' if len(names) > 1 else ''} {_listed(names)}, {there}"


def _listed(names: list[str]) -> str:
    *others, last = map(repr, names)
    return f"{', '.join(others)} and {last}" if others else last


def _told_apart(types: tuple[type, ...], name: str) -> dict[str, type]:
    for each in types:
        if not isinstance(each, type):
            raise ConfigurationError(f"among the types of flow {name!r} is {each!r}: name enums and dataclasses")
    known = named_types(types)
    twice = [each for each in types if known[each.__qualname__] is not each]
    if twice:
        raise ConfigurationError(
            f"flow {name!r} has two types called {twice[0].__qualname__!r}, which the journal cannot tell apart"
        )
    return known


def _takes_chat(function: Any, where: str) -> bool:
    positional = [
        parameter
        for parameter in _called_as(function).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    if len(positional) > 1 and any(each.default is inspect.Parameter.empty for each in positional[1:]):
        raise ConfigurationError(
            f"flow {function.__name__!r} at {where} takes {len(positional)} positional parameters: "
            "it may take the chat, and what else it needs as keyword parameters (after a `*`)"
        )
    return bool(positional)


def placed(error: AuthorError, flow: Flow[..., Any]) -> AuthorError:
    """Say in an error which flow it is of, and where that is written."""
    found = type(error)(f"flow {flow.name!r} at {flow.where}: {error}")
    found.where = flow.where
    return found
