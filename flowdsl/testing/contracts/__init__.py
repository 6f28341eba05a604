"""Tests for a session store of your own, to be subclassed.

>>> from flowdsl.testing.contracts import StoreContract
>>> class TestMyStore(StoreContract):
...     def open(self):
...         return MyStore("mine://localhost")
"""

from flowdsl.testing.contracts.store import StoreContract

__all__ = ["StoreContract"]
