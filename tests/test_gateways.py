"""The gateways: every composed payload, and the contract, over all of them."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
import pytest

from flowdsl import Reply, Screen
from flowdsl_adapters import Gateway, HttpJson, Nalo, Person, Request, Response, Wigal
from flowdsl_adapters.gateways import USSD
from flowdsl_adapters.gateways.http_json import in_headers
from flowdsl_adapters.testing import Caller, GatewayContract
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


_WRONG: Final[tuple[object, ...]] = ([], "x", None, {"input": 1}, {"input": "\ud83d"})


class OfHttpJson(GatewayContract):
    """A front end of one's own, whose people its proxy knows."""

    numbers = {number: number for number in ("+233244123456", "+233501234567")}

    def gateway(self) -> Gateway:
        return HttpJson(known)

    def opening(self, caller: Caller) -> Request:
        return self.answering(caller, ["Hi"])

    def answering(self, caller: Caller, texts: Sequence[str]) -> Request:
        return self.posting({"input": texts[-1]}, session=caller.session, number=caller.number)

    def posting(self, fields: object, *, session: str = "1", number: str = "+233244123456") -> Request:
        """Make what the front end posts."""
        headers = {"X-Session-Id": session, "X-User-Id": number, "X-Number": number}
        return Request(body=json.dumps(fields).encode(), content_type="application/json", headers=headers, method="POST")

    def read(self, response: Response) -> Reply:
        shown = json.loads(response.body)
        return Reply(shown["message"], end=shown["type"] == "terminal")

    def malformed(self) -> Mapping[str, Request]:
        sound = self.posting({"input": "x"})
        return {
            **{repr(wrong): self.posting(wrong) for wrong in _WRONG},
            "no JSON": msgspec.structs.replace(sound, body=b"{"),
            "nobody": msgspec.structs.replace(sound, headers={}),
            "a media address that is none": self.posting({"media_url": 1}),
        }

    def carries(self, text: str) -> bool:
        return bool(text.strip()) or not text  # what is blank is nothing

    def echoed(self, part: Request | Response) -> object:
        if isinstance(part, Request):
            return part.headers["X-Session-Id"], part.headers["X-User-Id"]
        shown = json.loads(part.body)
        return shown["session_id"], shown["user_id"]


def known(request: Request) -> Person | None:
    """Find the person, as a proxy has named them."""
    person = in_headers()(request)
    numbers = [value for name, value in request.headers.items() if name.lower() == "x-number"]
    return None if person is None else msgspec.structs.replace(person, msisdn=numbers[0])


_OF: Final[dict[str, type[Proving]]] = {"infobip": OfInfobip, "imimobile": OfImiMobile}
_VARIANTS: Final[dict[str, Callable[[], UssdGateway]]] = {
    **USSD,
    "wigal_1": lambda: Wigal(version=1),
    "nalo_in_gsm": lambda: Nalo(screen=Screen(septets=120, transliterate=True)),
}
CONTRACTS: Final[dict[str, type[GatewayContract]]] = {
    "http_json": OfHttpJson,
    **{name: type(f"Of{name}", (_OF.get(name, Proving),), {"make": staticmethod(make)}) for name, make in _VARIANTS.items()},
}
PROMISES: Final = [name for name in dir(GatewayContract) if name.startswith("test_")]
# Who writes in a browser has no screen, and does not dial.
_OF_USSD: Final = ("test_long_texts_are_paged", "test_who_dials_again_has_answered_nothing")
CASES: Final = [(name, promise) for name in CONTRACTS for promise in PROMISES if name != "http_json" or promise not in _OF_USSD]


@pytest.mark.parametrize(("name", "promise"), CASES)
def test_the_contract_is_kept(name: str, promise: str) -> None:
    """What is said through any gateway's wire is what flow and person have said."""
    getattr(CONTRACTS[name](), promise)()
