"""A question: what is asked, what may be answered, and what becomes of the answer."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from enum import Enum, EnumMeta
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast, get_args, overload

import msgspec

from flowdsl.choices import NO_MENU, Menu, read_for
from flowdsl.errors import BadPrompt
from flowdsl.messages import Contact, Expected, Location, Media
from flowdsl.settings import is_count
from flowdsl.texts import BuiltIn, Text, is_text, translator

__all__ = ["Prompt"]

T = TypeVar("T")
K = TypeVar("K")
E = TypeVar("E", bound=Enum)


class _Question(msgspec.Struct, eq=False):
    key: str
    text: Text = cast("str", None)  # refused below, where it is said what is missing


# Replay builds every earlier prompt again on every turn, so building one must cost next to nothing:
# a struct, made in C.
class Prompt(_Question, Generic[T], kw_only=True, eq=False):
    """Ask, and stop the turn until the person has answered.

    ``answer = yield Prompt(…)`` and ``answer = yield from Prompt(…)`` do the same; the second
    tells type checkers what the answer is.

    Args:
        key: names the answer in the journal, in signals and in tests. A key may come again in a
            loop: the n-th prompt of a key takes its n-th answer.
        text: the question. This and all other texts may be a function, or a lazy string of a translation library;
            those are asked when the screen is made.
        choices: a list of answers, a mapping from answer to label, or an ``Enum``. The person picks
            by the number shown, by the answer's own text, or by its label; what the flow gets is the
            list's element, the mapping's key, or the enum's member. A prompt keeps those that it was made with, so where
            they change, make it in the flow.
        validate: called first, with what was typed or with the choice that was picked; returns what is wrong with
            it, or ``None``.
        transform: called next, with the same; returns the value to keep, or raises ``ValueError`` with a
            message for the person. Neither function runs again on replay.
        media: shown with the question.
        combine_error: show the question again below what was wrong, not only what was wrong.
        invalid: what to say when none of the choices was picked, what was expected did not come, or ``transform`` raised
            without words for a person, as ``int`` does.
        expects: ``"media"``, or one kind of it such as ``"image"``, ``"location"`` or ``"contact"``: the answer is that
            object and no text. USSD cannot send any.
        attempts: how often it may be answered wrongly; then the flow gets :class:`~flowdsl.TooManyAttempts`.
        too_many: what to say instead, and the conversation ends.
        secret: what is typed gets into no journal, signal or log; only what ``transform`` makes of it is kept.
        back: ``True`` or a key to offer the way back to the question before, ``False`` to offer none here; unless given,
            as the :class:`~flowdsl.Navigation` of the runtime has it.

    Raises:
        BadPrompt: the key or the text is not a text, the media is none, or the choices cannot be listed.

    >>> Prompt("age", "How old are you?", transform=int).key
    'age'
    """

    choices: Sequence[Any] | Mapping[Any, Text] | type[Enum] | None = None
    validate: Callable[[Any], Text | None] | None = None
    transform: Callable[[Any], T] | None = None
    media: Media | None = None
    combine_error: bool = True
    invalid: Text = ""
    expects: Expected | None = None
    attempts: int | None = None
    too_many: Text | None = None
    secret: bool = False
    back: bool | str | None = None
    keys: tuple[Any, ...] = ()
    """What can be chosen, made of ``choices``: by it replay knows a menu again."""
    listed: tuple[Any, ...] | None = None
    """The menu as it was made, and whether it holds in every language, or only while nothing is translated."""

    def __post_init__(self) -> None:
        if self.key.__class__ is not str or not self.key:
            raise BadPrompt(f"the key of a prompt is {self.key!r}: a key is a text that names the answer")
        if self.text.__class__ is not str and not is_text(self.text):
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
        choices: Any = self.choices
        if choices is None:
            return NO_MENU
        listed = self.listed
        if listed is not None and (listed[1] or translator.get() is None):
            known: Menu = listed[0]
            return known
        try:
            menu, holds = read_for(choices)
        except BadPrompt as error:
            raise BadPrompt(f"prompt {self.key!r} cannot be asked: {error}") from None
        if holds is not None:
            self.listed = (menu, holds)
        return menu

    def require(self) -> None:
        """Make sure that it can be asked. Looked at when the question is asked, not on every replay.

        Raises:
            BadPrompt: one of its settings cannot work.
        """
        wrong = ""
        if self.secret and self.transform is None:
            wrong = "it is secret and has no transform: what is typed is not kept, so give one that makes what may be"
        elif self.attempts is not None and not is_count(self.attempts):
            wrong = f"its attempts are {self.attempts!r}: give a number from 1 on"
        elif self.too_many is not None and (self.attempts is None or not is_text(self.too_many)):
            wrong = f"its too_many is {self.too_many!r}: give a text, and how many attempts there are"
        elif self.expects is not None and self.expects not in get_args(Expected):
            wrong = f"it expects {self.expects!r}: it is one of {', '.join(get_args(Expected))}"
        elif self.expects is not None and self.choices is not None:
            wrong = f"it expects {self.expects!r}, and has choices: give one of the two"
        elif not (self.validate is None or callable(self.validate)):
            wrong = f"its validate is {self.validate!r}: give a function of what was typed"
        elif not (self.transform is None or callable(self.transform)):
            wrong = f"its transform is {self.transform!r}: give a function of what was typed, without calling it"
        elif self.invalid.__class__ is not str and not is_text(self.invalid):
            wrong = f"its invalid is {self.invalid!r}, which is not a text"
        elif not (self.back is None or isinstance(self.back, bool | str)):
            wrong = f"its back is {self.back!r}: give True, False or a key"
        if wrong:
            raise BadPrompt(f"prompt {self.key!r} cannot be asked: {wrong}")

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: Prompt[str],
            key: str,
            text: Text,
            *,
            validate: Callable[[str], Text | None] | None = ...,
            media: Media | None = ...,
            combine_error: bool = ...,
            attempts: int | None = ...,
            too_many: Text | None = ...,
            secret: bool = ...,
            back: bool | str | None = ...,
        ) -> None: ...

        @overload
        def __init__(
            self,
            key: str,
            text: Text,
            *,
            transform: Callable[[str], T],
            validate: Callable[[str], Text | None] | None = ...,
            media: Media | None = ...,
            combine_error: bool = ...,
            attempts: int | None = ...,
            too_many: Text | None = ...,
            secret: bool = ...,
            back: bool | str | None = ...,
            invalid: Text = ...,
        ) -> None: ...

        @overload
        def __init__(
            self: Prompt[Location],
            key: str,
            text: Text,
            *,
            expects: Literal["location"],
            validate: Callable[[Location], Text | None] | None = ...,
            media: Media | None = ...,
            combine_error: bool = ...,
            attempts: int | None = ...,
            too_many: Text | None = ...,
            back: bool | str | None = ...,
            invalid: Text = ...,
        ) -> None: ...

        @overload
        def __init__(
            self: Prompt[Contact],
            key: str,
            text: Text,
            *,
            expects: Literal["contact"],
            validate: Callable[[Contact], Text | None] | None = ...,
            media: Media | None = ...,
            combine_error: bool = ...,
            attempts: int | None = ...,
            too_many: Text | None = ...,
            back: bool | str | None = ...,
            invalid: Text = ...,
        ) -> None: ...

        @overload
        def __init__(
            self: Prompt[Media],
            key: str,
            text: Text,
            *,
            expects: Literal["media", "image", "audio", "video", "document", "sticker"],
            validate: Callable[[Media], Text | None] | None = ...,
            media: Media | None = ...,
            combine_error: bool = ...,
            attempts: int | None = ...,
            too_many: Text | None = ...,
            back: bool | str | None = ...,
            invalid: Text = ...,
        ) -> None: ...

        @overload
        def __init__(
            self: Prompt[E],
            key: str,
            text: Text,
            *,
            choices: type[E],
            validate: Callable[[E], Text | None] | None = ...,
            media: Media | None = ...,
            combine_error: bool = ...,
            attempts: int | None = ...,
            too_many: Text | None = ...,
            secret: bool = ...,
            back: bool | str | None = ...,
            invalid: Text = ...,
        ) -> None: ...

        @overload
        def __init__(
            self: Prompt[K],
            key: str,
            text: Text,
            *,
            choices: Sequence[K] | Mapping[K, Text],
            validate: Callable[[K], Text | None] | None = ...,
            media: Media | None = ...,
            combine_error: bool = ...,
            attempts: int | None = ...,
            too_many: Text | None = ...,
            secret: bool = ...,
            back: bool | str | None = ...,
            invalid: Text = ...,
        ) -> None: ...

        @overload
        def __init__(
            self,
            key: str,
            text: Text,
            *,
            choices: Sequence[K] | Mapping[K, Text] | type[K],
            transform: Callable[[K], T],
            validate: Callable[[K], Text | None] | None = ...,
            media: Media | None = ...,
            combine_error: bool = ...,
            attempts: int | None = ...,
            too_many: Text | None = ...,
            secret: bool = ...,
            back: bool | str | None = ...,
            invalid: Text = ...,
        ) -> None: ...

        def __init__(self, key: str, text: Text, **options: Any) -> None: ...

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

    def __repr__(self) -> str:
        return f"<prompt {self.key!r}>"

    @staticmethod
    def confirm(
        key: str,
        text: Text,
        *,
        yes: Text = BuiltIn("Yes"),
        no: Text = BuiltIn("No"),
        media: Media | None = None,
        combine_error: bool = True,
        invalid: Text = "",
        attempts: int | None = None,
        too_many: Text | None = None,
        back: bool | str | None = None,
    ) -> Prompt[bool]:
        """Ask a question that is answered by yes or no.

        Args:
            key: names the answer.
            text: the question.
            yes: label of the choice that gives ``True``.
            no: label of the choice that gives ``False``.
            media: as in any prompt, and so is what follows.
            combine_error: show the question again below what was wrong.
            invalid: what to say when neither was picked.
            attempts: how often it may be answered wrongly.
            too_many: what to say then, and the conversation ends.
            back: whether and with which key the way back is offered.

        >>> Prompt.confirm("sure", "Delete it?").choices
        {True: 'Yes', False: 'No'}
        """
        return Prompt(
            key,
            text,
            choices={True: yes, False: no},
            media=media,
            combine_error=combine_error,
            invalid=invalid,
            attempts=attempts,
            too_many=too_many,
            back=back,
        )
