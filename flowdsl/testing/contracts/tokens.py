"""A store saves over the value that was read, and over no other."""

import asyncio
from typing import Any, Final

from flowdsl.store import SessionStore
from flowdsl.testing.contracts.opening import Opening, tried, unused
from flowdsl.testing.contracts.promises import promise, told
from flowdsl.testing.contracts.values import loaded, stored

__all__ = ["Tokens", "token_of"]

_MANY: Final = 30
_COMPARE: Final = (
    "two messages of one person may be answered at the same time, by two processes, and the answer of one would be lost. "
    "Compare and write in one step of the server, as UPDATE … WHERE key = … AND token = … does"
)


async def token_of(store: SessionStore, key: str) -> Any:
    """Read the token of a value that must be there."""
    held = await stored(store, key)
    promise(
        held is not None,
        wanted="load() gives a value that was created or saved before and has neither died nor been deleted",
        found="it gave None",
        because="a person's answers would be forgotten in the middle of the conversation",
    )
    return None if held is None else held.token


class Tokens(Opening):
    """Nothing that somebody else has written is overwritten."""

    @tried
    async def test_a_save_over_what_was_read_is_kept(self, store: SessionStore) -> None:
        """Save after save, each over what was read last."""
        key = unused()
        await store.create(key, "0", 60)
        for text in ("1", "2", "1", "1"):
            done = await store.save(key, text, await token_of(store, key), 60)
            value = await loaded(store, key)
            promise(
                done and value == text,
                wanted="save() over the value whose token was read gives True, and the new value is held",
                found=f"save() of {text!r} gave {done!r}, and then load() {told(value)}",
                because="no answer of anybody could be kept",
            )

    @tried
    async def test_the_second_of_two_saves_loses(self, store: SessionStore) -> None:
        """A token is good for the value with which it was read, and for none that was saved since."""
        key = unused()
        await store.create(key, "1", 60)
        first = await token_of(store, key)
        for text in ("2", "3"):
            await store.save(key, text, await token_of(store, key), 60)
            await self._loses(store, key, first, held=text, of="a value over which another was saved since")

    @tried
    async def test_a_save_over_nothing_loses(self, store: SessionStore) -> None:
        """A session that was deleted meanwhile does not come back."""
        key = unused()
        await store.create(key, "1", 60)
        token = await token_of(store, key)
        await store.delete(key)
        await self._loses(store, key, token, held=None, of="a value that was deleted since")

    @tried
    async def test_a_save_over_a_session_that_was_begun_anew_loses(self, store: SessionStore) -> None:
        """What was created in the place of a deleted one is another session."""
        key = unused()
        await store.create(key, "1", 60)
        token = await token_of(store, key)
        await store.delete(key)
        await store.create(key, "2", 60)
        await self._loses(store, key, token, held="2", of="a value that was deleted since, and another created in its place,")

    @tried
    async def test_a_token_of_another_session_is_none_of_this(self, store: SessionStore) -> None:
        """The token that proves one value proves no other."""
        one, other = unused(), unused()
        await store.create(one, "1", 60)
        await store.create(other, "2", 60)
        await store.save(other, "3", await token_of(store, other), 60)
        await self._loses(store, one, await token_of(store, other), held="1", of="another key")

    @tried
    async def test_only_one_of_many_creates(self, store: SessionStore) -> None:
        """Of many tasks that create one value, one succeeds, and its value is held."""
        key = unused()
        done = await asyncio.gather(*(store.create(key, str(each), 60) for each in range(_MANY)))
        value = await loaded(store, key)
        promise(
            [str(place) for place, each in enumerate(done) if each] == [value],
            wanted="of many that create a value at the same time one gets True, and its value is held",
            found=f"of {_MANY} tasks {sum(map(bool, done))} got True, and then load() gave {told(value)}",
            because="a first message may be delivered twice at the same time, and would begin two conversations",
        )

    @tried
    async def test_only_one_of_many_saves(self, store: SessionStore) -> None:
        """Of many tasks that save over one value, one succeeds, and its value is held."""
        key = unused()
        await store.create(key, "first", 60)
        token = await token_of(store, key)
        done = await asyncio.gather(*(store.save(key, str(each), token, 60) for each in range(_MANY)))
        value = await loaded(store, key)
        promise(
            [str(place) for place, each in enumerate(done) if each] == [value],
            wanted="of many that save over one value at the same time one gets True, and its value is held",
            found=f"of {_MANY} tasks {sum(map(bool, done))} got True, and then load() gave {told(value)}",
            because=_COMPARE,
        )

    @tried
    async def test_no_update_is_lost(self, store: SessionStore) -> None:
        """Of many tasks that add one each, over again for as long as others are first, every addition counts."""
        key = unused()
        await store.create(key, "0", 60)
        await asyncio.gather(*(self._add(store, key) for _ in range(_MANY)))
        value = await loaded(store, key)
        promise(
            value == str(_MANY),
            wanted="nothing that a save() has written is overwritten by one that did not read it",
            found=f"{_MANY} tasks have added 1 each to '0', every one until save() gave True, and then load() gave {told(value)}",
            because=_COMPARE,
        )

    async def _add(self, store: SessionStore, key: str) -> None:
        for _ in range(2 * _MANY):  # every save that is lost means that another task has saved
            held = await stored(store, key)
            await asyncio.sleep(0)  # so that others come in between, where nothing of the store waits
            if held is not None and await store.save(key, str(int(held.value) + 1), held.token, 60):
                return
        promise(
            False,
            wanted="a save() is lost only where another one has succeeded since the value was read",
            found=f"of {_MANY} tasks that save until they succeed one has lost {2 * _MANY} times",
            because="flowdsl reads and saves again each time, and gives up in the end",
        )

    async def _loses(self, store: SessionStore, key: str, token: Any, *, held: str | None, of: str) -> None:
        done = await store.save(key, "lost", token, 60)
        value = await loaded(store, key)
        promise(
            not done and value == held,
            wanted=f"save() with the token of {of} gives False and changes nothing",
            found=f"save() gave {done!r} where {told(held)} was held, and then load() gave {told(value)}",
            because=_COMPARE,
        )
