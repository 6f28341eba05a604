"""A server process: ``python -m tests.benchmarks.endpoints PORT KIND CACHE [SESSIONS]``."""

import sys
from typing import Any

from aiocache import Cache
from aiohttp import web

from examples.registration import registration
from flowdsl import Runtime
from flowdsl_adapters import Nalo, mount
from tests.benchmarks.conversations import SCREENS, survey
from tests.benchmarks.depths import DEPTHS, seed

__all__ = ["bare", "main", "registrations", "surveys"]

_RECORD_SIZE = 320  # characters of a stored registration, the mean over its turns


def main(port: int, kind: str, cache: str, sessions: int = 0) -> None:
    """Serve until killed."""
    web.run_app(_made(kind, cache, sessions), host="127.0.0.1", port=port, print=None, access_log=None)


def registrations(cache: str) -> web.Application:
    """Serve the registration."""
    app = web.Application()
    mount(app, "/ussd", Nalo(), registration, runtime=Runtime(cache=cache))
    return app


def surveys(cache: str, sessions: int) -> web.Application:
    """Serve the survey, with so many sessions waiting at each depth."""
    runtime = Runtime(cache=cache)

    async def prepare(app: web.Application) -> None:
        for depth in DEPTHS:
            await seed(runtime, depth, range(sessions))

    app = web.Application()
    mount(app, "/ussd", Nalo(), survey, runtime=runtime)
    app.on_startup.append(prepare)
    return app


def bare(cache: str) -> web.Application:
    """Serve the least that any handler does: read JSON, read a record, write one, and answer."""
    sessions: Any = Cache.from_url(cache)
    record = "x" * _RECORD_SIZE

    async def answer(request: web.Request) -> web.Response:
        fields = await request.json()
        session = fields["SESSIONID"]
        await sessions.get(session)
        await sessions.set(session, record)
        return web.json_response({"USERID": fields["USERID"], "MSISDN": fields["MSISDN"], "MSG": SCREENS[3], "MSGTYPE": True})

    app = web.Application()
    app.router.add_post("/ussd", answer)
    return app


def _made(kind: str, cache: str, sessions: int) -> web.Application:
    match kind:
        case "bare":
            return bare(cache)
        case "registrations":
            return registrations(cache)
        case "surveys":
            return surveys(cache, sessions)
        case _:
            raise ValueError(f"there is no server {kind!r}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], *map(int, sys.argv[4:]))
