"""Which lines go above which others, where they run beside each other between two rows. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

__all__ = ["Comb", "tracks"]

_NEAR: Final = 6  # verticals that are nearer than this look like one
_OVERLAP: Final = 100  # two lines that look like one are as bad as that many crossings


class Comb(NamedTuple):
    """A horizontal line, with the verticals that meet it.

    Args:
        upper: where verticals come from above.
        lower: where verticals go on below.
    """

    upper: tuple[int, ...]
    lower: tuple[int, ...]

    @property
    def bounds(self) -> tuple[int, int]:
        """Its ends."""
        return min(self.upper + self.lower), max(self.upper + self.lower)


def tracks(combs: Sequence[Comb]) -> list[int]:
    """Give each comb its track, 0 the topmost, so that none overlap and few cross.

    Args:
        combs: what runs through one channel; what has no width needs no track, and gets 0.

    >>> tracks([Comb((0,), (50,)), Comb((60,), (10,)), Comb((99,), (99,))])
    [0, 1, 0]
    """
    found = [0] * len(combs)
    wide = [index for index, comb in enumerate(combs) if comb.bounds[0] < comb.bounds[1]]
    beside = {index: [other for other in wide if other != index and _meet(combs[index], combs[other])] for index in wide}
    costs = {
        (one, other): _cost(combs[one], combs[other]) - _cost(combs[other], combs[one]) for one in wide for other in beside[one]
    }
    regret = {one: sum(costs[one, other] for other in beside[one]) for one in wide}
    left = set(wide)
    while left:
        one = min(left, key=lambda each: (regret[each], combs[each].bounds, each))
        left.remove(one)
        found[one] = max((found[other] + 1 for other in beside[one] if other not in left), default=0)
        for other in beside[one]:
            regret[other] -= costs[other, one]
    return found


def _meet(one: Comb, other: Comb) -> bool:
    (low, high), (lower, higher) = one.bounds, other.bounds
    return low <= higher + 2 * _NEAR and lower <= high + 2 * _NEAR


def _cost(above: Comb, below: Comb) -> int:
    """Tell how bad it is to have one of two combs above the other."""
    (low, high), (lower, higher) = above.bounds, below.bounds
    crossed = sum(lower <= x <= higher for x in above.lower) + sum(low <= x <= high for x in below.upper)
    return crossed + _OVERLAP * sum(abs(x - y) < _NEAR for x in above.lower for y in below.upper)
