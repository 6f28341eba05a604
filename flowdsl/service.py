"""A flow as it is served at one place."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from flowdsl.flow import Flow
from flowdsl.navigation import Navigation
from flowdsl.outcome import Limits
from flowdsl.resuming import Resume
from flowdsl.ussd.screen import Screen

__all__ = ["Service"]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A flow as it is served at one place.

    Args:
        flow: the conversation.
        params: its keyword parameters.
        screen: the USSD screen it is shown on; ``None`` on platforms that show messages of any length, with buttons.
        limits: when it is stopped because it grows or loops.
        navigation: the keys with which a person goes back, if any.
        resume: the menu for who dials again, if any.
        lease: seconds for which a process that makes a call keeps others from going on with the turn. It renews that for
            as long as it lives.
        lost: what becomes of an answer in a session that is not known: ``"begin"`` the conversation, or ``"end"`` it with
            :class:`~flowdsl.errors.UnknownSession`.
        payments: the platform can ask for a payment.
    """

    flow: Flow[..., Any]
    params: Mapping[str, Any]
    screen: Screen | None
    limits: Limits
    navigation: Navigation | None = None
    resume: Resume | None = None
    lease: float = 15.0
    lost: Literal["begin", "end"] = "begin"
    payments: bool = True
