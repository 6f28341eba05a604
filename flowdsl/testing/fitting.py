"""Whether every screen of a flow fits: on USSD in septets or UCS-2 units, in chats by the limits of the platform."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Unpack

import msgspec

from flowdsl.errors import CallFailed, ConfigurationError, TooManyAttempts
from flowdsl.flow import Flow
from flowdsl.inspection import counted
from flowdsl.loading import translations_beside
from flowdsl.messages import Reply
from flowdsl.navigation import Navigation
from flowdsl.rendering import render
from flowdsl.settings import count
from flowdsl.testing.dialogue import Dialogue
from flowdsl.testing.exploration import Exploration, Fault
from flowdsl.testing.results import Results
from flowdsl.testing.samples import Answers
from flowdsl.testing.setting import Options, Setting
from flowdsl.testing.stage import Moment
from flowdsl.testing.visits import Visit
from flowdsl.testing.walking import Bounds, Walk
from flowdsl.texts import in_language
from flowdsl.ussd.alphabet import outside
from flowdsl.ussd.screen import Screen

__all__ = ["TELEGRAM", "WHATSAPP", "Fit", "MessageLimits", "Shown", "assert_fits"]

_MOST_SHOWN: Final = 3
_ENDLESS: Final = 10**9


class MessageLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one message of a chat may hold, in characters, before a platform refuses it or something must be cut.

    Args:
        text: a message without choices.
        body: the text above choices.
        caption: the text with a picture.
        buttons: so many choices are buttons, and more are a list.
        button: what is written on one.
        rows: how many choices a list has.
        row: what is written in one.
    """

    text: int
    body: int
    caption: int
    buttons: int
    button: int
    rows: int
    row: int


WHATSAPP: Final = MessageLimits(text=4096, body=1024, caption=1024, buttons=3, button=20, rows=10, row=24)
"""Limits of the WhatsApp Cloud API, as pywa's client.py and callback.py have them, and Twilio's pages on quick replies and
list pickers: texts of 4096 characters, 1024 above buttons or a list, 3 buttons of 20, 10 rows of 24."""

TELEGRAM: Final = MessageLimits(text=4096, body=4096, caption=1024, buttons=100, button=4096, rows=100, row=4096)
"""Limits of Telegram's Bot API, as python-telegram-bot 22.8 has them in its constants: 4096 characters, captions of 1024, 100
buttons. How much a button may show is not documented."""

_BY_PLATFORM: Final[Mapping[str, MessageLimits]] = {"whatsapp": WHATSAPP, "telegram": TELEGRAM}


class Shown(NamedTuple):
    """Something that a person is shown, and how much room it takes.

    Args:
        what: what is measured: ``"screen"``, ``"text"``, ``"body"``, ``"button"`` and so on.
        text: it.
        length: how long it is, in ``unit``.
        room: how long it may be.
        unit: ``"septets"``, ``"UCS-2 units"``, ``"pages"``, ``"characters"`` or ``"choices"``.
        locale: the language in which it was shown.
        dialogue: the shortest conversation that leads there.
    """

    what: str
    text: str
    length: int
    room: int
    unit: str
    locale: str | None
    dialogue: Dialogue

    @property
    def fits(self) -> bool:
        """Whether there is room for it."""
        return self.length <= self.room

    def __str__(self) -> str:
        language = "" if self.locale is None else f" in {self.locale!r}"
        length = f"a {self.what} has {self.length} of {self.room} {self.unit}{language}"
        return f"{length}{self._why()}: {self.text!r}\n\n{self.dialogue}"

    def _why(self) -> str:
        letters = ", ".join(map(repr, outside(self.text)))
        if not letters or self.unit not in ("UCS-2 units", "pages"):
            return ""
        return f" (because of {letters}, which GSM 7-bit does not have; Screen(transliterate=True) writes all in that alphabet)"


class Fit(NamedTuple):
    """What :func:`assert_fits` has measured.

    Args:
        screens: how many different screens or messages there are.
        worst: the fullest of them; ``None`` where nothing was shown.
        misfits: those that do not fit, the fullest of each question first.
        complete: whether all was walked.
        faults: what stands in the way of measuring the rest: paths that raise, and questions that nothing answers.
    """

    screens: int
    worst: Shown | None
    misfits: tuple[Shown, ...] = ()
    complete: bool = True
    faults: tuple[Fault, ...] = ()

    def __repr__(self) -> str:
        worst, screens = self.worst, counted(self.screens, "screen")
        if worst is None:
            return screens
        if worst.unit == "pages":
            return f"{screens} of at most {counted(worst.length, 'page')}"
        return f"{screens}, the fullest with {worst.length} of {worst.room} {worst.unit}"


def assert_fits(
    flow: Flow[..., Any],
    *,
    page: int | Screen | None = None,
    locales: Sequence[str | None] | None = None,
    pages: int | None = 1,
    message: MessageLimits | None = None,
    calls: Results = {},
    answers: Answers = {},
    check: bool = True,
    rounds: int = 2,
    turns: int = 50_000,
    **options: Unpack[Options],
) -> Fit:
    """Make sure that whatever a flow shows has room where it is shown, on every path of it.

    Args:
        flow: the conversation.
        page: septets of a screen, and half as many UCS-2 units; or a ``Screen``. What ``gateway=`` has, such as ``Nalo()``,
            unless given.
        locales: the languages of the device in which it is shown; that of ``locale=`` unless given.
        pages: how many pages one screen may take: 1 forbids paging, ``None`` allows any number.
        message: what a message may hold, in a chat; that of ``platform=``, ``"whatsapp"`` or ``"telegram"``, unless given.
        calls: what calls come to, as in :func:`~flowdsl.testing.explore`.
        answers: what is typed at questions without choices: best the longest that you mean to bear.
        check: raise where something has no room; else that is only told.
        rounds: how often a path may come to one question with all that can be typed there.
        turns: how many messages are sent in all, at most, for each language.
        options: see :class:`~flowdsl.testing.Options`. The ``translations`` are those of the flow's module, unless given.

    Raises:
        AssertionError: something has no room, or not all could be walked, and ``check`` is on. The message has the fullest
            screens and their dialogues.
        ConfigurationError: what a message may hold on this platform is not known, or a setting cannot work.

    >>> from flowdsl import Prompt, Say, flow
    >>> @flow
    ... def tea():
    ...     size = yield from Prompt("size", "Which size?", choices=["Small", "Large"])
    ...     yield Say(f"One {size.lower()} tea.")
    >>> assert_fits(tea)
    4 screens, the fullest with 63 of 140 septets
    """
    __tracebackhide__ = True
    spoken_in = [options.get("locale")] if locales is None else list(locales)
    if isinstance(locales, str) or not spoken_in:
        raise ConfigurationError(f"the locales are {locales!r}: give a list of languages, such as ['en', 'fr']")
    if pages is not None:
        count("number of pages", pages)
    if page is not None:
        options["screen"] = page if isinstance(page, Screen) else Screen(septets=page, units=page // 2)
    if "translations" not in options:
        options["translations"] = translations_beside(flow)
    seen: dict[tuple[str, str], tuple[Shown, Any]] = {}
    complete = True
    faults: list[Fault] = []
    for locale in spoken_in:
        options["locale"] = locale
        setting = Setting(flow, calls, options)
        limits = _limits(setting, message)
        walk = Walk(setting, answers=answers, mistakes="each", bounds=Bounds(rounds=rounds, turns=turns))
        visits: list[Visit] = []
        for visit in walk.visits():
            visits.append(visit)
            for what, text, length, room, unit in _measured(visit, setting, limits, pages):
                if (what, text) not in seen:
                    shown = Shown(
                        what,
                        text,
                        length,
                        room,
                        unit,
                        _spoken(visit) or locale,
                        visit.dialogue(setting.flow_in_code, setting.code),
                    )
                    seen[what, text] = shown, visit.question
        complete = complete and walk.complete
        faults += [fault for fault in Exploration(flow.name, walk, visits).faults if _hides(fault)]
    fit = _fit([*seen.values()], faults, complete=complete)
    if check:
        _require(fit, flow.name)
    return fit


def _spoken(visit: Visit) -> str | None:
    """Tell the language of what is shown, which may have been chosen since."""
    state = None if visit.moment is None else visit.moment.state
    return None if state is None else state.shown


def _hides(fault: Fault) -> bool:
    """Tell whether what comes after a fault was not measured; where a call fails, the person reads the apology."""
    return fault.kind in ("raises", "stuck") and not isinstance(fault.raised, CallFailed | TooManyAttempts)


def _fit(seen: list[tuple[Shown, Any]], faults: list[Fault], *, complete: bool) -> Fit:
    worst = max((shown for shown, _ in seen), key=_fullness, default=None)
    misfits: dict[Any, Shown] = {}
    for shown, question in seen:
        if not shown.fits and (question not in misfits or _fullness(shown) > _fullness(misfits[question])):
            misfits[question] = shown
    return Fit(len(seen), worst, tuple(sorted(misfits.values(), key=_fullness, reverse=True)), complete, tuple(faults))


def _require(fit: Fit, flow: str) -> None:
    __tracebackhide__ = True
    if fit.misfits:
        shown = "\n\n".join(map(str, fit.misfits[:_MOST_SHOWN]))
        more = len(fit.misfits) - _MOST_SHOWN
        raise AssertionError(f"flow {flow!r}: {shown}{f'{chr(10) * 2}… and {more} more' if more > 0 else ''}")
    if fit.faults:
        raise AssertionError(f"flow {flow!r} could not be measured whole: {fit.faults[0]}")
    if not fit.complete:
        raise AssertionError(f"flow {flow!r} was not walked to its end: give fewer answers, or a higher `turns=`")


def _fullness(shown: Shown) -> float:
    return shown.length / shown.room


_Measure = tuple[str, str, int, int, str]


def _measured(visit: Visit, setting: Setting, limits: MessageLimits | None, pages: int | None) -> Iterator[_Measure]:
    moment = visit.moment
    if moment is None or moment.outcome is None:
        return
    screen = setting.stage.service.screen
    if limits is not None:
        yield from _message(moment.shown, limits)
    elif screen is not None and pages == 1:
        yield _screen(_whole(moment, screen, setting.stage.service.navigation), screen)
    elif screen is not None:
        whole = "\n".join(moment.pages)
        yield ("screen", whole, len(moment.pages), _ENDLESS if pages is None else pages, "pages")


def _whole(moment: Moment, screen: Screen, navigation: Navigation | None) -> str:
    """Give all that is shown at once, as a screen without an end would show it."""
    outcome, state = moment.outcome, moment.state
    if outcome is None or state is None or not state.pages:
        return moment.shown.text
    endless = msgspec.structs.replace(screen, septets=_ENDLESS, units=_ENDLESS)
    return in_language(state.shown, lambda: render(outcome, endless, navigation)[0].text)


def _screen(text: str, screen: Screen) -> _Measure:
    length = screen.measure(text)
    return ("screen", text, length.units, screen.room(length), "septets" if length.gsm else "UCS-2 units")


def _message(shown: Reply, limits: MessageLimits) -> Iterator[_Measure]:
    what, room = ("body", limits.body) if shown.choices else ("caption", limits.caption) if shown.media else ("text", limits.text)
    yield (what, shown.text, len(shown.text), room, "characters")
    if shown.choices:
        yield ("menu", "\n".join(each.label for each in shown.choices), len(shown.choices), limits.rows, "choices")
    name, most = ("button", limits.button) if len(shown.choices) <= limits.buttons else ("row", limits.row)
    for choice in shown.choices:
        yield (name, choice.label, len(choice.label), most, "characters")


def _limits(setting: Setting, message: MessageLimits | None) -> MessageLimits | None:
    if setting.on_ussd:
        return None
    found = message or _BY_PLATFORM.get(setting.person.platform)
    if found is None:
        raise ConfigurationError(
            f"what a message may hold on {setting.person.platform!r} is not known: give message=MessageLimits(…)"
        )
    return found
