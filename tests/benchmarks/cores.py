"""Which core does what, so that load and server do not take each other's time."""

import os
from pathlib import Path
from typing import Final

__all__ = ["pin_load", "pin_server", "spent"]

_CORES: Final = sorted(os.sched_getaffinity(0))[:2] if hasattr(os, "sched_setaffinity") else []


def pin_server(process: int) -> None:
    """Give a server process the first core, where there are two and the system can."""
    if len(_CORES) > 1:
        os.sched_setaffinity(process, _CORES[:1])


def pin_load() -> None:
    """Keep this process, and those it starts from now on, on the second core."""
    if len(_CORES) > 1:
        os.sched_setaffinity(0, _CORES[1:])


def spent(process: int) -> float:
    """Tell the processor time that a process has used, in seconds; 0 where the system does not tell."""
    account = Path(f"/proc/{process}/schedstat")
    return int(account.read_text().split()[0]) / 1e9 if account.exists() else 0.0
