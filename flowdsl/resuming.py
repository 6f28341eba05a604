"""The menu for who dials again in the middle of a conversation: go on, or begin again."""

from typing import Final

import msgspec

from flowdsl.errors import ConfigurationError
from flowdsl.prompt import Prompt
from flowdsl.texts import BuiltIn, Text, is_text
from flowdsl.verdict import picked

__all__ = ["RESUME", "Resume"]

RESUME: Final = "resume"
"""Key of the question."""

_PROCEED: Final = "continue"
_RESTART: Final = "restart"


class Resume(msgspec.Struct, frozen=True, kw_only=True):
    """Ask who dials again whether to go on or to begin again.

    Args:
        text: the question.
        proceed: label of the first choice, to go on.
        restart: label of the second choice, to begin again.

    Raises:
        ConfigurationError: one of them is no text.

    >>> Resume().asked().menu.lines
    ('1. Continue', '2. Start again')
    """

    text: Text = BuiltIn("You have not finished. What would you like to do?")
    proceed: Text = BuiltIn("Continue")
    restart: Text = BuiltIn("Start again")

    def __post_init__(self) -> None:
        if not all(map(is_text, (self.text, self.proceed, self.restart))):
            raise ConfigurationError("what is asked on dialling again, and its two choices, are texts")

    def asked(self) -> Prompt[str]:
        """Give the question as a prompt."""
        return Prompt(RESUME, self.text, choices={_PROCEED: self.proceed, _RESTART: self.restart})

    def chosen(self, text: str, read_in: str | None = None, *, transliterated: bool = False) -> bool | None:
        """Tell whether to go on, by what was typed; ``None`` where that is neither of the two.

        Args:
            text: what was typed.
            read_in: the language in which the person read the question.
            transliterated: they read it transliterated.
        """
        option = picked(self.asked(), text, read_in, transliterated=transliterated)
        return None if option is None else option.key == _PROCEED
