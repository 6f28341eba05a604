"""The table of gateways: what each sends, and how it is answered, in a line. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from flowdsl import ConfigurationError
from flowdsl_adapters.describing.facts import Facts, Notice
from flowdsl_adapters.ussd import UssdGateway

__all__ = ["Row", "renewed", "row", "table"]

_BEGIN: Final = "<!-- table of gateways -->\n"
_END: Final = "<!-- end of the table -->\n"
_HEADINGS: Final = (
    *("gateway", "comes by", "session", "a conversation begins with", "text", "number"),
    *("a reply goes on / ends by", "screen", "seconds", "tells the end by", "known"),
)
_TEXTS: Final = {"": "the last answer", "answers": "all answers", "dialled": "what was dialled and all answers"}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What the table says of a gateway, in Markdown.

    Args:
        name: of the gateway, and of its page.
        title: what it is called, and where.
        transport: how messages come.
        session: what names a session.
        begins: what shows that a conversation begins.
        text: which field holds what was typed, and how much of it.
        number: which field holds the number, and one.
        told: what says that a session goes on, and what that it ends.
        screen: septets and units of UCS-2 that one holds.
        seconds: within how many the vendor wants an answer, and when a person is asked to wait.
        ends: what tells that a session is over.
        evidence: how well all this is known.
    """

    name: str
    title: str
    transport: str
    session: str
    begins: str
    text: str
    number: str
    told: str
    screen: str
    seconds: str
    ends: str
    evidence: str

    def cells(self, link: str) -> tuple[str, ...]:
        """Give the cells, the first of which leads to the page.

        Args:
            link: address of the pages, with ``{}`` for the name.
        """
        first, *rest = msgspec.structs.astuple(self)[1:]
        return (f"[{first}]({link.format(self.name)})", *rest)


def row(gateway: UssdGateway) -> Row:
    """Say what a gateway sends and how it is answered.

    >>> from flowdsl_adapters import Nalo
    >>> row(Nalo()).text
    '`USERDATA`: the last answer'
    """
    facts, about = Facts(gateway), gateway.about
    cumulative = gateway.cumulative
    example = f", `{facts.read(facts.answering).get(gateway.text.name)}`" if cumulative else ""
    screen = gateway.screen
    return Row(
        name=gateway.name,
        title=f"{about.title}, {about.country}" if about.country else about.title,
        transport=facts.transport,
        session=facts.session,
        begins=facts.begins,
        text=f"`{gateway.text.name}`: {_TEXTS[cumulative]}{example}",
        number=f"`{gateway.number.name}` {about.number}",
        told="; ".join(_told(*each) for each in facts.told),
        screen="any" if screen is None else f"{screen.septets} / {screen.units}",
        seconds=f"{_seconds(about.within)} / {_seconds(gateway.deadline)}",
        ends=_ends(facts.notices) or "–",
        evidence=about.evidence,
    )


def table(rows: Iterable[Row], link: str = "gateways/{}.md") -> str:
    """Write the table of gateways, in Markdown.

    Args:
        rows: what it says of each.
        link: address of their pages, with ``{}`` for the name.
    """
    lines = [_HEADINGS, ["---"] * len(_HEADINGS), *(each.cells(link) for each in rows)]
    return "".join(_line(cells) for cells in lines)


def renewed(document: str, written: str) -> str:
    r"""Put a table into a document, instead of the one that is there between two comments.

    Args:
        document: the document.
        written: the table.

    Raises:
        ConfigurationError: it does not have the comments.

    >>> renewed("<!-- table of gateways -->\nold\n<!-- end of the table -->\n", "new\n")
    '<!-- table of gateways -->\nnew\n<!-- end of the table -->\n'
    """
    before, begun, rest = document.partition(_BEGIN)
    _, ended, after = rest.partition(_END)
    if not (begun and ended):
        raise ConfigurationError(
            f"there is no place for the table: put {_BEGIN.strip()} and {_END.strip()} on lines of their own"
        )
    return f"{before}{begun}{written}{ended}{after}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _told(name: str, more: str, last: str) -> str:
    return f"{name} {more} / {last}" if name else f"`{more}` / `{last}`"


def _seconds(time: float | None) -> str:
    return "–" if time is None else f"{time:g}"


def _ends(notices: Iterable[Notice]) -> str:
    fields: dict[str, list[str]] = {}
    for notice in notices:
        fields.setdefault(notice.field, []).append(notice.value)
    return "; ".join(f"{field} {', '.join(values)}".strip() for field, values in fields.items())
