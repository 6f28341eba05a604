"""A flow as it is served at one place."""

from collections.abc import Mapping
from typing import Any

import msgspec

from flowdsl.flow import Flow
from flowdsl.navigation import Navigation
from flowdsl.outcome import Limits
from flowdsl.resuming import Resume
from flowdsl.ussd.screen import Screen

__all__ = ["Service"]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A flow as it is served at one place: its parameters, its screen, its limits.

    ``screen`` is ``None`` on platforms that show messages of any length, with buttons. ``lease`` is for how many seconds
    a process that makes a call keeps others from going on with the turn; it renews it while it lives.
    """

    flow: Flow[..., Any]
    params: Mapping[str, Any]
    screen: Screen | None
    limits: Limits
    navigation: Navigation | None = None
    resume: Resume | None = None
    lease: float = 15.0
