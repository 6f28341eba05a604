"""``flowdsl serve``: a flow behind a real gateway endpoint, with one command."""

import argparse
import logging
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

import msgspec
from aiohttp import web

from flowdsl import ConfigurationError, Runtime
from flowdsl.cli import Command
from flowdsl.commands.shared import add_flow, params_of
from flowdsl.loading import load_flow, translations_beside
from flowdsl_adapters.curl import curl
from flowdsl_adapters.dialling import code_of
from flowdsl_adapters.gateway import Gateway, Request
from flowdsl_adapters.gateways import USSD, HttpJson
from flowdsl_adapters.gateways.http_json import in_headers
from flowdsl_adapters.handset import Handset
from flowdsl_adapters.mounting import mount
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Json

__all__ = ["command"]


_GATEWAYS: Final[Mapping[str, Callable[[], Gateway]]] = {
    **USSD,
    # Whoever can send the headers can be anybody: for one's own machine.
    HttpJson.name: lambda: HttpJson(in_headers()),
}


def _prepare(parser: argparse.ArgumentParser) -> None:
    add_flow(parser)
    parser.add_argument("--gateway", choices=sorted(_GATEWAYS), default="nalo", help="who delivers (default %(default)s)")
    parser.add_argument("--code", help="what people dial, such as '*920*77#'; what is dialled behind it are shortcuts")
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
    gateway = _made(chosen.gateway, chosen.code)
    mount(app, chosen.path, gateway, flow, runtime=runtime, params=params_of(chosen), secret=chosen.secret)
    host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    url = f"http://{host}:{chosen.port}{chosen.path}"

    greeting = _greeting(flow.name, gateway, url, chosen.secret, chosen.code)
    try:
        # aiohttp announces the server once it listens, and only then is the address worth telling.
        web.run_app(app, host=chosen.host, port=chosen.port, print=lambda _: print(greeting, flush=True))
    except OSError as error:
        raise ConfigurationError(f"{chosen.host} port {chosen.port} cannot be listened on: {error.strerror}") from error
    return 0


def _made(name: str, code: str | None) -> Gateway:
    if code is None:
        return _GATEWAYS[name]()
    if name not in USSD:
        raise ConfigurationError(f"nobody dials behind {name}: leave --code away")
    return USSD[name](code=code)


def _greeting(flow: str, gateway: Gateway, url: str, secret: str | None, code: str | None) -> str:
    address, query = url, {}
    if secret and "{secret}" in url:
        address = url.replace("{secret}", quote(secret, safe=""))
    elif secret:
        query = {"secret": secret}
    first, second = (curl(gateway.routes, request, address, query) for request in _first_two(gateway, code))
    begin = "Dial in" if gateway.screen is not None else "Say hello"
    return (
        f"flowdsl serves {flow!r} to {gateway.name} at {url}\n\n{begin}:\n\n  {first}\n\n"
        f"Answer 1:\n\n  {second}\n\nCtrl+C stops the server."
    )


def _first_two(gateway: Gateway, code: str | None) -> tuple[Request, Request]:
    if isinstance(gateway, UssdGateway):
        handset = Handset(gateway)
        caller = handset.example()
        if code is not None:
            caller = msgspec.structs.replace(caller, code=f"*{'*'.join(code_of(code))}#")
        return handset.dialled(caller), handset.typed(caller, ["1"])
    person = {"X-Session-Id": "s1", "X-User-Id": "u1"}
    first, second = (Json().write({"input": text}) for text in ("Hi", "1"))
    return msgspec.structs.replace(first, headers=person), msgspec.structs.replace(second, headers=person)


command: Final = Command("serve a flow to a gateway over HTTP", _prepare, _run)
