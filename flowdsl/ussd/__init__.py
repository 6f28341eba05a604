"""USSD: how long a text is for the network, in which alphabet it is written, and how it is cut into screens."""

from flowdsl.ussd.alphabet import Length, measure
from flowdsl.ussd.pages import paginate
from flowdsl.ussd.screen import Screen
from flowdsl.ussd.transliteration import transliterate

__all__ = ["Length", "Screen", "measure", "paginate", "transliterate"]
