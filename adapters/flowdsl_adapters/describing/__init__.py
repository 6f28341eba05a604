"""What a gateway's declaration comes to, in words: a row of the table, and a page of the documentation. Pure."""

from flowdsl_adapters.describing.page import page
from flowdsl_adapters.describing.table import Row, renewed, row, table

__all__ = ["Row", "page", "renewed", "row", "table"]
