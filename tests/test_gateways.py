"""The gateways: every composed payload, and the contract, over all of them."""

import json
from collections.abc import Callable
from typing import Final

import pytest

from flowdsl_adapters import Gateway, Response, Wigal
from flowdsl_adapters.gateways import USSD
from flowdsl_adapters.testing import GatewayContract
from flowdsl_adapters.ussd import UssdGateway


class Proving(GatewayContract):
    """The contract, for one gateway after the other."""

    make: Callable[[], UssdGateway]

    def gateway(self) -> Gateway:
        return type(self).make()


class OfInfobip(Proving):
    """Its refusals are in the body."""

    def status(self, response: Response) -> int:
        code = json.loads(response.body).get("responseExitCode", response.status)
        return code if isinstance(code, int) else response.status


class OfImiMobile(Proving):
    """It has no session: a dial string begins one, and is no answer."""

    def carries(self, text: str) -> bool:
        return not (text.startswith("*") and text.endswith("#"))


_OF: Final[dict[str, type[Proving]]] = {"infobip": OfInfobip, "imimobile": OfImiMobile}
_VARIANTS: Final[dict[str, Callable[[], UssdGateway]]] = {
    **USSD,
    "wigal_1": lambda: Wigal(version=1),
}
CONTRACTS: Final = {
    name: type(f"Of{name}", (_OF.get(name, Proving),), {"make": staticmethod(make)}) for name, make in _VARIANTS.items()
}
PROMISES: Final = [name for name in dir(GatewayContract) if name.startswith("test_")]


@pytest.mark.parametrize("promise", PROMISES)
@pytest.mark.parametrize("name", CONTRACTS)
def test_the_contract_is_kept(name: str, promise: str) -> None:
    """What is said through any gateway's wire is what flow and person have said."""
    getattr(CONTRACTS[name](), promise)()
