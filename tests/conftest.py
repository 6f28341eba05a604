"""Fixtures that several test modules share, and the rule that CI skips nothing."""

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.operators import DATABASE, Deploy, connected
from tests.servers import Server, memcached, redis, valkey


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a skipped test fail where everything should be there, so that a missing server is no passing test."""
    report = yield
    if report.skipped and os.environ.get("FLOWDSL_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped here: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run one Valkey for tests that leave it running."""
    with valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Server]:
    """Run a Valkey for one test, which may kill it."""
    with valkey(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    """Run one older Redis for tests that leave it running."""
    with redis() as server:
        yield server


@pytest.fixture(scope="session")
def memcached_server() -> Iterator[Server]:
    """Run one Memcached for tests that leave it running."""
    with memcached() as server:
        yield server


@pytest.fixture
def own_memcached() -> Iterator[Server]:
    """Run a Memcached for one test, which may freeze it."""
    with memcached() as server:
        yield server


@pytest.fixture(params=["valkey_server", "redis_server"])
def url(request: pytest.FixtureRequest) -> str:
    """Give the address of an empty database, on a Valkey and on an older Redis."""
    server: Server = request.getfixturevalue(request.param)
    address = f"redis://127.0.0.1:{server.port}/{DATABASE}"
    with connected(address) as client:
        client.flushdb()
    return address


@pytest.fixture
def deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Give a file with flows that can be changed."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # it would be taken for the next version, if that is as long
    return Deploy(tmp_path, "live_flows")
