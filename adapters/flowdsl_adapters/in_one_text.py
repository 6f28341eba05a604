"""Replies in one text: for gateways of USSD whose people are at an app or a browser, where no screen has cut them. Pure."""

import msgspec

from flowdsl import Reply

__all__ = ["in_one_text"]


def in_one_text(reply: Reply) -> Reply:
    r"""Put media and choices into the text of a reply, since the gateway carries nothing else.

    >>> from flowdsl import Choice
    >>> in_one_text(Reply("Network?", choices=(Choice("1", "MTN"), Choice("2", "Telecel")))).text
    'Network?\n1. MTN\n2. Telecel'
    """
    media = (f"{each.caption or each.kind.capitalize()}: {each.url}" for each in reply.media)
    choices = (f"{each.key}. {each.label}" for each in reply.choices)
    text = "\n".join(line for line in (reply.text, *media, *choices) if line)
    return msgspec.structs.replace(reply, text=text, media=(), choices=())
