"""What flowdsl relies on in a session store."""

import asyncio
from typing import Final

from flowdsl.errors import StoreUnavailable
from flowdsl.store import SessionStore
from flowdsl.testing.contracts.lifetimes import Lifetimes
from flowdsl.testing.contracts.opening import tried, unused
from flowdsl.testing.contracts.promises import promise, told
from flowdsl.testing.contracts.tokens import Tokens, token_of
from flowdsl.testing.contracts.values import Values, loaded

__all__ = ["StoreContract"]

# A USSD gateway waits for 5 seconds, and an apology must be read within them; a test may be slower.
_SOON: Final = 10.0


class StoreContract(Values, Tokens, Lifetimes):
    """Tests of a session store of your own: everything that flowdsl relies on.

    Any runner of tests finds them in a subclass that opens the store; it needs no plugin and no setting::

        from flowdsl.testing.contracts import StoreContract

        class TestMyStore(StoreContract):
            def open(self):
                return MyStore("mine://localhost")

            def open_again(self):           # as another process opens it
                return self.open()

            def open_broken(self):          # where nobody listens
                return MyStore("mine://localhost:1")

    Each method may be a coroutine function. What a hook that you do not write would test is skipped, and says so. ``local =
    True`` is for memory of one process, which has neither. ``ttl = 2.0`` is for a store that cannot count in single
    seconds, and ``pass_time`` sets your clock forward where you have one; without, the tests wait for some seconds.

    Not promised is that a save loses where the same text was deleted and created again, or saved again: a token may be
    the text itself, since no two records of flowdsl are the same.
    """

    @tried
    async def test_two_processes_share_it(self, store: SessionStore) -> None:
        """What one writes the other reads at once, and neither saves over what it has not read."""
        untested = "that two processes which open the store are in one place"
        other = await self._second(self.open_again(), "open_again", untested) if not self.local else store
        try:
            key = unused()
            await store.create(key, "1", 60)
            seen = await loaded(other, key)
            created = await other.create(key, "2", 60)
            before = await token_of(other, key) if seen is not None else None
            saved = seen is not None and await store.save(key, "3", await token_of(store, key), 60)
            at_once = await loaded(other, key)
            lost = seen is not None and await other.save(key, "4", before, 60)
            after = await loaded(other, key)
            promise(
                (seen, at_once, after, bool(created), bool(saved), bool(lost)) == ("1", "3", "3", False, True, False),
                wanted="what one process has written another one reads at once, and saves over it only with its token",
                found=f"one created '1', of which the other read {told(seen)}, and create() gave it {created!r}; one saved '3' "
                f"({saved!r}), and the other read {told(at_once)}; save() with the token of '1' gave it {lost!r}, and then it "
                f"read {told(after)}",
                because="the next message of a person may come to any process, so none may keep values or locks of its own",
            )
        finally:
            if other is not store:
                await other.close()

    @tried
    async def test_a_store_out_of_reach_says_so(self, store: SessionStore) -> None:
        """Every operation raises StoreUnavailable, and nothing else, and does not hang."""
        if self.local:
            return
        untested = "that StoreUnavailable is raised where the store cannot be reached"
        broken = await self._second(self.open_broken(), "open_broken", untested)
        key = unused()
        await store.create(key, "1", 60)
        token = await token_of(store, key)
        try:
            for name, arguments in {
                "load": (key,),
                "create": (key, "1", 60),
                "save": (key, "2", token, 60),
                "touch": (key, 60),
                "delete": (key,),
            }.items():
                found = "it raised nothing"
                try:
                    async with asyncio.timeout(_SOON):
                        found = f"it raised nothing and gave {told(await getattr(broken, name)(*arguments))}"
                except StoreUnavailable:
                    continue
                except TimeoutError:
                    found = f"it raised no StoreUnavailable within {_SOON:g} seconds"
                except Exception as error:
                    found = f"it raised {type(error).__name__}: {error}"
                promise(
                    False,
                    wanted=f"{name}() raises flowdsl.StoreUnavailable, and nothing else, where the store cannot be reached",
                    found=found,
                    because="flowdsl then looks again whether its command has arrived, and else says sorry; it takes any other "
                    "error for one of the program",
                )
        finally:
            await broken.close()

    @tried
    async def test_a_store_that_was_not_used_closes(self, store: SessionStore) -> None:
        """A process that answers nobody can end."""
