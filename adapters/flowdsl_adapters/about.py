"""What people should know of a gateway: for its page in the documentation, and for who tries it by hand."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

__all__ = ["About", "Evidence"]

Evidence = Literal["documented", "seen in code", "inferred"]
"""How well a wire format is known: by its vendor's pages, by public code that depends on it, or by analogy."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What people should know of a gateway.

    Args:
        title: what it is called.
        country: where, in words.
        evidence: how well the weakest part of its wire format is known.
        sources: where the facts are from.
        check: what to ask the vendor, a sentence each.
        notes: what else to know, a sentence each.
        number: a number as the gateway writes it.
        sample: the first request of a session, field by field.
        fields: what other fields mean than those that are declared, or what is to be said besides; by the field's name.
        notices: notices that a session is over, field by field, which no :class:`~flowdsl_adapters.Stage` tells; each by how
            it shows.
        addresses: what goes to which address besides messages, in words; by what follows the path of the mount.
        events: the one of these to which notices go.
        characters: how many the vendor says that a screen holds; ``None`` where that is not stated.
        within: seconds within which the vendor wants an answer; ``None`` where that is not stated.
        lasts: seconds for which the vendor keeps a session; ``None`` where that is not stated.
    """

    title: str = ""
    country: str = ""
    evidence: Evidence = "inferred"
    sources: tuple[str, ...] = ()
    check: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    number: str = "233244123456"
    sample: Mapping[str, Any] = {}
    fields: Mapping[str, str] = {}
    notices: Mapping[str, Mapping[str, Any]] = {}
    addresses: Mapping[str, str] = {}
    events: str = ""
    characters: int | None = None
    within: float | None = None
    lasts: float | None = None
