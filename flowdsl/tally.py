"""How far conversations come: counted by signals while a service runs, for the map of a flow."""

from pathlib import Path
from typing import Any, Final

import msgspec

from flowdsl.flow import Flow
from flowdsl.signals import flow_finished, flow_started, prompt_answered, prompt_shown

__all__ = ["Counts", "Tally"]

# Who leaves without an end is remembered for a while; a service has more people than memory.
_MOST: Final = 100_000


class Counts(msgspec.Struct, kw_only=True):
    """How far conversations have come.

    Args:
        started: conversations that began.
        finished: those that came to an end.
        shown: key of a question to how often somebody came to it. Who dials again, or answers wrongly, is still at it.
        answered: key of a question to how often it was answered.
        backed: key of a question to how often somebody went back from it.

    >>> Counts(started=2, shown={"name": 2}).add(Counts(started=1, shown={"name": 1})).shown
    {'name': 3}
    """

    started: int = 0
    finished: int = 0
    shown: dict[str, int] = {}
    answered: dict[str, int] = {}
    backed: dict[str, int] = {}

    def add(self, other: "Counts") -> "Counts":
        """Add what another process has counted.

        Args:
            other: its counts.
        """
        self.started += other.started
        self.finished += other.finished
        for mine, theirs in ((self.shown, other.shown), (self.answered, other.answered), (self.backed, other.backed)):
            for key, count in theirs.items():
                mine[key] = mine.get(key, 0) + count
        return self

    def save(self, path: "str | Path") -> None:
        """Write them to a file, for ``flowdsl map --counts``.

        Args:
            path: where to. Who reads it meanwhile reads what was there before.
        """
        beside = Path(f"{path}.new")
        beside.write_bytes(msgspec.json.encode(self))
        beside.replace(path)


class Tally:
    """Count how far the conversations of a flow come, while a service runs.

    It holds no answers and nobody's number. It counts for one process; ``flowdsl map`` adds up what several have saved.

    Args:
        flow: the flow.

    >>> from flowdsl import Prompt, flow
    >>> @flow
    ... def greeting():
    ...     yield Prompt("name", "What is your name?")
    >>> Tally(greeting).counts.started
    0
    """

    def __init__(self, flow: Flow[..., Any]) -> None:
        self.counts = Counts()
        self._standing: Final[dict[str, str]] = {}
        flow_started.connect(self._on_started, sender=flow)
        flow_finished.connect(self._on_finished, sender=flow)
        prompt_shown.connect(self._on_shown, sender=flow)
        prompt_answered.connect(self._on_answered, sender=flow)

    def save(self, path: "str | Path") -> None:
        """Write the counts to a file, for ``flowdsl map --counts``.

        Args:
            path: where to, as :meth:`Counts.save` writes it.
        """
        self.counts.save(path)

    def _on_started(self, sender: Any, *, event: Any) -> None:
        self.counts.started += 1
        self._standing.pop(event.session_id, None)

    def _on_finished(self, sender: Any, *, event: Any) -> None:
        self.counts.finished += 1
        self._standing.pop(event.session_id, None)

    def _on_shown(self, sender: Any, *, event: Any) -> None:
        before = self._standing.pop(event.session_id, None)
        shown, backed = self.counts.shown, self.counts.backed
        if before != event.key:
            if before is not None:  # who goes back has not left the conversation there
                backed[before] = backed.get(before, 0) + 1
            shown[event.key] = shown.get(event.key, 0) + 1
        if len(self._standing) >= _MOST:
            del self._standing[next(iter(self._standing))]
        self._standing[event.session_id] = event.key

    def _on_answered(self, sender: Any, *, event: Any) -> None:
        answered = self.counts.answered
        answered[event.key] = answered.get(event.key, 0) + 1
        self._standing.pop(event.session_id, None)
