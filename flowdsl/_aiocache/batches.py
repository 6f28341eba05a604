"""Commands for Redis or Valkey that turns send at the same time go together: one write, one read, one connection."""

import asyncio
from collections.abc import Sequence
from typing import Any

__all__ = ["Batches"]


class Batches:
    """Sends the commands of one round of the event loop as one batch.

    A server that is busy answers many people in one round, and each of their commands would otherwise pay
    alone for a connection, two system calls and a time-out, which take longer than the command. A command
    that is alone is sent at once, as it is. Batches do not wait for each other, up to ``at_once`` of them.

    Args:
        client: a client of ``redis.asyncio``.
        timeout: seconds within which a command must be answered, waiting included; ``None`` for any time.
        at_once: how many batches, each on a connection of its own, may be under way; ``None`` for any number.
    """

    def __init__(self, client: Any, *, timeout: float | None, at_once: int | None) -> None:
        self._client = client
        self._timeout = timeout
        self._at_once = at_once
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[_Command] = []
        self._deadline: float | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, *command: Any) -> asyncio.Future[Any]:
        """Send a command with the others of this round; the future has its answer, or what went wrong."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # Another one has ended, and what it had not sent will not be.
            self._loop, self._waiting, self._under_way = loop, [], set()
        answer: asyncio.Future[Any] = loop.create_future()
        if not self._waiting:
            self._deadline = None if self._timeout is None else loop.time() + self._timeout
            loop.call_soon(self._leave)
        self._waiting.append((command, answer))
        return answer

    def _leave(self) -> None:
        if not self._waiting or (self._at_once is not None and len(self._under_way) >= self._at_once):
            return
        batch, self._waiting = self._waiting, []
        task = asyncio.get_running_loop().create_task(self._exchange(batch, self._deadline))
        self._under_way.add(task)
        task.add_done_callback(self._arrived)

    def _arrived(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._leave()

    async def _exchange(self, batch: "Sequence[_Command]", deadline: float | None) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                answers = await self._answers(batch)
            for (_, future), answer in zip(batch, answers, strict=True):
                _settle(future, answer)
        except Exception as error:
            for _, future in batch:
                _settle(future, error)
        finally:
            for _, future in batch:
                future.cancel()  # no effect on one that is settled

    async def _answers(self, batch: "Sequence[_Command]") -> list[Any]:
        if len(batch) == 1:
            return [await self._client.execute_command(*batch[0][0])]
        pipeline = self._client.pipeline(transaction=False)
        for command, _ in batch:
            pipeline.execute_command(*command)
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers


_Command = tuple[tuple[Any, ...], asyncio.Future[Any]]


def _settle(future: asyncio.Future[Any], answer: Any) -> None:
    if future.done():
        return  # whoever asked has been cancelled
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
