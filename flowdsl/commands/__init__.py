"""Subcommands of the command line, a module each."""

from flowdsl.commands import chat, check_flow, check_sessions, map_flow, sessions

__all__ = ["chat", "check_flow", "check_sessions", "map_flow", "sessions"]
