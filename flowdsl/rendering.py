"""What a turn came to, as a person is to see it."""

from typing import Any, Final

from flowdsl.choices import NO_MENU, Menu
from flowdsl.errors import BadStep
from flowdsl.messages import Checkout, Choice, Media, Reply
from flowdsl.navigation import Navigation
from flowdsl.outcome import Outcome, Ways
from flowdsl.prompt import Prompt
from flowdsl.steps import Say
from flowdsl.texts import plain, translate
from flowdsl.ussd.pages import paginate
from flowdsl.ussd.screen import Screen

__all__ = ["render"]

_NAVIGATION: Final = Navigation()
_NO_WAYS: Final = Ways(None, None, None)


def render(outcome: Outcome, screen: Screen | None, navigation: Navigation | None = None) -> tuple[Reply, list[str]]:
    """Put together what is said and asked.

    Args:
        outcome: what the flow came to.
        screen: the USSD screen it is shown on; ``None`` where messages may be long and have buttons.
        navigation: how the keys that lead back are called.

    Returns:
        The reply, and all of its pages where one screen cannot hold it.
    """
    parts, menu = _content(outcome)
    ends = outcome.prompt is None
    media, texts = [], []
    for part in parts:
        if text := plain(part.text):
            texts.append(text)
        if part.media is not None:
            media.append(part.media)
    ways = (outcome.ways or _NO_WAYS) if menu is not None else _NO_WAYS
    names = navigation or _NAVIGATION
    options = NO_MENU if menu is None else menu
    key = "" if outcome.prompt is None else outcome.prompt.key
    checkout = _checkout(outcome) if outcome.said else None
    if screen is None:
        choices = [Choice(str(number), option.label) for number, option in enumerate(options.options, start=1)]
        return Reply("\n".join(texts), ends, (*choices, *_buttons(ways, names)), tuple(media), key, checkout=checkout), []
    if screen.transliterate:
        options = options.transliterated()
    if media:
        texts = [line for part in parts for line in (plain(part.text), _as_line(part.media)) if line]
    text, lines = "\n".join(texts), options.lines
    if ways is _NO_WAYS:
        pages = paginate(text, lines, screen, ends=ends)
    else:
        pages = paginate(text, (*lines, *_offered(ways, names)), screen, ends=ends)
        if len(pages) > 1 and ways.back == screen.back_key:
            # One key with two meanings: the page before, and on the first page the question before. It is offered once.
            pages = paginate(text, (*lines, *_offered(ways._replace(back=None), names)), screen, ends=ends, back=True)
    if len(pages) == 1:
        return Reply(pages[0], ends, key=key, checkout=checkout), []
    if checkout is not None:
        raise BadStep(f"what is said with the checkout of {checkout.item!r} takes {len(pages)} screens: it must fit one")
    return Reply(pages[0], key=key), pages


def _content(outcome: Outcome) -> tuple[list[Say | Prompt[Any]], Menu | None]:
    prompt = outcome.prompt
    if prompt is None:
        return list(outcome.said), None
    if outcome.rejected is None:
        return [*outcome.said, prompt], prompt.menu
    if prompt.combine_error:
        return [Say(outcome.rejected), prompt], prompt.menu
    return [Say(outcome.rejected)], None


def _checkout(outcome: Outcome) -> Checkout | None:
    found = [each.checkout for each in outcome.said if each.checkout is not None]
    if not found:
        return None
    if len(found) > 1 or outcome.prompt is not None:
        raise BadStep(f"it says a checkout of {found[0].item!r} and goes on: one checkout ends the conversation")
    return found[0]


def _buttons(ways: Ways, names: Navigation) -> list[Choice]:
    offered = [(ways.back, names.back_label), (ways.start, names.start_label)]
    buttons = [Choice(key, plain(label)) for key, label in offered if key is not None]
    if ways.kept is not None and names.keep is not None:
        buttons.insert(0, Choice(names.keep, f"{plain(names.keep_label)}: {ways.kept}"))
    return buttons


def _offered(ways: Ways, names: Navigation) -> list[str]:
    return [f"{each.key} {each.label}" for each in _buttons(ways, names)]


def _as_line(medium: Media | None) -> str:
    if medium is None:
        return ""
    # No pictogram: one emoji would make the whole screen UCS-2 and halve it.
    return f"{medium.caption or translate(medium.kind.capitalize())}: {medium.url}"
