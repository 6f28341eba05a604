"""What each field of a gateway's requests means, in words. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from flowdsl.messages import EndReason
from flowdsl_adapters.describing.facts import Facts, written
from flowdsl_adapters.fields import Field
from flowdsl_adapters.gateway import Request

__all__ = ["REASONS", "Meaning", "meanings"]

REASONS: Final[Mapping[EndReason, str]] = {
    "released": "the session was released",
    "timeout": "the time ran out",
    "user_abort": "the person hung up",
    "user_or_timeout": "the person hung up, or the time ran out",
    "completed": "all was said",
    "application_error": "the service failed",
    "gateway_end": "the gateway closed it",
}
"""Why a session is over, in words."""

_ROLES: Final = ("session", "number", "text", "sequence", "network", "account", "service", "channel")
_WORDS: Final[Mapping[str, str]] = {
    "session": "its id of the session",
    "sequence": "grows with each message of a session, so that one that comes again is known",
    "network": "the mobile network",
    "account": "your account",
    "service": "the code of the service",
    "channel": "what the person uses; where it is not `USSD`, there are no screens and no pages",
}
_TYPED: Final = {
    "": "then what was typed last",
    "answers": "then all answers so far, joined by `*`",
    "dialled": "grown by each answer",
}


class Meaning(NamedTuple):
    """What a field means.

    Args:
        role: what it is to flowdsl; ``""`` for nothing.
        field: its name.
        words: what it means.
    """

    role: str
    field: str
    words: str


def meanings(facts: Facts) -> Iterator[Meaning]:
    """Say what each field means: those that are declared, those that the sample has, and those that are told of besides."""
    gateway, about = facts.gateway, facts.gateway.about
    declared: dict[str, tuple[str, Field]] = {}
    for role in _ROLES:
        field: Field | None = getattr(gateway, role)
        if field is not None:
            declared.setdefault(field.name, (role, field))
    for name, (role, field) in declared.items():
        words = about.fields.get(name) or _words(facts, role)
        yield Meaning(role, name, _joined(words, "" if field.required else _missing(role), _back(facts, name)))
        if role == "text" and gateway.stage is not None:
            yield Meaning("stage", gateway.stage.name, _stages(facts))
    told = {*declared, gateway.stage.name if gateway.stage else ""}
    for name in dict.fromkeys((*about.sample, *about.fields)):
        if name not in told:
            words = about.fields.get(name) or ("" if name in facts.goes_back else "is not read")
            yield Meaning("", name, _joined(words, _back(facts, name)))


def _words(facts: Facts, role: str) -> str:
    gateway = facts.gateway
    if role == "number":
        national = f"; one that begins with `0` is national ({gateway.region})" if gateway.region else ""
        return f"the person's number, such as `{gateway.about.number}`{national}"
    if role == "text":
        first = str(facts.read(facts.sample).get(gateway.text.name))
        dialled = "what was dialled" if first.startswith("*") or gateway.cumulative == "dialled" else f"`{first}`"
        example = f": `{facts.read(facts.answering).get(gateway.text.name)}`" if gateway.cumulative else ""
        return f"{dialled if first else 'empty'} at first, {_TYPED[gateway.cumulative]}{example}"
    return _WORDS[role]


def _missing(role: str) -> str:
    return "where it is missing, the number is the session" if role == "session" else "may be missing"


def _back(facts: Facts, name: str) -> str:
    return "goes back as it came" if name in facts.goes_back else ""


def _joined(*words: str) -> str:
    return "; ".join(filter(None, words))


def _stages(facts: Facts) -> str:
    stage = facts.gateway.stage
    assert stage is not None
    told = [(notice.request, facts.read(notice.request)) for notice in facts.notices]
    ends = [request for request, fields in told if stage.name in fields and stage.read(fields) not in ("new", "on")]
    known = [_value(facts, stage.name, request) for request in (facts.dialling, facts.answering, *ends)]
    *several, last = known[2:] or [""]
    over = f", {', '.join(several)} and {last} end it" if several else f", {last} ends it" if last else ""
    words = f"{known[0]} begins a conversation, {known[1]} goes on with it{over}"
    return _joined(words, "" if stage.required else f"where it is missing, {facts.unseen} begins one")


def _value(facts: Facts, name: str, request: Request) -> str:
    value = written(facts.read(request).get(name))
    return value if value == "empty" else f"`{value}`"
