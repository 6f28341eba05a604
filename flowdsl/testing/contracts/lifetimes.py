"""A store lets values die when their time is over, and not before."""

from typing import Final
from unittest import SkipTest

from flowdsl.store import SessionStore
from flowdsl.testing.contracts.opening import Opening, tried, unused
from flowdsl.testing.contracts.promises import promise, told
from flowdsl.testing.contracts.tokens import token_of
from flowdsl.testing.contracts.values import loaded

__all__ = ["Lifetimes"]

# Servers that count in whole seconds are late by one or two.
_GRACE: Final = 5.0
_MONTHS: Final = 90 * 24 * 3600.0
_OVER: Final = (
    "a session that is over must not be continued by who dials next, and what nobody deletes fills the server. A server that "
    "clears away what is over only now and then can keep the time beside the value, and load() look at it"
)


class Lifetimes(Opening):
    """``ttl`` is counted in seconds from the last create, save or touch, and ``None`` is for ever."""

    @tried
    async def test_a_value_dies_after_its_ttl(self, store: SessionStore) -> None:
        """It is not loaded any more, nothing is saved over it, and another can be created."""
        key, ttl = unused(), self._short()
        await store.create(key, "1", ttl)
        token = await token_of(store, key)
        await self._outlived(store, key, "create()")
        saved = await store.save(key, "2", token, 60)
        value = await loaded(store, key)
        created = await store.create(key, "3", 60)
        promise(
            not saved and value is None and created,
            wanted="a value whose time is over is as one that was deleted: save() over it gives False, and create() True",
            found=f"save() gave {saved!r}, load() {told(value)}, and create() {created!r}",
            because=_OVER,
        )

    @tried
    async def test_what_has_time_left_lives(self, store: SessionStore) -> None:
        """Each value has a time of its own, and a save and a touch give it a new one."""
        short, long, touched, saved = (unused() for _ in range(4))
        ttl = self._short()
        for key in (short, touched, saved):
            await store.create(key, "1", ttl)
        await store.create(long, "1", 60 + ttl * 10)
        await store.touch(touched, 60 + ttl * 10)
        await store.save(saved, "1", await token_of(store, saved), 60 + ttl * 10)
        await self._outlived(store, short, "create()")
        for key, how in ((long, "created with"), (touched, "touched with"), (saved, "saved with")):
            await self._lives(store, key, f"a value that was {how} a ttl of {60 + ttl * 10:g}", f"{ttl:g} seconds and a little")

    @tried
    async def test_a_save_and_a_touch_can_shorten_a_life(self, store: SessionStore) -> None:
        """The ttl that was given last counts, whatever was given before."""
        ttl = self._short()
        lives = [(unused(), how, before) for how in ("save()", "touch()") for before in (60.0 + ttl, None)]
        for key, how, before in lives:
            await store.create(key, "1", before)
            if how == "touch()":
                await store.touch(key, ttl)
            else:
                await store.save(key, "2", await token_of(store, key), ttl)
        for key, how, _ in lives:
            await self._outlived(store, key, how)

    @tried
    async def test_a_value_without_ttl_stays(self, store: SessionStore) -> None:
        """None is for ever, in create, save and touch."""
        created, saved, touched, short = (unused() for _ in range(4))
        ttl = 60.0 if self.ttl is None else self.ttl
        await store.create(created, "1", None)
        for key in (saved, touched, short):
            await store.create(key, "1", ttl)
        await store.save(saved, "2", await token_of(store, saved), None)
        await store.touch(touched, None)
        if self.ttl is not None:
            await self._outlived(store, short, "create()")
        for key, how in ((created, "created"), (saved, "saved"), (touched, "touched")):
            await self._lives(store, key, f"a value that was {how} with a ttl of None", "a moment")
            await store.delete(key)

    @tried
    async def test_a_ttl_of_months_is_kept(self, store: SessionStore) -> None:
        """Some servers take a long time for a date long past."""
        key = unused()
        await store.create(key, "1", _MONTHS)
        await store.touch(key, _MONTHS + 0.5)
        await self._lives(store, key, f"a value that was touched with a ttl of {_MONTHS + 0.5} seconds", "a moment")
        await store.save(key, "2", await token_of(store, key), _MONTHS)
        await self._lives(store, key, f"a value that was saved with a ttl of {_MONTHS} seconds", "a moment")
        await store.delete(key)

    def _short(self) -> float:
        if self.ttl is None:
            raise SkipTest("not tested: that values die after their ttl, because ttl is None here")
        return self.ttl

    async def _outlived(self, store: SessionStore, key: str, how: str) -> None:
        """Let time pass until a value is gone, and not much longer than it may live."""
        ttl = self._short()
        passed = 0.0
        while passed < ttl + _GRACE:
            await self._pass(ttl / 4)
            passed += ttl / 4
            if await loaded(store, key) is None:
                return
        promise(
            False,
            wanted=f"a value dies when the ttl that {how} gave it is over, even where it is read meanwhile",
            found=f"it was {ttl:g} seconds, and the value is there after {passed:g}",
            because=_OVER,
        )

    async def _lives(self, store: SessionStore, key: str, what: str, after: str) -> None:
        value = await loaded(store, key)
        promise(
            value is not None,
            wanted=f"{what} lives as long",
            found=f"after {after} it is gone",
            because="a person who thinks about a question for some minutes would find the conversation forgotten",
        )
