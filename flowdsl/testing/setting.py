"""What conversations of a test are held with: on which screen, by whom, and with which settings of a runtime."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TypedDict

import msgspec

from flowdsl.errors import ConfigurationError
from flowdsl.flow import Flow
from flowdsl.inspection import STAND_IN
from flowdsl.journal import encode
from flowdsl.languages import Translations
from flowdsl.messages import Inbound
from flowdsl.navigation import Navigation
from flowdsl.outcome import Limits
from flowdsl.record import anew, write
from flowdsl.resuming import Resume
from flowdsl.service import Service
from flowdsl.sessions import SessionConfig
from flowdsl.testing.dialogue import as_code
from flowdsl.testing.guessing import Guessing
from flowdsl.testing.results import Guess, InTurn, Results, begun
from flowdsl.testing.stage import Stage
from flowdsl.ussd.screen import Screen

__all__ = ["Options", "Setting", "Wire"]

_NOON: Final = 1_767_268_800.0
"""2026-01-01 12:00 UTC, when conversations begin unless told otherwise."""

_DIALLED: Final = "*920*77#"
_WRITTEN: Final = "Hi"
_SCREEN: Final = Screen()


class Wire(Protocol):
    """What a test needs to know of a gateway; all gateways of ``flowdsl_adapters`` have it."""

    @property
    def name(self) -> str:
        """What sessions call it."""
        ...

    @property
    def platform(self) -> str:
        """What it serves."""
        ...

    @property
    def screen(self) -> Screen | None:
        """Its USSD screen, if it has one."""
        ...

    @property
    def payments(self) -> bool:
        """Whether it can ask for a payment."""
        ...


class Options(TypedDict, total=False):
    """What everything in :mod:`flowdsl.testing` that holds conversations can be told, by keyword."""

    params: Mapping[str, Any]
    """The flow's keyword parameters."""
    gateway: Wire | None
    """Shows screens as this gateway does, such as ``Nalo()``."""
    platform: str
    """Where the conversation is held, unless a gateway tells: ``"ussd"``, the default, shows screens, all others messages."""
    screen: Screen | None
    """Size and keys of the USSD screen: 140 septets, unless a gateway or this tells."""
    msisdn: str | None
    """The person's number."""
    user_id: str | None
    """Their id on the platform; the number unless given."""
    name: str | None
    """What they are called there."""
    locale: str | None
    """Language of their device."""
    opener: str | None
    """What they dial, or write first in a chat."""
    shortcut: Sequence[str]
    """What they dial behind it, ``("2", "500")`` for example; it answers the first questions of a flow that has shortcuts."""
    session: Mapping[str, Any]
    """The data that the session has before."""
    sessions: SessionConfig
    """What a session id is made of, and how long it lives."""
    navigation: Navigation | None
    """The keys that lead back, as the runtime has them."""
    resume: Resume | None
    """The menu for who dials again, as the runtime has it."""
    translations: Translations | None
    """Catalogues for the words of flowdsl itself, as the runtime has them."""
    limits: Limits
    """How long the conversation may become."""
    now: float
    """When it begins, in seconds since 1970."""


class Setting:
    """What conversations are held with, made of a flow and :class:`Options`.

    Args:
        flow: the conversation.
        results: what its calls come to.
        options: all else.

    Raises:
        ConfigurationError: it is not a flow, cannot be started with these parameters, a chat is given a screen or a shortcut, or
            there is no such option.
    """

    __slots__ = ("_options", "_results", "_shortcut", "code", "flow", "in_turn", "now", "opener", "person", "stage", "stored")

    def __init__(self, flow: Flow[..., Any], results: Results, options: Options) -> None:
        _require_known(flow, options)
        gateway = options.get("gateway")
        platform = options.get("platform", "ussd") if gateway is None else gateway.platform
        msisdn = options.get("msisdn", STAND_IN)
        self._results: Final = begun(results)
        self.in_turn: Final = [key for key, each in results.items() if isinstance(each, InTurn)]
        """Keys of the calls that come to one thing after the other, which holds for one conversation."""
        self._options: Final = options
        self.flow: Final = flow
        self.code: Final = tuple(_in_code(options))
        """The options as they are written in code."""
        self.now: Final = options.get("now", _NOON)
        self._shortcut: Final = _parts(options.get("shortcut", ()), platform)
        self.opener: Final = _with_parts(options.get("opener") or (_DIALLED if platform == "ussd" else _WRITTEN), self._shortcut)
        self.stage = _stage(flow, self._results, results.guess if isinstance(results, Guessing) else None, platform, options)
        self.person: Final = Inbound(
            platform=platform,
            gateway="test" if gateway is None else gateway.name,
            msisdn=msisdn,
            user_id=options.get("user_id") or msisdn,
            name=options.get("name"),
            locale=options.get("locale"),
        )
        self.stored: Final = self._before(options.get("session", {}))

    @property
    def flow_in_code(self) -> str:
        """What the flow is called in the code that defines it, whatever its name is."""
        return getattr(self.flow.function, "__name__", self.flow.name)

    @property
    def on_ussd(self) -> bool:
        """Whether screens are shown."""
        return self.person.platform == "ussd"

    def opening(self, request: str, now: float) -> Inbound:
        """Make the message that begins a conversation.

        Args:
            request: the gateway's id of the session.
            now: seconds since 1970.
        """
        begun = msgspec.structs.replace(self.person, request_id=request, timestamp=now)
        if self.on_ussd:
            return msgspec.structs.replace(begun, new=True, dialled=self.opener, shortcut=self._shortcut)
        return msgspec.structs.replace(begun, text=self.opener)

    def with_flow(self, flow: Flow[..., Any]) -> "Setting":
        """Give the same with another version of the flow."""
        setting = Setting(flow, self._results, self._options)
        setting.stage = msgspec.structs.replace(setting.stage, guess=self.stage.guess)
        return setting

    def _before(self, session: Mapping[str, Any]) -> str | None:
        if not session:
            return None
        data = {key: encode(value, self.flow.types) for key, value in session.items()}
        record = anew(None, self.stage.sessions.owner(self.person), self.now)
        return write(msgspec.structs.replace(record, data=data), self.stage.service.limits.bytes)


def _require_known(flow: object, options: Options) -> None:
    if not isinstance(flow, Flow):
        raise ConfigurationError(f"{flow!r} is not a flow: put @flow above its function")
    if unknown := [name for name in options if name not in Options.__annotations__]:
        known = ", ".join(sorted(Options.__annotations__))
        raise ConfigurationError(f"there is no option {unknown[0]!r}: there are {known}")
    flow.require(options.get("params", {}))


def _parts(shortcut: object, platform: str) -> tuple[str, ...]:
    if isinstance(shortcut, str) or not isinstance(shortcut, Sequence) or not all(isinstance(each, str) for each in shortcut):
        raise ConfigurationError(f"the shortcut is {shortcut!r}: give the parts that are dialled, such as ('2', '500')")
    if shortcut and platform != "ussd":
        raise ConfigurationError(f"a shortcut is dialled on USSD, and the conversation is held on {platform!r}")
    return tuple(shortcut)


def _with_parts(dialled: str, parts: tuple[str, ...]) -> str:
    bare = dialled.removesuffix("#")
    return "".join((bare, *(f"*{part}" for part in parts), dialled[len(bare) :]))


def _stage(flow: Flow[..., Any], results: Results, guess: Guess | None, platform: str, options: Options) -> Stage:
    """Set the stage, with the settings that a runtime would have."""
    gateway, translations = options.get("gateway"), options.get("translations")
    screen = options.get("screen") or (gateway.screen if gateway is not None else _SCREEN if platform == "ussd" else None)
    if screen is not None and platform != "ussd":
        raise ConfigurationError(f"a screen is for USSD, and the conversation is held on {platform!r}: give one of the two")
    service = Service(
        payments=gateway is None or gateway.payments,
        flow=flow,
        params=options.get("params", {}),
        screen=screen,
        limits=options.get("limits", Limits()),
        navigation=options.get("navigation"),
        resume=options.get("resume"),
    )
    return Stage(
        service=service,
        sessions=options.get("sessions", SessionConfig()),
        results=results,
        guess=guess,
        translate=None if translations is None else translations.translate,
    )


def _in_code(options: Options) -> Iterator[str]:
    gateway = options.get("gateway")
    for name, value in options.items():
        if value is not None and (name, value) != ("platform", "ussd"):
            yield f"{name}={_one_in_code(name, value)}"
    if gateway is not None and gateway.screen is not None and "screen" not in options:
        yield f"screen={as_code(gateway.screen)}"


def _one_in_code(name: str, value: object) -> str:
    if isinstance(value, Translations):
        return name  # it stands in the flow's module under some name
    return f"{type(value).__name__}()" if repr(value).startswith("<") else as_code(value)
