"""Sessions as lines of JSON, with the answers or without them. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from flowdsl.chat import Opening
from flowdsl.errors import UnreadableRecord
from flowdsl.journal import FAILED, PROMPT, Entry
from flowdsl.messages import Reply
from flowdsl.record import FlowState, Open, Record

__all__ = ["Line", "exported", "imported", "masked", "masked_id"]

_BLANK: Final = "*"
_BLANKS: Final[Mapping[str, str]] = {
    "$date": "2000-01-01",
    "$time": "00:00:00",
    "$datetime": "2000-01-01 00:00:00",
    "$decimal": "0",
    "$uuid": "00000000-0000-0000-0000-000000000000",
    "$float": "nan",
}
# The hexadecimal digits of a hash may be digits for a while, and a gateway's id may be longer than any number.
_NUMBER: Final = re.compile(r"(?<![0-9A-Fa-f+])\+?\d{7,15}(?![0-9A-Fa-f])")


class Line(msgspec.Struct, omit_defaults=True):
    """A session in a file: its id, its record as it is stored, and whether its answers were taken out."""

    id: str
    record: msgspec.Raw
    masked: bool = False


_decoder: Final = msgspec.json.Decoder(Line)
_encoder: Final = msgspec.json.Encoder()


def exported(session_id: str, stored: str, *, is_masked: bool = False) -> bytes:
    """Write a session as a line.

    Args:
        session_id: its id.
        stored: its record.
        is_masked: its answers were taken out.

    >>> exported("s:1", '{"version":1,"revision":5}')
    b'{"id":"s:1","record":{"version":1,"revision":5}}'
    """
    raw = stored if "\n" not in stored else msgspec.json.format(stored, indent=-1)
    return _encoder.encode(Line(session_id, msgspec.Raw(raw.encode()), is_masked))


def imported(line: bytes) -> Line:
    """Read a line.

    Raises:
        UnreadableRecord: it is not one.

    >>> imported(b'{"id":"s:1","record":{"version":1,"revision":5}}').id
    's:1'
    """
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise UnreadableRecord(f'it is no line such as {{"id": …, "record": …}}: {error}') from error


def masked_id(session_id: str, number: int) -> str:
    """Take a telephone number out of an id that was made of one, and tell it from others by its place.

    >>> masked_id("shop:+233244123456", 7), masked_id("shop:ussd:nalo:17954658000000101", 8)
    ('shop:*#7', 'shop:ussd:nalo:17954658000000101')
    """
    without = _NUMBER.sub(_BLANK, session_id)
    return session_id if without == session_id else f"{without}#{number}"


def masked(record: Record, *, keep_choices: bool = False) -> Record:
    """Take out what the person answered, and all that may tell it: results, session data, screens, their name.

    Digests of their number and of what they typed go as well, since trying all of them would tell those. Types stay what
    they are, and so do the names of fields, of exceptions and of classes.

    Args:
        record: the session.
        keep_choices: keep what was picked from a menu, by which most flows find their way.
    """
    return msgspec.structs.replace(
        record,
        flows={name: _state(state, keep_choices) for name, state in record.flows.items()},
        data=_fields(record.data),
        owner="",
        seen=[],
        served={},
    )


def _state(state: FlowState, keep: bool) -> FlowState:
    root = state.root
    return msgspec.structs.replace(
        state,
        opening=_opening(state.opening),
        resuming=None if state.resuming is None else _opening(state.resuming),
        journal=_entries(state.journal, keep),
        aside=_entries(state.aside, keep),
        kept=None if state.kept is None else _entry(state.kept, keep),
        began=_fields(state.began),
        changed={name: tuple(map(_blank, change)) for name, change in state.changed.items()},
        request="",
        heard="",
        latest="",
        nonce="",
        pages=[_BLANK] * len(state.pages),
        root=None if root is None else msgspec.structs.replace(root, params=_fields(root.params)),
        open=None if state.open is None else _open(state.open, keep),
        owed=_reply(state.owed),
    )


def _open(opened: Open, keep: bool) -> Open:
    intent = opened.intent
    return msgspec.structs.replace(
        opened,
        mark="",
        first=_BLANK,
        by=_BLANK,
        journal=_entries(opened.journal, keep),
        aside=_entries(opened.aside, keep),
        # The idempotency key is a digest of the answers.
        intent=None if intent is None else msgspec.structs.replace(intent, token=_BLANK),
        replaced=None if opened.replaced is None else _state(opened.replaced, keep),
    )


def _opening(opening: Opening) -> Opening:
    return msgspec.structs.replace(opening, text=_BLANK, message_id=opening.message_id and _BLANK, name=opening.name and _BLANK)


def _reply(reply: Reply | None) -> Reply | None:
    return None if reply is None else Reply(_BLANK, reply.end)


def _entries(entries: list[Entry], keep: bool) -> list[Entry]:
    return [_entry(entry, keep) for entry in entries]


def _entry(entry: Entry, keep: bool) -> Entry:
    # A prompt's fingerprint comes after the flows that it is within, and is empty where it has no choices.
    picked = entry.kind == PROMPT and not entry.choices.endswith("/") and entry.choices != ""
    return entry if keep and picked else Entry(entry.kind, entry.key, entry.choices, _blank(entry.value))


def _blank(stored: Any) -> Any:
    if isinstance(stored, str):
        return _BLANK
    if stored is None:
        return None
    if isinstance(stored, bool | int | float):
        return type(stored)()
    if isinstance(stored, list):
        return [_blank(each) for each in stored]
    tag: str = next(iter(stored), "")
    if tag in _BLANKS:
        return {tag: _BLANKS[tag]}
    if tag in (FAILED, "$enum", "$data"):
        name, content = stored[tag]
        return {tag: [name, _blank(content)]}
    return {tag: _fields(stored[tag])} if tag == "$dict" else _fields(stored)


def _fields(stored: dict[str, Any]) -> dict[str, Any]:
    return {key: _blank(each) for key, each in stored.items()}
