"""A server process for tests: ``python -m tests.serving PORT CACHE`` serves a flow that lists what was typed."""

import sys

import msgspec
from aiohttp import web

from flowdsl import Prompt, Runtime, Screen, Steps, flow
from flowdsl_adapters import Nalo, Request, mount
from flowdsl_adapters.gateway import Decoded


class Numbered(Nalo):
    """Nalo's format with a message id beside it, as gateways have that deliver again."""

    def decode(self, request: Request) -> Decoded:
        """Read the id from the query."""
        return msgspec.structs.replace(super().decode(request), message_id=request.query.get("id"))


@flow
def listing() -> Steps[None]:
    """Show what was typed so far, and ask for more."""
    items: list[str] = []
    while True:
        items.append((yield from Prompt("item", f"[{','.join(items)}]")))


def main(port: int, cache: str) -> None:
    """Serve until killed."""
    app = web.Application()
    mount(app, "/ussd", Numbered(screen=Screen(septets=10_000, units=10_000)), listing, runtime=Runtime(cache=cache))
    web.run_app(app, host="127.0.0.1", port=port, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
