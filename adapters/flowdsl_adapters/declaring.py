"""What is wrong with the declaration of a gateway: told when it is made, and not when the first person dials. Pure."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, get_args

from flowdsl import ConfigurationError
from flowdsl.messages import EndReason
from flowdsl_adapters.about import About
from flowdsl_adapters.fields import Field, Stage
from flowdsl_adapters.templates import Template, slots_of

__all__ = ["OWN_SLOTS", "require_declared"]

OWN_SLOTS: Final = frozenset({"text", "key"})
"""Slots of a reply that are its own, and no fields of the request."""

_WIRES: Final = 'wire = Query(), Form(), Json() or Xml(root="…")'
_FORM: Final = "a text with {text} in it, or a dict for a JSON object"
_NEEDED: Final = {
    "name": 'name = "…"',
    "wire": _WIRES,
    "number": 'number = Field("…")',
    "text": 'text = Field("…")',
    "more": f"{_FORM}, which keeps the session open",
    "last": f"{_FORM}, which ends the session",
}
_FIELDS: Final = ("session", "number", "text", "sequence", "network", "account", "service", "channel")
_MEANINGS: Final = ("new", "on", *get_args(EndReason))
_CUMULATIVE: Final = ("", "answers", "dialled")
# RFC 9110, section 5.6.2.
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# "stages" for "stage", and "netwrok" for "network", but not "networks_of".
_CLOSE: Final = 0.8


def require_declared(gateway: Any, common: type) -> None:
    """Make sure that a gateway declares all that it must, and that it can mean what it says.

    Args:
        gateway: the gateway.
        common: the class that has what all gateways have in common.

    Raises:
        ConfigurationError: the first thing that is wrong, by the class and what to write in it.
    """
    fault = next(_faults(gateway, common), None)
    if fault is not None:
        raise ConfigurationError(f"the class {type(gateway).__name__} {fault}")


def _faults(gateway: Any, common: type) -> Iterator[str]:
    """Tell what is wrong, one after the other; who looks on has mended what was told before."""
    yield from _misspelt(gateway, common)
    for name, example in _NEEDED.items():
        if not hasattr(gateway, name):
            yield f"has no {name}: write {example}"
    if not isinstance(gateway.name, str) or not gateway.name.strip():
        yield f'has name = {gateway.name!r}: write name = "…", what sessions and signals call it'
    if not isinstance(gateway.about, About) or not isinstance(gateway.about.sample, Mapping):
        yield f"has about = {_shown(gateway.about)}: write about = About(title=…, sample={{…}})"
    yield from _wrong_wire(gateway.wire)
    for name in _FIELDS:
        yield from _wrong_field(name, getattr(gateway, name))
    if gateway.text.name == gateway.number.name:
        yield f"reads text and number from one field, {gateway.text.name!r}: what was typed is no number of a person"
    if gateway.stage is not None:
        yield from _wrong_stage(gateway.stage)
    yield from _wrong_options(gateway)
    for name in ("more", "last"):
        yield from _wrong_form(name, getattr(gateway, name), _known_slots(gateway))
    yield from _wrong_pair(gateway, common)


def _misspelt(gateway: Any, common: type) -> Iterator[str]:
    """Find what is declared by a name that nothing reads."""
    known = [name for name in {*dir(common), *common.__annotations__} if not name.startswith("_")]
    own = [each for each in type(gateway).__mro__ if each is not common and issubclass(each, common)]
    for name, value in (item for each in own for item in vars(each).items()):
        if name.startswith("_") or name in known or hasattr(value, "__get__"):  # methods and properties
            continue
        for close in get_close_matches(name, known, 1, _CLOSE):
            yield f"has {name!r}, which nothing reads: did you mean {close!r}? What is its own begins with an underscore"


def _wrong_wire(wire: object) -> Iterator[str]:
    if isinstance(wire, type):
        yield f"has wire = {wire.__name__}, which is the class itself: write wire = {wire.__name__}()"
    elif not (isinstance(getattr(wire, "method", None), str) and callable(getattr(wire, "read", None))):
        yield f"has wire = {wire!r}: write {_WIRES}"


def _wrong_field(name: str, field: object) -> Iterator[str]:
    if field is None and name not in _NEEDED:
        return
    if not isinstance(field, Field):
        yield f"has {name} = {_shown(field)}: write {name} = Field({_quoted(field)})"
    elif not isinstance(field.name, str) or not field.name.strip():
        yield f'has {name} = Field({field.name!r}): write {name} = Field("…"), the name of the field in the request'


def _wrong_stage(stage: object) -> Iterator[str]:
    example = '{"…": "new", "…": "on"}'
    if not isinstance(stage, Stage) or not isinstance(stage.name, str) or not isinstance(stage.values, Mapping):
        named = _quoted(stage.name if isinstance(stage, Stage) else stage)
        yield f"has stage = {_shown(stage)}: write stage = Stage({named}, {example})"
        return
    for value, meaning in stage.values.items():
        if not isinstance(value, str):
            yield f"has a value of {stage.name} that is no text, {value!r}: write Stage({stage.name!r}, {example})"
        if meaning not in _MEANINGS:
            yield (
                f"says that {stage.name} {value!r} means {meaning!r}: what it means stands behind it, "
                f"and is one of {', '.join(_MEANINGS)}"
            )
    for meaning, what in (("new", "begins"), ("on", "goes on")):
        if meaning not in stage.values.values():
            yield f"says for no value of {stage.name} that a conversation {what}: write Stage({stage.name!r}, {example})"


def _wrong_options(gateway: Any) -> Iterator[str]:
    for name in ("more_headers", "last_headers"):
        if not _are_headers(headers := getattr(gateway, name)):
            yield f'has {name} = {headers!r}: write {name} = {{"X-Session": "open"}}, printable texts both'
    replaced = gateway.replaced
    if not isinstance(replaced, Mapping) or not all(_is_replacement(*each) for each in replaced.items()):
        yield f'has replaced = {replaced!r}: write replaced = {{"|": "/"}}, each a single character and the text for it'
    if gateway.cumulative not in _CUMULATIVE:
        yield f"has cumulative = {gateway.cumulative!r}: it is 'answers' or 'dialled', or left out"
    own = gateway.own_slots
    if isinstance(own, str) or not isinstance(own, Collection) or not all(isinstance(each, str) for each in own):
        yield f'has own_slots = {own!r}: write own_slots = ("…",)'


def _are_headers(headers: object) -> bool:
    return isinstance(headers, Mapping) and all(
        isinstance(name, str) and _HEADER.fullmatch(name) and isinstance(value, str) and value.isprintable()
        for name, value in headers.items()
    )


def _is_replacement(plain: object, written: object) -> bool:
    return isinstance(plain, str) and len(plain) == 1 and isinstance(written, str)


def _known_slots(gateway: Any) -> set[str]:
    """List what may stand in a reply: what the gateway declares, and what its sample shows that it sends."""
    # Whoever looks at the attributes of an instance as a dict makes CPython 3.11 keep one, and each is then slower to read.
    own = [getattr(gateway, name) for name in _FIELDS]
    members = [value for each in type(gateway).__mro__ for value in vars(each).values()]
    fields = {each.name for each in (*own, *members) if isinstance(each, Field)}
    stage = set() if gateway.stage is None else {gateway.stage.name}
    return {*OWN_SLOTS, *gateway.own_slots, *fields, *stage, *gateway.about.sample}


def _wrong_form(name: str, form: object, known: set[str]) -> Iterator[str]:
    if not isinstance(form, str | Mapping):
        yield f"has {name} = {_shown(form)}: write {_FORM}"
        return
    try:
        slots = Template(form).slots
    except (TypeError, ValueError, RecursionError) as error:
        yield f"has a form in {name} that cannot be written: {error}"
        return
    if not isinstance(form, str):
        yield from _wrong_object(name, form)
    if "text" not in slots:
        missing = "" if not (close := get_close_matches("text", slots, 1)) else f", but {{{close[0]}}}"
        yield f"has no {{text}} in {name}{missing}: write it where the text of a reply is to stand"
    for slot in sorted(slots - known):
        close = get_close_matches(slot, known, 1)
        hint = f"did you mean {{{close[0]}}}?" if close else f"what can stand there is {', '.join(sorted(known))}"
        yield f"has {{{slot}}} in {name}, which no request and no reply has: {hint}"


def _wrong_object(name: str, value: object) -> Iterator[str]:
    """Find slots that stand where nothing is filled in: in the name of a field, or in a part of a text."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            if not isinstance(key, str) or slots_of(key):
                yield f"has {key!r} for the name of a field in {name}: write a text without slots"
            yield from _wrong_object(name, each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _wrong_object(name, each)
    elif isinstance(value, str) and (slots := slots_of(value)) and value != f"{{{slots[0]}}}":
        yield (
            f'has {value!r} in {name}: in an object a slot is all of a value, "{{{slots[0]}}}"; '
            "what else is to stand there is put in by overriding filling()"
        )


def _wrong_pair(gateway: Any, common: Any) -> Iterator[str]:
    """Find out whether anybody can tell the end, where nothing of the gateway's own tells it."""
    if len({(isinstance(form, str), str(form)[:1] == "<") for form in (gateway.more, gateway.last)}) > 1:
        yield "has more and last of two kinds: both are texts, or XML, or objects, since their content type is one"
    own = type(gateway).encode is not common.encode or type(gateway).filling is not common.filling
    told = [_told(gateway.more, gateway.more_headers), _told(gateway.last, gateway.last_headers)]
    if not own and told[0] == told[1]:
        yield "has the same in more and last, and the same headers: nobody could tell that a session is over"


def _told(form: object, headers: Mapping[str, str]) -> str:
    # In Python 1 is True, and in JSON it is not.
    return json.dumps([form, {name.lower(): value for name, value in headers.items()}], sort_keys=True)


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else '"…"'


def _shown(value: object) -> str:
    return f"the class {value.__name__} itself" if isinstance(value, type) else repr(value)
