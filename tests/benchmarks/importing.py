"""How long the import of the library takes, in interpreters of their own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median

from tests.benchmarks.measuring import interleaved
from tests.benchmarks.table import Finding, Limit

__all__ = ["measure"]

_LIMIT = Limit(60.0)


def measure(rounds: int) -> Iterator[Finding]:
    """Start interpreters that import one thing and end."""
    samples = interleaved(lambda: _seconds("asyncio"), lambda: _seconds("flowdsl"), rounds)
    ours, floor = (f"{median(side) * 1e3:.1f} ms" for side in (samples.ours, samples.floor))
    yield Finding("import flowdsl, more than import asyncio", ours, floor, samples.difference * 1e3, _LIMIT, " ms")


def _seconds(module: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    return time.perf_counter() - begin
