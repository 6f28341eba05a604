"""USSD: how long a text is for the network, and how it is cut into screens."""

from flowdsl.ussd.alphabet import Length, measure
from flowdsl.ussd.pages import paginate
from flowdsl.ussd.screen import Screen

__all__ = ["Length", "Screen", "measure", "paginate"]
