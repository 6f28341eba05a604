"""What a turn came to, as a person is to see it."""

from typing import Any

from flowdsl.choices import NO_MENU, Menu
from flowdsl.messages import Choice, Media, Reply
from flowdsl.outcome import Outcome
from flowdsl.steps import Prompt, Say
from flowdsl.ussd.pages import paginate
from flowdsl.ussd.screen import Screen

__all__ = ["render"]


def render(outcome: Outcome, screen: Screen | None) -> tuple[Reply, list[str]]:
    """Put together what is said and asked.

    Args:
        outcome: what the flow came to.
        screen: the USSD screen it is shown on; ``None`` where messages may be long and have buttons.

    Returns:
        The reply, and all of its pages where one screen cannot hold it.
    """
    parts, menu = _content(outcome)
    ends = outcome.prompt is None
    texts = [part.text for part in parts if part.text]
    media = [part.media for part in parts if part.media is not None]
    if screen is None:
        choices = tuple(Choice(str(number), option.label) for number, option in enumerate(menu.options, start=1))
        return Reply("\n".join(texts), ends, choices, tuple(media)), []
    if media:
        texts = [line for part in parts for line in (part.text, _as_line(part.media)) if line]
    pages = paginate("\n".join(texts), menu.lines, screen, ends=ends)
    return (Reply(pages[0], ends), []) if len(pages) == 1 else (Reply(pages[0]), pages)


def _content(outcome: Outcome) -> tuple[list[Say | Prompt[Any]], Menu]:
    prompt = outcome.prompt
    if prompt is None:
        return list(outcome.said), NO_MENU
    if outcome.rejected is None:
        return [*outcome.said, prompt], prompt.menu
    if prompt.combine_error:
        return [Say(outcome.rejected), prompt], prompt.menu
    return [Say(outcome.rejected)], NO_MENU


def _as_line(medium: Media | None) -> str:
    if medium is None:
        return ""
    # No pictogram: one emoji would make the whole screen UCS-2 and halve it.
    return f"{medium.caption or medium.kind.capitalize()}: {medium.url}"
