"""Subcommands of the command line, a module each."""

from flowdsl.commands import check_sessions, sessions

__all__ = ["check_sessions", "sessions"]
