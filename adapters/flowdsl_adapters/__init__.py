"""Gateways: how each speaks, and how it is put into an aiohttp application."""

from flowdsl_adapters.gateway import Gateway, Request, Response
from flowdsl_adapters.mounting import mount
from flowdsl_adapters.nalo import Nalo

__all__ = ["Gateway", "Nalo", "Request", "Response", "mount"]
