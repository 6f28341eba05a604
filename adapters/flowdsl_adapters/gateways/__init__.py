"""The gateways, one module each, and the table of them all by name."""

from collections.abc import Callable, Mapping
from typing import Final

from flowdsl_adapters.gateways.advanta import Advanta
from flowdsl_adapters.gateways.africastalking import AfricasTalking
from flowdsl_adapters.gateways.arkesel import Arkesel
from flowdsl_adapters.gateways.beem import Beem
from flowdsl_adapters.gateways.cellulant import Cellulant
from flowdsl_adapters.gateways.crossgate import Crossgate
from flowdsl_adapters.gateways.dmark import DMark
from flowdsl_adapters.gateways.emergent import Emergent
from flowdsl_adapters.gateways.flares import Flares, FlaresXml
from flowdsl_adapters.gateways.hollatags import Hollatags
from flowdsl_adapters.gateways.http_json import HttpJson, Person, in_headers
from flowdsl_adapters.gateways.hubtel import Hubtel
from flowdsl_adapters.gateways.imimobile import ImiMobile
from flowdsl_adapters.gateways.infobip import Infobip
from flowdsl_adapters.gateways.korba import Korba, TxtGhana
from flowdsl_adapters.gateways.moolre import Moolre
from flowdsl_adapters.gateways.mtn_madapi import MtnMadapi
from flowdsl_adapters.gateways.nalo import Nalo
from flowdsl_adapters.gateways.nsano import Nsano
from flowdsl_adapters.gateways.safaricom import Safaricom
from flowdsl_adapters.gateways.truroute import TruRoute
from flowdsl_adapters.gateways.wigal import Wigal
from flowdsl_adapters.ussd import UssdGateway

__all__ = [
    "USSD",
    "Advanta",
    "AfricasTalking",
    "Arkesel",
    "Beem",
    "Cellulant",
    "Crossgate",
    "DMark",
    "Emergent",
    "Flares",
    "FlaresXml",
    "Hollatags",
    "HttpJson",
    "Hubtel",
    "ImiMobile",
    "Infobip",
    "Korba",
    "Moolre",
    "MtnMadapi",
    "Nalo",
    "Nsano",
    "Person",
    "Safaricom",
    "TruRoute",
    "TxtGhana",
    "Wigal",
    "in_headers",
]

_KNOWN: Final[tuple[type[UssdGateway], ...]] = (
    *(Nalo, Nsano, AfricasTalking, Hubtel, Emergent, Arkesel, Korba, TxtGhana, Moolre, Wigal, Hollatags, Beem),
    *(Advanta, Crossgate, Safaricom, Infobip, Flares, FlaresXml, TruRoute, MtnMadapi, DMark, Cellulant, ImiMobile),
)

USSD: Final[Mapping[str, Callable[..., UssdGateway]]] = {gateway.name: gateway for gateway in _KNOWN}
"""Every USSD gateway by its name, to be made with its settings, or without any."""
