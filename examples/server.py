"""Two flows with sessions of two kinds: `python examples/server.py`, or `cd examples && python -m aiohttp.web server:app`.

The registration lives as long as the gateway's session. The bank's menu is found again by whoever dials
again within the day, and is told apart by the address it is reached at, so that tenants can share it.
"""

import os

from aiohttp import web
from bank import bank
from registration import registration

from flowdsl import Inbound, Next, Reply, Runtime, SessionConfig
from flowdsl_adapters import Nalo, mount

CLOSED = frozenset(filter(None, os.environ.get("BLOCKED_NUMBERS", "").split(",")))


async def turn_away(inbound: Inbound, next: Next) -> Reply:
    """Answer blocked numbers without the flow."""
    if inbound.msisdn in CLOSED:
        return Reply("This service is not available to you.", end=True)
    return await next(inbound)


def app(argv: list[str] | None = None) -> web.Application:
    """Build the application; `python -m aiohttp.web` calls this."""
    application = web.Application()
    runtime = Runtime(cache=os.environ.get("CACHE", "memory://"), middleware=[turn_away])
    mount(application, "/ussd/register", Nalo(), registration, runtime=runtime)
    mount(
        application,
        "/ussd/bank",
        Nalo(),
        bank,
        runtime=runtime,
        sessions=SessionConfig(secret=os.environ.get("SESSION_SECRET")).durable().isolate_urls(),
    )
    return application


if __name__ == "__main__":
    web.run_app(app(), host="127.0.0.1", port=8080)
