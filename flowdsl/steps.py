"""What a flow may yield: a :class:`Prompt` to ask, a :class:`Say` to tell."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from enum import Enum, EnumMeta
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast, overload

import msgspec

from flowdsl.choices import NO_MENU, Menu, read_menu
from flowdsl.errors import BadPrompt, BadStep
from flowdsl.messages import Media

__all__ = ["Prompt", "Say", "Step", "Steps"]

T = TypeVar("T")
K = TypeVar("K")
R = TypeVar("R")
E = TypeVar("E", bound=Enum)


class _Question(msgspec.Struct, eq=False):
    key: str
    text: str = cast("str", None)  # refused below, where it is said what is missing


# Replay builds every earlier prompt again on every turn, so building one must cost next to nothing:
# a struct, made in C.
class Prompt(_Question, Generic[T], kw_only=True, eq=False):
    """Ask, and stop the turn until the person has answered.

    ``answer = yield Prompt(…)`` and ``answer = yield from Prompt(…)`` do the same; the second
    tells type checkers what the answer is.

    Args:
        key: names the answer in the journal, in signals and in tests. A key may come again in a
            loop: the n-th prompt of a key takes its n-th answer.
        text: the question.
        choices: a list of answers, a mapping from answer to label, or an ``Enum``. The person picks
            by the number shown, by the answer's own text, or by its label; what the flow gets is the
            list's element, the mapping's key, or the enum's member.
        validate: called first, with what was typed or with the choice that was picked; returns what is wrong with
            it, or ``None``.
        transform: called next, with the same; returns the value to keep, or raises ``ValueError`` with a
            message for the person. Neither function runs again on replay.
        media: shown with the question.
        combine_error: show the question again below what was wrong, not only what was wrong.
        invalid: what to say when none of the choices was picked.

    Raises:
        BadPrompt: the key or the text is not a text, the media is none, or the choices cannot be listed.

    >>> Prompt("age", "How old are you?", transform=int).key
    'age'
    """

    choices: Sequence[Any] | Mapping[Any, str] | type[Enum] | None = None
    validate: Callable[[Any], str | None] | None = None
    transform: Callable[[Any], T] | None = None
    media: Media | None = None
    combine_error: bool = True
    invalid: str = "Please choose one of the options."
    keys: tuple[Any, ...] = ()
    """What can be chosen, made of ``choices``: by it replay knows a menu again."""

    def __post_init__(self) -> None:
        if self.key.__class__ is not str or not self.key:
            raise BadPrompt(f"the key of a prompt is {self.key!r}: a key is a text that names the answer")
        if self.text.__class__ is not str:
            raise BadPrompt(
                f"the text of prompt {self.key!r} is {self.text!r}, which is not a text: a prompt has a key and a text, "
                "Prompt('name', 'What is your name?')"
            )
        if self.media is not None and not isinstance(self.media, Media):
            raise BadPrompt(f"the media of prompt {self.key!r} is {self.media!r}: write Media(…)")
        choices: Any = self.choices
        if choices is not None:
            try:
                # An enum's members are slow to list, and the same for as long as it is the same enum.
                self.keys = (choices,) if choices.__class__ is EnumMeta else tuple(choices)
            except TypeError:
                raise BadPrompt(f"prompt {self.key!r} cannot be asked: its choices are {choices!r}") from None

    @property
    def menu(self) -> Menu:
        """The choices as they are numbered.

        Raises:
            BadPrompt: they cannot be chosen from. Looked at when the question is asked, not on every replay.
        """
        if self.choices is None:
            return NO_MENU
        try:
            return read_menu(self.choices)
        except BadPrompt as error:
            raise BadPrompt(f"prompt {self.key!r} cannot be asked: {error}") from None

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: Prompt[str],
            key: str,
            text: str,
            *,
            validate: Callable[[str], str | None] | None = ...,
            media: Media | None = ...,
            combine_error: bool = ...,
        ) -> None: ...

        @overload
        def __init__(
            self,
            key: str,
            text: str,
            *,
            transform: Callable[[str], T],
            validate: Callable[[str], str | None] | None = ...,
            media: Media | None = ...,
            combine_error: bool = ...,
        ) -> None: ...

        @overload
        def __init__(
            self: Prompt[E],
            key: str,
            text: str,
            *,
            choices: type[E],
            validate: Callable[[E], str | None] | None = ...,
            media: Media | None = ...,
            combine_error: bool = ...,
            invalid: str = ...,
        ) -> None: ...

        @overload
        def __init__(
            self: Prompt[K],
            key: str,
            text: str,
            *,
            choices: Sequence[K] | Mapping[K, str],
            validate: Callable[[K], str | None] | None = ...,
            media: Media | None = ...,
            combine_error: bool = ...,
            invalid: str = ...,
        ) -> None: ...

        @overload
        def __init__(
            self,
            key: str,
            text: str,
            *,
            choices: Sequence[K] | Mapping[K, str] | type[K],
            transform: Callable[[K], T],
            validate: Callable[[K], str | None] | None = ...,
            media: Media | None = ...,
            combine_error: bool = ...,
            invalid: str = ...,
        ) -> None: ...

        def __init__(self, key: str, text: str, **options: Any) -> None: ...

    def __iter__(self) -> Generator[Prompt[T], Any, T]:
        """Yield itself and return the answer, so that ``yield from`` has the answer's type."""
        answer: T = yield self
        return answer

    def __format__(self, spec: str) -> str:
        """Refuse to be put into a text, where the answer was meant and a ``yield`` is missing."""
        return str(self)

    def __str__(self) -> str:
        raise BadPrompt(f"prompt {self.key!r} itself is put into a text, not its answer: write `yield` before `Prompt(…)`")

    def __bool__(self) -> bool:
        raise BadPrompt(f"prompt {self.key!r} itself is taken for yes or no, not its answer: write `yield` before `Prompt(…)`")

    @staticmethod
    def confirm(key: str, text: str, *, yes: str = "Yes", no: str = "No") -> Prompt[bool]:
        """Ask a question that is answered by yes or no.

        Args:
            key: names the answer.
            text: the question.
            yes: label of the choice that gives ``True``.
            no: label of the choice that gives ``False``.

        >>> Prompt.confirm("sure", "Delete it?").choices
        {True: 'Yes', False: 'No'}
        """
        return Prompt(key, text, choices={True: yes, False: no})


class Say(msgspec.Struct, frozen=True, eq=False):
    """Tell. What is said is shown with the next prompt, or ends the session when none comes.

    Args:
        text: what to tell.
        media: shown with it.

    Raises:
        BadStep: the text or the media is not one.

    >>> Say("Welcome!").text
    'Welcome!'
    """

    text: str
    media: Media | None = None

    def __post_init__(self) -> None:
        if self.text.__class__ is not str:
            raise BadStep(f"what is said is {self.text!r}, which is not a text")
        if self.media is not None and not isinstance(self.media, Media):
            raise BadStep(f"the media of what is said is {self.media!r}: write Media(…)")

    def __iter__(self) -> Generator[Say, Any, None]:
        """Yield itself, so that ``yield from Say(…)`` works as ``yield Say(…)`` does."""
        yield self


Step: TypeAlias = Prompt[Any] | Say
"""Anything a flow may yield."""

Steps: TypeAlias = Generator[Step, Any, R]
"""What a flow's function returns: ``def registration(chat: Chat) -> Steps[None]``."""
