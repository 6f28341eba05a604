"""Sessions looked at from outside: what is in them, and what becomes of them under other code. Pure."""

from flowdsl.inspection.checking import Report
from flowdsl.inspection.exports import exported, imported, masked, masked_id
from flowdsl.inspection.listing import Row, rows, stands_in, table
from flowdsl.inspection.printing import counted, printable, report_lines, view_lines
from flowdsl.inspection.showing import look
from flowdsl.inspection.standing import STAND_IN, Subject, stand

__all__ = [
    "STAND_IN",
    "Report",
    "Row",
    "Subject",
    "counted",
    "exported",
    "imported",
    "look",
    "masked",
    "masked_id",
    "printable",
    "report_lines",
    "rows",
    "stand",
    "stands_in",
    "table",
    "view_lines",
]
