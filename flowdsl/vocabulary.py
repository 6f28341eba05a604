"""The words that this library says of its own accord, beside those of the parsers of answers. Pure.

Loaded by :func:`flowdsl.languages.messages` only. Each stands where it is used as well, and a test compares the two.
"""

from typing import Final, get_args

from flowdsl.messages import MediaKind

__all__ = ["WORDS"]

WORDS: Final = (
    "Next",
    "Back",
    "Start again",
    "Keep",
    "Yes",
    "No",
    "You have not finished. What would you like to do?",
    "Continue",
    "That is not a valid answer.",
    "Please choose one of the options.",
    "Please send a picture, a recording or a file.",
    "Please send a picture.",
    "Please send a recording.",
    "Please send a video.",
    "Please send a file.",
    "Please send a sticker.",
    "Please send a location.",
    "Please send a contact.",
    "Please answer in words.",
    "Please enter a number.",
    "Please enter a whole number.",
    "Please enter a date such as 2026-12-31.",
    "Please enter a time such as 18:30.",
    "Please enter a date and a time such as 2026-12-31 18:30.",
    "This takes a moment. Please reply with any key to see the result.",
    "Sorry, this service is not available to you now. We are looking into it.",
    "Sorry, something went wrong. Please try again.",
    "Your session has expired. Please dial again.",
    *(kind.capitalize() for kind in get_args(MediaKind)),  # before the address of what a screen cannot show
)
"""All of them, in English."""
