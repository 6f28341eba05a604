"""Flows checked by their source: what replay would not bear, and steps that nobody yields."""

from flowdsl.linting.checking import RULES, findings, is_readable
from flowdsl.linting.finding import Finding

__all__ = ["RULES", "Finding", "findings", "is_readable"]
