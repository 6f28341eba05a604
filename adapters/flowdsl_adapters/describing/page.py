"""A page of the documentation on a gateway: all that its declaration tells, and how to begin. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from flowdsl import Inbound, Reply, Screen
from flowdsl.errors import UserInputError
from flowdsl_adapters.about import Evidence
from flowdsl_adapters.curl import curl
from flowdsl_adapters.describing.facts import Facts
from flowdsl_adapters.describing.fields import REASONS, meanings
from flowdsl_adapters.describing.spelling import as_answered, as_sent, fenced, settings
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json

__all__ = ["page"]

_PATH: Final = "/ussd"
_SERVED: Final = f"http://127.0.0.1:8080{_PATH}"
_KNOWN: Final[Mapping[Evidence, str]] = {
    "documented": "the format is as its vendor describes it",
    "seen in code": "the format, or a part of it, is known from public code that speaks it and not from its vendor, so try it "
    "against the live gateway before you release",
    "inferred": "a part of the format is a guess from gateways like this one, so try it against the live gateway before you "
    "release",
}
_SERVICE: Final = """\
from aiohttp import web
from flowdsl import Prompt, Runtime, Say, flow
from flowdsl_adapters import {gateway}, mount

@flow
def hello():
    name = yield from Prompt("name", "What is your name?")
    yield Say(f"Hello, {{name}}!")

def app(argv=None):
    application = web.Application()
    mount(application, "{path}", {gateway}(), hello, runtime=Runtime(cache="memory://"))
    return application
"""
_LOST: Final = {
    "begin": 'begins a conversation; with `mount(…, lost="end")` the person is told instead that it has expired.',
    "end": 'is turned away, and begins no conversation; with `mount(…, lost="begin")` it does.',
}
_RULE: Final = re.compile(r"\{\w+:([^}]*)\}")
_BREAKS: Final = {"\n": "a line break", "\r\n": "CR LF"}
_MENU: Final = Reply("Choose a plan:\n1. Daily\n2. Weekly", key="plan")
_LAST: Final = Reply("Thank you. Goodbye.", end=True)


def page(gateway: UssdGateway, others: Mapping[str, UssdGateway] = {}) -> str:
    """Write the page on a gateway, in Markdown.

    Args:
        gateway: the gateway, as it is without settings.
        others: the same with settings with which its requests and replies look otherwise, each as it is written in code.

    >>> from flowdsl_adapters import Nalo
    >>> page(Nalo()).splitlines()[0]
    '# Nalo Solutions'
    """
    facts = Facts(gateway)
    sections = {
        "Mount it": _mounted(gateway),
        "Try it": _tried(facts),
        "What it sends": _sent(facts),
        "How it is answered": _answered(facts),
        **{f"With `{code}`": [*_sent(Facts(other)), *_answered(Facts(other))] for code, other in others.items()},
        "Settings": [_list(f"`{name}`: {text}" for name, text in settings(type(gateway)))],
        "Limits": _limits(gateway),
        "When the session ends": _ended(facts),
        "Notes": [_list(gateway.about.notes)] if gateway.about.notes else [],
        "Sources": [_list(gateway.about.sources)],
    }
    chapters = [part for title, parts in sections.items() if parts for part in (f"## {title}", *parts)]
    return "\n\n".join((*_head(gateway), *chapters)) + "\n"


def _head(gateway: UssdGateway) -> Iterator[str]:
    about = gateway.about
    yield f"# {about.title}"
    where = f"{about.country[:1].upper()}{about.country[1:]}. " if about.country else ""
    yield (
        f"{where}In code `{type(gateway).__name__}`, on the command line `{gateway.name}`; see [all gateways](../gateways.md)."
    )
    yield f"**{about.evidence.capitalize()}**: {_KNOWN[about.evidence]}.{' Check with the vendor:' if about.check else ''}"
    if about.check:
        yield _list(about.check)


def _mounted(gateway: UssdGateway) -> Iterator[str]:
    yield "Save this as `service.py`, with your own flow instead:"
    yield fenced("python", _SERVICE.format(gateway=type(gateway).__name__, path=_PATH))
    told = gateway.about.addresses
    addresses = [(method, _RULE.sub(r"\1", suffix), told.get(suffix)) for method, suffix in gateway.routes]
    yield "`python -m aiohttp.web -P 8080 service:app` runs it. What the gateway is to call:"
    yield _list(
        f"`{method} https://your.host{_PATH}{suffix}`{f': {words}' if words else ''}" for method, suffix, words in addresses
    )
    yield "The gateway does not sign what it sends: [docs/origin.md](../origin.md) tells how to let in nobody else."


def _tried(facts: Facts) -> Iterator[str]:
    gateway = facts.gateway
    yield "Without the gateway, serve the flow, dial, and answer:"
    yield fenced("sh", f"flowdsl serve service.py:hello --gateway {gateway.name}")
    for request in (facts.dialling, facts.handset.typed(facts.caller, ["Ama"])):
        yield fenced("sh", curl(gateway.routes, request, _SERVED))


def _sent(facts: Facts) -> Iterator[str]:
    gateway = facts.gateway
    rows = [f"| {role} | `{field}` | {words} |" for role, field, words in meanings(facts)]
    yield f"Messages come by {facts.transport}:"
    yield "\n".join(("| | field | |", "|---|---|---|", *rows))
    if isinstance(gateway.wire, Json) and gateway.wire.any_case:
        yield "Names of fields are read without regard to case."
    yield f"What begins a conversation: {facts.begins}. The first request as it comes:"
    yield fenced("text", as_sent(gateway.routes, facts.sample, _PATH))


def _answered(facts: Facts) -> Iterator[str]:
    gateway, inbound = facts.gateway, facts.first
    yield "While the conversation goes on:"
    yield fenced("text", as_answered(gateway.encode(_MENU, inbound)))
    yield "At its end, and with an apology:"
    yield fenced("text", as_answered(gateway.encode(_LAST, inbound)))
    if gateway.replaced:
        said = [f"{_named(plain)} becomes {_named(other)}" for plain, other in gateway.replaced.items()]
        yield f"In a text, {', '.join(said)}."
    yield "To a request that lacks what it must have:"
    yield fenced("text", as_answered(gateway.refuse(_refused(facts))))


def _named(character: str) -> str:
    return _BREAKS.get(character, f"`{character}`")


def _refused(facts: Facts) -> UserInputError:
    gateway = facts.gateway
    fields = {name: value for name, value in gateway.about.sample.items() if name != gateway.number.name}
    try:
        gateway.decode(gateway.wire.write(fields))
    except UserInputError as error:
        return error
    raise TypeError(f"{gateway.name} takes a request without {gateway.number.name}")


def _limits(gateway: UssdGateway) -> Iterator[str]:
    about = gateway.about
    lines = [] if gateway.screen is None else [_screen(gateway, gateway.screen)]
    waits = f"It waits for {about.within:g} seconds" if about.within else "For how many seconds it waits is not stated"
    asked = (
        f" Where the calls of a turn take longer than {gateway.deadline:g} seconds, the person is asked to wait, and "
        "[sees the result](../../README.md#work-that-takes-long) at their next message; `mount(…, deadline=…)` sets another time."
    )
    lines.append(f"{waits}.{asked if gateway.deadline else ''}")
    lasts = (
        f"It keeps a session for {about.lasts:g} seconds." if about.lasts else "For how long it keeps a session is not stated."
    )
    yield _list((*lines, lasts))


def _screen(gateway: UssdGateway, screen: Screen) -> str:
    if gateway.about.characters is None:
        size = f"{screen.septets} septets, or {screen.units} units of UCS-2"
        holds = f"is taken to hold {size} (inferred), since the vendor states no size"
    else:
        holds = (
            f"holds {gateway.about.characters} characters, as the vendor states, which we count as septets; of a text that needs "
            f"UCS-2 it is taken to hold {screen.units} units (inferred)"
        )
    other = f"`{type(gateway).__name__}(screen=Screen(septets=…))`"
    return f"A [screen](../../README.md#screens) {holds}; a longer text becomes pages. {other} sets another size."


def _ended(facts: Facts) -> Iterator[str]:
    notices = facts.notices
    if notices:
        yield "This tells that a session is over, and is never an answer:"
        yield _list(f"{notice.sign}: {REASONS[notice.reason]}" for notice in notices)
        samples = [notice.request for notice in notices if notice.own]
        if samples:
            yield "The first of them as it comes:" if samples[1:] else "As it comes:"
            yield fenced("text", as_sent(facts.gateway.routes, samples[0], f"{_PATH}{facts.gateway.about.events}"))
        yield (
            "The conversation is over then; with [`durable()`](../../README.md#sessions) it waits for who dials again. "
            '`mount(…, hangup="end")` ends it in either case, and `hangup="keep"` keeps it. The signal `session.ended` tells why.'
        )
    else:
        yield (
            "No notice of it is known. What is left in the middle expires an hour after the last message, or when "
            "[`SessionConfig(ttl=…)`](../../README.md#sessions) says."
        )
    answer = facts.gateway.decode(facts.answering)
    if isinstance(answer, Inbound) and answer.new is False:
        yield "An answer in a session that is not known " + _LOST[facts.gateway.lost]


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
