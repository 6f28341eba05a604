"""``flowdsl gateways``: which gateways there are, how each speaks, and the documentation that says so."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from flowdsl import ConfigurationError
from flowdsl.cli import Command
from flowdsl.commands.shared import note, out
from flowdsl_adapters.describing import page, renewed, row, table
from flowdsl_adapters.gateways import USSD, MtnMadapi, Wigal
from flowdsl_adapters.ussd import UssdGateway

__all__ = ["command", "pages", "whole_table"]

_DESCRIPTION: Final = """
List the USSD gateways, or tell how one of them speaks: what it sends, how it is answered, what to check with its vendor. What is
told is found out from its codec. HttpJson, for front ends of your own, is documented in docs/gateways/http_json.md.
"""

# Where a gateway makes something up for each reply, its page has the same at all times.
_SHOWN: Final[Mapping[str, Callable[[], UssdGateway]]] = {
    **USSD,
    "mtn_madapi": lambda: MtnMadapi(transaction=lambda: "tx-1"),
}
_OTHERS: Final[Mapping[str, Mapping[str, Callable[[], UssdGateway]]]] = {
    "wigal": {"Wigal(version=1)": lambda: Wigal(version=1)},
}
_COLUMNS: Final = ("name", "gateway", "where", "format")


def pages() -> Iterator[tuple[str, str]]:
    """Write the page on each gateway, and give it with its name."""
    for name in USSD:
        yield name, _page(name)


def whole_table() -> str:
    """Write the table of all gateways."""
    return table(row(make()) for make in USSD.values())


def _page(name: str) -> str:
    return page(_SHOWN[name](), {code: make() for code, make in _OTHERS.get(name, {}).items()})


def _prepare(parser: argparse.ArgumentParser) -> None:
    parser.description = _DESCRIPTION
    what = parser.add_mutually_exclusive_group()
    what.add_argument("name", nargs="?", choices=list(USSD), metavar="NAME", help="tell how this one speaks, in Markdown")
    what.add_argument(
        "--markdown", metavar="FOLDER", help="write a page on each to FOLDER/gateways, and the table into FOLDER/gateways.md"
    )


def _run(chosen: argparse.Namespace) -> int:
    if chosen.markdown is not None:
        _write(Path(chosen.markdown))
    elif chosen.name is not None:
        out(_page(chosen.name).splitlines())
    else:
        out(_listed())
    return 0


def _listed() -> Iterator[str]:
    known = [make().about for make in USSD.values()]
    rows = [_COLUMNS, *((name, each.title, each.country, each.evidence) for name, each in zip(USSD, known, strict=True))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _write(folder: Path) -> None:
    overview = folder / "gateways.md"
    try:
        (folder / "gateways").mkdir(parents=True, exist_ok=True)
        for name, text in pages():
            (folder / "gateways" / f"{name}.md").write_text(text, encoding="utf-8")
        renew = renewed(overview.read_text(encoding="utf-8"), whole_table()) if overview.exists() else whole_table()
        overview.write_text(renew, encoding="utf-8")
    except ConfigurationError as error:
        raise ConfigurationError(f"{overview}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{folder} cannot be written: {error}") from None
    note(f"wrote {len(USSD)} pages to {folder / 'gateways'}, and the table to {overview}")


command: Final = Command("list the gateways, or tell how one of them speaks", _prepare, _run)
