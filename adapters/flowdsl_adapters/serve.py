"""``flowdsl serve``: a flow behind a real gateway endpoint, with one command."""

import argparse
import json
import logging
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from aiohttp import web

from flowdsl import ConfigurationError, Runtime
from flowdsl.cli import Command
from flowdsl.commands.shared import add_flow, params_of
from flowdsl.loading import load_flow, translations_beside
from flowdsl_adapters.gateway import Gateway
from flowdsl_adapters.mounting import mount
from flowdsl_adapters.nalo import Nalo

__all__ = ["command"]

_GATEWAYS: Final[dict[str, Callable[[], Gateway]]] = {"nalo": Nalo}
_FIRST_REQUEST: Final = {
    "nalo": {
        "USERID": "NALOTEST",
        "MSISDN": "233244123456",
        "USERDATA": "*920*77#",
        "MSGTYPE": True,
        "NETWORK": "MTN",
        "SESSIONID": "17954658000000101",
    }
}


def _prepare(parser: argparse.ArgumentParser) -> None:
    add_flow(parser)
    parser.add_argument("--gateway", choices=sorted(_GATEWAYS), default="nalo", help="who delivers (default %(default)s)")
    parser.add_argument("--path", default="/ussd", help="where the gateway delivers (default %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=_port, default=8080, help="port to listen on (default %(default)s)")
    parser.add_argument(
        "--cache",
        default="memory://",
        metavar="URL",
        help="where sessions are kept: memory://, redis://host:6379/0, memcached://host:11211 (default %(default)s)",
    )
    parser.add_argument("--secret", help="what ?secret= in the gateway's address must be")


def _port(text: str) -> int:
    if not text.isdecimal() or not int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: ports go from 0 to 65535")
    return int(text)


def _run(chosen: argparse.Namespace) -> int:
    flow = load_flow(chosen.flow)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    app = web.Application()
    runtime = Runtime(cache=chosen.cache, translations=translations_beside(flow))
    gateway = _GATEWAYS[chosen.gateway]()
    mount(app, chosen.path, gateway, flow, runtime=runtime, params=params_of(chosen), secret=chosen.secret)
    host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    url = f"http://{host}:{chosen.port}{chosen.path}"

    greeting = _greeting(flow.name, chosen.gateway, url, chosen.secret)
    try:
        # aiohttp announces the server once it listens, and only then is the address worth telling.
        web.run_app(app, host=chosen.host, port=chosen.port, print=lambda _: print(greeting, flush=True))
    except OSError as error:
        raise ConfigurationError(f"{chosen.host} port {chosen.port} cannot be listened on: {error.strerror}") from error
    return 0


def _greeting(flow: str, gateway: str, url: str, secret: str | None) -> str:
    address = url
    if secret:
        written = quote(secret, safe="")
        address = url.replace("{secret}", written) if "{secret}" in url else f"{url}?secret={written}"
    body = json.dumps(_FIRST_REQUEST[gateway], separators=(",", ":"))
    again = "To answer, send it again with MSGTYPE false and your answer as USERDATA. Ctrl+C stops the server."
    return (
        f"flowdsl serves {flow!r} to {gateway} at {url}\n\nDial in:\n\n"
        f"  curl -s '{address}' -H 'Content-Type: application/json' -d '{body}'\n\n{again}"
    )


command: Final = Command("serve a flow to a gateway over HTTP", _prepare, _run)
