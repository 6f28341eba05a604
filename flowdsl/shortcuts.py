"""Several answers in one message: dialled behind the code of a service, or typed before the first was read. Pure."""

from typing import Final

from flowdsl.messages import Inbound
from flowdsl.outcome import Outcome
from flowdsl.paging import is_page_key
from flowdsl.rendering import render
from flowdsl.service import Service

__all__ = ["code", "dialled_behind", "looks_dialled", "may_answer", "pieces"]

_SEPARATOR: Final = "*"
# A USSD string has at most 182 characters, and with a star before each no more parts than this. What is longer was not
# dialled by anybody, and each part is a replay.
_MOST: Final = 91


def dialled_behind(inbound: Inbound) -> tuple[str, ...]:
    """Give the answers that were dialled behind the service's code."""
    return inbound.shortcut[:_MOST]


def pieces(text: str) -> tuple[str, ...]:
    """Take apart what may be several answers at once.

    >>> pieces("2*500")
    ('2', '500')
    """
    return tuple(text.split(_SEPARATOR, _MOST)[:_MOST]) if _SEPARATOR in text else ()


def may_answer(part: str, outcome: Outcome, service: Service) -> bool:
    """Tell whether a part may be the answer to a question that the person has not seen.

    A secret is typed where it is asked for, and not dialled in advance; a key that leads back, or turns a page, leads nowhere
    from there.

    Args:
        part: what was dialled.
        outcome: where the flow waits.
        service: how the flow is shown.
    """
    screen, navigation = service.screen, service.navigation
    prompt, ways = outcome.prompt, outcome.ways
    if prompt is None or prompt.secret or prompt.expects is not None:
        return False
    if screen is not None and is_page_key(part, screen) and render(outcome, screen, navigation)[1]:
        return False
    if ways is None:
        return True
    keep = navigation.keep if navigation is not None and ways.kept is not None else None
    return part.strip() not in (ways.back, ways.start, keep)


def looks_dialled(inbound: Inbound) -> str:
    """Give what was dialled, where only the session tells that somebody dialled at all; ``""`` where it may be an answer.

    Whose session is gone, as after a restart, has typed answers and not a code, and some of those are secret.

    >>> [looks_dialled(Inbound(platform="ussd", gateway="nsano", text=text, new=None)) for text in ("*365#", "4821")]
    ['*365#', '']
    """
    history = inbound.history
    if history is None:
        typed = inbound.text.strip()
        bare = typed.strip("*#").replace(_SEPARATOR, "")
        return (inbound.dialled or inbound.text) if typed[:1] == "*" and typed[-1:] == "#" and bare.isdecimal() else ""
    dialled = (inbound.dialled or "").strip().strip("*#").split(_SEPARATOR)
    heard = history.text.split(_SEPARATOR) if history.text else []
    if not heard or dialled[-len(heard) :] != heard:
        return inbound.dialled or ""  # none of the answers is in it
    known = dialled[: -len(inbound.shortcut)] if inbound.shortcut else dialled[: -len(heard)]
    return f"*{_SEPARATOR.join(known)}#" if known else ""


def code(inbound: Inbound) -> str | None:
    """Give what was dialled without what was dialled behind the service's code, since that may be a secret.

    >>> code(Inbound(platform="ussd", gateway="nalo", dialled="*920*77*2*500#", shortcut=("2", "500")))
    '*920*77#'
    """
    dialled, parts = inbound.dialled, inbound.shortcut
    if dialled is None or not parts:
        return dialled
    bare = dialled.strip().removesuffix("#")
    behind = _SEPARATOR + _SEPARATOR.join(parts)
    if bare.endswith(behind):
        return bare.removesuffix(behind) + dialled.strip()[len(bare) :]
    # Some gateways tell the code apart, and then none of the parts is in it.
    stands = {each.strip() for each in bare.split(_SEPARATOR)} - {""}
    return (inbound.service or "") if stands & {each.strip() for each in parts} else dialled
