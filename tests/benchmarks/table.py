"""What the benchmarks found, as the rows of one table."""

from statistics import median
from typing import NamedTuple

from tests.benchmarks.measuring import Samples

__all__ = ["Finding", "Limit", "heading", "rates", "row", "times"]

_COLUMNS = "{:<58} {:>12} {:>12} {:>10} {:>12}  {}"


class Limit(NamedTuple):
    """What a number may come to at most, or must come to at least."""

    value: float
    at_least: bool = False

    def kept(self, number: float) -> bool:
        """Tell whether a number is within it."""
        return number >= self.value if self.at_least else number <= self.value


class Finding(NamedTuple):
    """One thing that was measured: ours, its floor, and how the two compare."""

    what: str
    measured: str
    floor: str
    compared: float
    limit: Limit | None
    unit: str = "x"

    @property
    def over(self) -> bool:
        """Whether it has a limit and breaks it."""
        return self.limit is not None and not self.limit.kept(self.compared)


def times(what: str, samples: Samples, limit: Limit | None) -> Finding:
    """Compare seconds: less is better."""
    return Finding(what, _duration(median(samples.ours)), _duration(median(samples.floor)), samples.ratio, limit)


def rates(what: str, samples: Samples, limit: Limit | None) -> Finding:
    """Compare what is done in a second: more is better."""
    return Finding(what, f"{median(samples.ours):.0f}/s", f"{median(samples.floor):.0f}/s", samples.ratio, limit)


def heading() -> str:
    """Name the columns."""
    return _COLUMNS.format("what", "measured", "floor", "ratio", "limit", "").rstrip()


def row(finding: Finding) -> str:
    """Write one finding down."""
    what, measured, floor, compared, limit, unit = finding
    bound = "" if limit is None else f"{'≥' if limit.at_least else '≤'} {limit.value:.2f}{unit}"
    verdict = "" if limit is None else "OVER" if finding.over else "ok"
    return _COLUMNS.format(what, measured, floor, f"{compared:.2f}{unit}", bound, verdict).rstrip()


def _duration(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if seconds >= 0.01 else f"{seconds * 1e6:.1f} µs"
