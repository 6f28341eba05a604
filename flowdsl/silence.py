"""How long another process has not been heard of: by what it says in the record, and not by what its clock does."""

from time import monotonic
from typing import Final

__all__ = ["Silence"]

# Each takes a few hundred bytes.
_MOST: Final = 1_024


class Silence:
    """What is known of turns that other processes are in the middle of, over messages.

    A process that lives says again and again until when it has a session. One that says the same for longer than that is
    dead, whatever time the clocks tell.
    """

    __slots__ = ("_heard",)

    def __init__(self) -> None:
        self._heard: dict[str, tuple[float, float]] = {}

    def since(self, session_id: str, until: float) -> float:
        """Tell for how many seconds a process has been seen to say the same.

        Args:
            session_id: the session.
            until: until when the process says that it has it, in seconds since 1970.

        >>> Silence().since("shop:1", 1_700_000_015.0) < 1.0
        True
        """
        said, heard = self._heard.get(session_id, (None, 0.0))
        if said != until:
            if len(self._heard) >= _MOST:
                self._heard.clear()  # then it takes a lease more
            heard = monotonic()
            self._heard[session_id] = until, heard
        return monotonic() - heard
