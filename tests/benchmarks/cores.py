"""Which core does what, so that load and server do not take each other's time, and both stay awake."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

__all__ = ["awake", "pin_load", "pin_server", "spent"]

_CORES: Final = sorted(os.sched_getaffinity(0))[:2] if hasattr(os, "sched_setaffinity") else []

# Ends with the process that started it, even if that one is killed.
_BUSY: Final = """
import os, sys
os.sched_setaffinity(0, [int(sys.argv[1])])
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
while os.getppid() == int(sys.argv[2]):
    for _ in range(1_000_000):
        pass
"""


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


@contextmanager
def awake() -> Iterator[None]:
    """Keep both cores from sleeping, with work that gives way to any other.

    A virtual core that sleeps may take milliseconds to wake. Client and server then wait for each other,
    and what is measured is how long waking takes.
    """
    with ExitStack() as stack:
        for core in _CORES if hasattr(os, "SCHED_IDLE") else []:
            busy = subprocess.Popen([sys.executable, "-c", _BUSY, str(core), str(os.getpid())])
            stack.callback(busy.wait)
            stack.callback(busy.kill)
        yield
