"""Commands for Redis or Valkey that turns send at the same time go together: one write, one read, one connection."""

import asyncio
from collections.abc import Sequence
from typing import Any

__all__ = ["Batches"]


class Batches:
    """Sends the commands of one round of the event loop as one batch.

    A server that is busy answers many people in one round, and each of their commands would otherwise pay
    alone for a connection, two system calls and a time-out, which take longer than the command. A command
    that is alone is sent as it is. Batches do not wait for each other, up to ``at_once`` of them; what
    comes then is held back, and goes as one batch as soon as another has its answers.

    Args:
        client: a client of ``redis.asyncio``.
        timeout: seconds within which a command must be answered, waiting included; ``None`` for any time.
        at_once: how many batches, each on a connection of its own, may be under way; ``None`` for any number.
    """

    def __init__(self, client: Any, *, timeout: float | None, at_once: int | None) -> None:
        self._client = client
        self._timeout = timeout
        self._at_once = at_once
        self._queue: _Queue | None = None

    def send(self, *command: Any) -> asyncio.Future[Any]:
        """Send a command with the others of this round; the future has its answer, or what went wrong."""
        loop = asyncio.get_running_loop()
        queue = self._queue
        if queue is None or queue.loop is not loop:
            if queue is not None and queue.loop.is_closed():
                self._client.connection_pool.reset()  # its connections are the closed loop's, and do nothing any more
            queue = self._queue = _Queue(loop, self._client, self._timeout, self._at_once)
        return queue.put(command)


class _Queue:
    """The commands of one event loop; another loop, earlier or in another thread, has its own."""

    __slots__ = ("at_once", "client", "deadline", "held", "loop", "timeout", "together", "under_way")

    def __init__(self, loop: asyncio.AbstractEventLoop, client: Any, timeout: float | None, at_once: int | None) -> None:
        self.loop = loop
        self.client = client
        self.timeout = timeout
        self.at_once = at_once
        self.together: list[_Command] = []
        self.held: list[_Command] = []
        self.deadline: float | None = None
        self.under_way: set[asyncio.Task[None]] = set()

    def put(self, command: tuple[Any, ...]) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = self.loop.create_future()
        if not self.together:
            self.loop.call_soon(self.leave)
        self.together.append((command, answer))
        return answer

    def leave(self) -> None:
        """End a round: send its commands, or hold them back."""
        batch, self.together = self.together, []
        self.deadline = None if self.timeout is None else self.loop.time() + self.timeout
        if self.at_once is None or len(self.under_way) < self.at_once:
            self.start(batch)
            return
        self.held += batch
        if self.deadline is not None:
            # They will share a batch with later ones, whose deadline is not theirs.
            self.loop.call_at(self.deadline, _expire, batch)

    def start(self, batch: "Sequence[_Command]") -> None:
        task = self.loop.create_task(self.exchange(batch, self.deadline))
        self.under_way.add(task)
        task.add_done_callback(self.arrived)

    def arrived(self, task: asyncio.Task[None]) -> None:
        self.under_way.discard(task)
        batch, self.held = [each for each in self.held if not each[1].done()], []
        if batch:
            self.start(batch)

    async def exchange(self, batch: "Sequence[_Command]", deadline: float | None) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                answers = await self.answers(batch)
            for (_, future), answer in zip(batch, answers, strict=True):
                _settle(future, answer)
        except Exception as error:
            for _, future in batch:
                _settle(future, error)
        finally:
            for _, future in batch:
                future.cancel()  # no effect on one that is settled

    async def answers(self, batch: "Sequence[_Command]") -> list[Any]:
        if len(batch) == 1:
            return [await self.client.execute_command(*batch[0][0])]
        pipeline = self.client.pipeline(transaction=False)
        for command, _ in batch:
            pipeline.execute_command(*command)
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers


_Command = tuple[tuple[Any, ...], asyncio.Future[Any]]


def _expire(commands: "Sequence[_Command]") -> None:
    for _, future in commands:
        _settle(future, TimeoutError())


def _settle(future: asyncio.Future[Any], answer: Any) -> None:
    if future.done():
        return  # it was given up, or came too late
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
