"""Ours against a floor: measured in turns, so that a noisy machine disturbs both alike."""

import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

__all__ = ["Samples", "interleaved", "timed"]


class Samples(NamedTuple):
    """What each round came to, the floor and ours side by side."""

    floor: list[float]
    ours: list[float]

    @property
    def ratio(self) -> float:
        """How many times the floor ours is: the median over the rounds, each compared with itself."""
        return median(ours / floor for floor, ours in zip(self.floor, self.ours, strict=True))

    @property
    def difference(self) -> float:
        """How much more than the floor ours is: the median over the rounds."""
        return median(ours - floor for floor, ours in zip(self.floor, self.ours, strict=True))


def interleaved(floor: Callable[[], float], ours: Callable[[], float], rounds: int) -> Samples:
    """Measure floor, ours, floor, ours, …, after one round that only warms up."""
    floor()
    ours()
    samples = Samples([], [])
    for _ in range(rounds):
        samples.floor.append(floor())
        samples.ours.append(ours())
    return samples


def timed(work: Callable[[], object], repeat: int) -> float:
    """Do something so many times, and give the seconds that one time took of the processor."""
    begin = time.process_time()
    for _ in range(repeat):
        work()
    return (time.process_time() - begin) / repeat
