"""How many people were asked each question, and how many answered: counted by signals, for the map of a flow."""

from pathlib import Path
from typing import Any

import msgspec

from flowdsl.flow import Flow
from flowdsl.signals import flow_finished, flow_started, prompt_answered, prompt_shown

__all__ = ["Tally"]


class Tally(msgspec.Struct, kw_only=True):
    """Count how far conversations come, while a service runs.

    It holds no answers and nobody's number. Each process counts for itself; :meth:`add` puts several together.

    Args:
        started: conversations that began.
        finished: those that came to an end.
        shown: key of a question to how often it was asked; asking again after a wrong answer does not count.
        answered: key of a question to how often it was answered.

    >>> tally = Tally(started=2, shown={"name": 2}, answered={"name": 1})
    >>> tally.add(Tally(started=1)).started
    3
    """

    started: int = 0
    finished: int = 0
    shown: dict[str, int] = {}
    answered: dict[str, int] = {}

    def connect(self, flow: Flow[..., Any]) -> "Tally":
        """Count the conversations of a flow from now on.

        Args:
            flow: the flow. The tally must be kept for as long as it is to count.
        """
        flow_started.connect(self._on_started, sender=flow)
        flow_finished.connect(self._on_finished, sender=flow)
        prompt_shown.connect(self._on_shown, sender=flow)
        prompt_answered.connect(self._on_answered, sender=flow)
        return self

    def add(self, other: "Tally") -> "Tally":
        """Add what another process has counted.

        Args:
            other: its tally.
        """
        self.started += other.started
        self.finished += other.finished
        for mine, theirs in ((self.shown, other.shown), (self.answered, other.answered)):
            for key, count in theirs.items():
                mine[key] = mine.get(key, 0) + count
        return self

    def save(self, path: "str | Path") -> None:
        """Write it to a file, for ``flowdsl map --counts``."""
        Path(path).write_bytes(msgspec.json.encode(self))

    def _on_started(self, sender: Any, *, event: Any) -> None:
        self.started += 1

    def _on_finished(self, sender: Any, *, event: Any) -> None:
        self.finished += 1

    def _on_shown(self, sender: Any, *, event: Any) -> None:
        if not event.attempts:
            self.shown[event.key] = self.shown.get(event.key, 0) + 1

    def _on_answered(self, sender: Any, *, event: Any) -> None:
        self.answered[event.key] = self.answered.get(event.key, 0) + 1
