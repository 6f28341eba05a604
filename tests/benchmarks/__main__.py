"""All benchmarks, each against a floor that is measured beside it: ``python -m tests.benchmarks``."""

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import Final

from tests.benchmarks import growth, importing, in_process, memory, over_http, proving, replay
from tests.benchmarks.cores import pin_load
from tests.benchmarks.table import Finding, heading, row

_BENCHMARKS: Final[dict[str, Callable[[int], Iterator[Finding]]]] = {
    "replay": replay.measure,
    "http": over_http.in_memory,
    "valkey": over_http.in_valkey,
    "process": in_process.measure,
    "memory": memory.measure,
    "growth": growth.measure,
    "import": importing.measure,
    "proving": proving.measure,
}


def main() -> int:
    """Run what was chosen, and tell by the exit status whether all of it was within its limits."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=_BENCHMARKS, metavar="NAME", help=f"one of {', '.join(_BENCHMARKS)}")
    parser.add_argument("--rounds", type=_count, default=9, metavar="N", help="rounds of each (default %(default)s)")
    chosen = parser.parse_args()
    pin_load()
    print(heading())
    over = False
    for name in chosen.only or _BENCHMARKS:
        for finding in _BENCHMARKS[name](chosen.rounds):
            print(row(finding), flush=True)
            over |= finding.over
    return 1 if over else 0


def _count(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError("nothing is measured in less than one round")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
