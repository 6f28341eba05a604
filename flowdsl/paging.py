"""Which page of a long screen a person sees, and what turns it."""

import msgspec

from flowdsl.record import FlowState
from flowdsl.ussd.pages import paginate
from flowdsl.ussd.screen import Screen

__all__ = ["is_alike", "is_page_key", "made_anew", "turned_to"]


def is_page_key(text: str, screen: Screen) -> bool:
    """Tell whether a text is one of the keys that turn pages.

    >>> is_page_key(" # ", Screen())
    True
    """
    return text.strip() in (screen.next_key, screen.back_key)


def is_alike(one: Screen, other: Screen) -> bool:
    """Tell whether pages of one screen can be shown on another: only the labels of the keys may be others.

    >>> is_alike(Screen(), Screen(next_label="Suite"))
    True
    """
    return msgspec.structs.replace(one, next_label="", back_label="") == msgspec.structs.replace(
        other, next_label="", back_label=""
    )


def turned_to(state: FlowState, text: str, screen: Screen) -> int:
    """Tell which page is shown after a text: another one where it turns to one, and else the same."""
    typed = text.strip()
    if typed == screen.next_key and state.page < len(state.pages) - 1:
        return state.page + 1
    return state.page - 1 if typed == screen.back_key and state.page > 0 else state.page


def made_anew(state: FlowState, made_for: Screen, screen: Screen) -> FlowState:
    """Cut a last message, of which only the pages are left, into pages of another screen.

    Args:
        state: where the flow stands.
        made_for: the screen that the pages were made for.
        screen: the one on which they are shown now.
    """
    last = len(state.pages) - 1
    lines = [made_for.navigation(back=place > 0, forward=True) if place < last else "" for place in range(last + 1)]
    text = "\n".join(page.removesuffix(line) for page, line in zip(state.pages, lines, strict=True))
    return msgspec.structs.replace(state, pages=paginate(text, [], screen, ends=True), page=0, screen=screen)
