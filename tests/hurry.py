"""Time that passes when nothing else is to be done, so that no test waits for a clock."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


class _Selector(selectors.SelectSelector):
    """Waits for what is there, and lets the time pass instead of waiting for more."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.now += max(0.0, timeout)
        return ready


class Hurry(asyncio.SelectorEventLoop):
    """An event loop whose time is not that of the world. Threads have none of it: nobody waits for them."""

    def __init__(self) -> None:
        self.watch = _Selector()
        super().__init__(self.watch)

    def time(self) -> float:
        return self.watch.now


def hurried(work: Coroutine[Any, Any, T], monkeypatch: pytest.MonkeyPatch) -> T:
    """Run something to its end, whatever time that takes, at once."""
    loop = Hurry()
    for module in ("exchange", "errands", "silence"):
        monkeypatch.setattr(f"flowdsl.{module}.monotonic", loop.time)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(work)
