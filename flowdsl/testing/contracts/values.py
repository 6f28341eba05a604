"""A store keeps texts under session ids, each as it is and apart from the others."""

import json
from typing import Final

from flowdsl.store import SessionStore, Stored
from flowdsl.testing.contracts.opening import Opening, tried, unused
from flowdsl.testing.contracts.promises import promise, told

__all__ = ["Values", "loaded", "stored"]

_PART: Final = 60_000
# A record may have 256 KiB, and twice as much in the middle of a turn.
_LONG: Final = json.dumps(["n" * 100_000, "Ɔ" * 100_000, "🙂" * 50_000], ensure_ascii=False)
# Session ids hold what gateways send as theirs, which may be anything.
_CHARACTERS: Final = [
    *map(chr, range(0x80)),
    *(chr(point) for point in range(0x80, 0x110000, 0x1001) if not 0xD800 <= point < 0xE000),
]
_ALIKE: Final = [
    ("a b", "a_b"),
    ("a\nb", "a\tb"),
    ("a\0b", "a\0c"),
    ("a", "A"),
    ("Ɔ", "ɔ"),
    ("a", "a "),
    ("é", "e\u0301"),
    ("ß", "ss"),
    ("a:b", "a%3Ab"),
    ("a%", "ab"),
    ("a*", "ab"),
    ("'", "''"),
    ("\\", "\\\\"),
    ("../a", "a"),
    ("x" * 300 + "1", "x" * 300 + "2"),
]
_TAKE_IDS_AS_THEY_ARE: Final = (
    "ids are made of what gateways send, and one person would read another's session, or none of their own. What your "
    "server cannot take as a key, hash: hashlib.sha256(key.encode()).hexdigest()"
)


async def stored(store: SessionStore, key: str) -> Stored | None:
    """Read what is held under a key, which must be what flowdsl expects; ``None`` where there is none."""
    held = await store.load(key)
    promise(
        held is None or (hasattr(held, "value") and hasattr(held, "token")),
        wanted="load() gives a flowdsl.Stored(value, token), or None where there is no value",
        found=f"it gave {told(held)}",
        because="the token proves to save() which value was read",
    )
    return held


async def loaded(store: SessionStore, key: str) -> str | None:
    """Read the text that is held under a key; ``None`` where there is none."""
    held = await stored(store, key)
    return None if held is None else held.value


class Values(Opening):
    """What is written is what is read."""

    @tried
    async def test_nothing_is_loaded_where_nothing_was_written(self, store: SessionStore) -> None:
        """A session that does not exist is None, and no error."""
        held = await store.load(unused())
        promise(
            held is None,
            wanted="load() of a key under which nothing was written gives None",
            found=f"it gave {told(held)}",
            because="every person's first message finds no session",
        )

    @tried
    async def test_what_was_created_is_loaded(self, store: SessionStore) -> None:
        """A value comes back as the text that was written."""
        await self._comes_back(store, '{"a":"Kwabena Ɔsɛe 🙂"}')

    @tried
    async def test_every_character_comes_back(self, store: SessionStore) -> None:
        """Records are JSON, and hold whatever people type in any script."""
        points = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
        for start in range(0, len(points), _PART):
            await self._comes_back(store, json.dumps("".join(map(chr, points[start : start + _PART])), ensure_ascii=False))

    @tried
    async def test_long_values_come_back(self, store: SessionStore) -> None:
        """Half a mebibyte is held, created and saved."""
        key = await self._comes_back(store, _LONG)
        held = await stored(store, key)
        saved = held is not None and await store.save(key, f"{_LONG} ", held.token, 60)
        value = await loaded(store, key)
        promise(
            saved and value == f"{_LONG} ",
            wanted="a value of 500,000 bytes can be saved over another",
            found=f"save() gave {saved!r}, and then load() {told(value)}",
            because="a long conversation has a long record",
        )
        await store.delete(key)

    @tried
    async def test_nothing_is_created_twice(self, store: SessionStore) -> None:
        """Creating over a value changes nothing and says so."""
        key = unused()
        await store.create(key, "1", 60)
        for text in ("2", "1"):
            done = await store.create(key, text, 60)
            value = await loaded(store, key)
            promise(
                not done and value == "1",
                wanted="create() over a value gives False and changes nothing",
                found=f"create() of {text!r} over '1' gave {done!r}, and then load() {told(value)}",
                because="of two first messages at once one would begin the conversation over that of the other",
            )

    @tried
    async def test_delete_tells_whether_there_was_a_value(self, store: SessionStore) -> None:
        """What was deleted is gone, and can be created anew."""
        key = unused()
        await store.create(key, "1", 60)
        first, second = await store.delete(key), await store.delete(key)
        promise(
            first and not second,
            wanted="delete() gives True where there was a value, and False where there was none",
            found=f"it gave {first!r} for a value, and {second!r} after that",
            because="whoever destroys a session is told whether there was one",
        )
        value = await loaded(store, key)
        created = await store.create(key, "2", 60)
        promise(
            value is None and created and await loaded(store, key) == "2",
            wanted="a deleted value is gone, and another can be created in its place",
            found=f"load() gave {told(value)} after delete(), and then create() {created!r}",
            because="a person who begins anew must not find the old session",
        )

    @tried
    async def test_touch_changes_no_value(self, store: SessionStore) -> None:
        """It leaves what is held, and makes nothing where nothing is."""
        key, other = unused(), unused()
        await store.create(key, "1", 60)
        await store.touch(key, 60)
        await store.touch(other, 60)
        values = await loaded(store, key), await loaded(store, other)
        promise(
            values == ("1", None),
            wanted="touch() changes no value, and does nothing where there is none",
            found=f"load() gave {values} after it, of a value '1' and of none",
            because="a session that has ended meanwhile must stay so",
        )

    @tried
    async def test_sessions_do_not_touch_each_other(self, store: SessionStore) -> None:
        """What happens to one key happens to no other."""
        one, other = unused(), unused()
        await store.create(one, "1", 60)
        await store.create(other, "2", 60)
        held = await stored(store, one)
        if held is not None:
            await store.save(one, "3", held.token, 60)
        await store.delete(one)
        value = await loaded(store, other)
        promise(
            value == "2",
            wanted="what is done to one key is done to no other",
            found=f"another key held '2', and after a save and a delete of the first load() gave {told(value)}",
            because="they are the sessions of two people",
        )

    @tried
    async def test_every_character_of_an_id_counts(self, store: SessionStore) -> None:
        """Ids that differ in one character, of whatever kind, are two sessions."""
        prefix = unused()
        keys = {character: f"{prefix}{character}." for character in _CHARACTERS}
        for character, key in keys.items():
            created = await store.create(key, json.dumps(character), 60)
            promise(
                created,
                wanted="any text is a key, and every character of it counts",
                found=f"create() gave {created!r} for the key {key!r}, which is another than all before",
                because=_TAKE_IDS_AS_THEY_ARE,
            )
        for character, key in keys.items():
            value = await loaded(store, key)
            promise(
                value == json.dumps(character),
                wanted="any text is a key, and every character of it counts",
                found=f"the key {key!r} held {json.dumps(character)!r}, and load() gave {told(value)}",
                because=_TAKE_IDS_AS_THEY_ARE,
            )

    @tried
    async def test_ids_that_look_alike_are_apart(self, store: SessionStore) -> None:
        """Ids that a server would fold into one, or refuse, are two sessions."""
        for one, other in _ALIKE:
            prefix = unused()
            created = [await store.create(prefix + each, each, 60) for each in (one, other)]
            values = [await loaded(store, prefix + each) for each in (one, other)]
            promise(
                all(created) and values == [one, other],
                wanted=f"the keys …{told(one)} and …{told(other)} are two",
                found=f"create() gave {created}, and load() {told(values)}",
                because=_TAKE_IDS_AS_THEY_ARE,
            )

    async def _comes_back(self, store: SessionStore, text: str) -> str:
        key = unused()
        created = await store.create(key, text, 60)
        promise(
            created,
            wanted="create() gives True where there was no value",
            found=f"it gave {created!r} for {told(text)} under a new key",
            because="flowdsl takes anything else for a session that another process has begun",
        )
        value = await loaded(store, key)
        odd = next((one for one, other in zip(text, value, strict=False) if one != other), "") if isinstance(value, str) else ""
        promise(
            value == text,
            wanted="load() gives the very text that was written",
            found=f"of {told(text)} it gave {told(value)}" + (f"; the first that differs is {odd!a}" if odd else ""),
            because="it is the JSON of a session, and whatever people type is in it",
        )
        return key
