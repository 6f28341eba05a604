"""Requests that are not what a declared gateway takes, made from its declaration."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from flowdsl_adapters.fields import Field
from flowdsl_adapters.gateway import Request
from flowdsl_adapters.handset import Caller, Handset
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json, Query

__all__ = ["malformed"]

_ODD: Final[tuple[Any, ...]] = (1.5, True, [], {"a": 1})
_NUMBERS = ("", " ", "1", "233", "not a number", "233XXXXXXXXX", "9" * 400, "٢٣٣٢٤٤١٢٣٤٥٦", "07123ABCDE")


def malformed(handset: Handset, caller: Caller) -> dict[str, Request]:
    """Make requests, each with one thing wrong with it, which its name says.

    Args:
        handset: the other side of the gateway.
        caller: who has dialled and typed.
    """
    gateway = handset.gateway
    sound = handset.typed(caller, ["a", "wrong"])
    fields = {**gateway.wire.read(sound)}
    if isinstance(gateway.wire, Json) and gateway.wire.any_case:
        small = {name.lower(): name for name in gateway.about.sample}
        fields = {small.get(name, name): value for name, value in fields.items()}
    wrong = {name: _with(gateway, sound, changed) for name, changed in _changes(gateway, fields)}
    if isinstance(gateway.wire, Query):
        name = gateway.number.name
        wrong[f"{name} twice"] = msgspec.structs.replace(sound, twice=frozenset({name}))
    return wrong


def _changes(gateway: UssdGateway, fields: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    declared = (gateway.session, gateway.number, gateway.text, gateway.service, gateway.account, gateway.network)
    for field in filter(None, declared):
        if field.name in _in_address(gateway):
            continue
        if field.required:
            yield f"{field.name} missing", {name: value for name, value in fields.items() if name != field.name}
            if not field.blank:
                yield f"{field.name} blank", {**fields, field.name: " "}
        if isinstance(gateway.wire, Json):
            for value in _odd(field):
                yield f"{field.name} {value!r}", {**fields, field.name: value}
            yield f"{field.name} half a character", {**fields, field.name: "\ud83d"}
    for number in _NUMBERS:
        yield f"{gateway.number.name} {number!r}", {**fields, gateway.number.name: number}
    if gateway.stage is not None and gateway.stage.name not in _in_address(gateway):
        yield f"{gateway.stage.name} unknown", {**fields, gateway.stage.name: "no such thing"}
        if gateway.stage.required:
            yield f"{gateway.stage.name} missing", {name: fields[name] for name in fields if name != gateway.stage.name}


def _odd(field: Field) -> Iterator[Any]:
    yield from _ODD
    if not field.number:
        yield 1


def _in_address(gateway: UssdGateway) -> tuple[str, ...]:
    return gateway.wire.address if isinstance(gateway.wire, Json) else ()


def _with(gateway: UssdGateway, sound: Request, fields: Mapping[str, Any]) -> Request:
    made = gateway.wire.write(fields)
    return msgspec.structs.replace(made, parts=sound.parts, headers=sound.headers)
