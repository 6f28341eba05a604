"""Tests for a gateway of your own, to be subclassed.

>>> from flowdsl_adapters.testing import GatewayContract
>>> class TestMyGateway(GatewayContract):
...     def gateway(self):
...         return MyGateway()
"""

from flowdsl_adapters.handset import Caller
from flowdsl_adapters.testing.contract import GatewayContract

__all__ = ["Caller", "GatewayContract"]
