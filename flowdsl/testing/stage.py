"""One turn of a flow as a runtime takes it, without an event loop: calls are answered by a table, and each turn is replayed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from flowdsl.apologies import SORRY, contained
from flowdsl.choices import NO_MENU, Menu
from flowdsl.deliveries import Delivery, answered_before, mark
from flowdsl.errors import CallFailed
from flowdsl.journal import FAILED
from flowdsl.messages import Inbound, Reply
from flowdsl.outcome import Outcome
from flowdsl.pauses import Busy, finished
from flowdsl.prompt import Prompt
from flowdsl.record import FlowState, Record, read, write
from flowdsl.replay import Replay
from flowdsl.service import Service
from flowdsl.sessions import SessionConfig
from flowdsl.source import UNKNOWN, source_line
from flowdsl.testing.failing import Unproved
from flowdsl.testing.replaying import require_same, said_in
from flowdsl.testing.results import Guess, Made, Results, result_of
from flowdsl.testing.variables import Stack, stack
from flowdsl.texts import in_language, plain, translator
from flowdsl.trouble import after_failure
from flowdsl.turn import Turn, take_turn
from flowdsl.ussd.pages import shortened

__all__ = ["Moment", "Stage"]


class Moment(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Where a conversation is after a message.

    Args:
        stored: the session as it is stored; ``None`` where none is.
        shown: what the person sees.
        turn: what the message came to; ``None`` where it had been answered before, or the flow raised.
        outcome: what the flow did, in this turn or in one before it where this one only turned a page.
        prompt: the question that waits.
        said: what the flow said in this turn.
        made: the calls of this turn.
        menu: what the question offers, as it reads on the screen.
        stack: where the flow stands.
        raised: what it raised.
        where: ``file:line`` of that.
    """

    stored: str | None
    shown: Reply
    turn: Turn | None = None
    outcome: Outcome | None = None
    prompt: Prompt[Any] | None = None
    said: tuple[str, ...] = ()
    made: tuple[Made, ...] = ()
    menu: Menu = NO_MENU
    stack: Stack = Stack()
    raised: Exception | None = None
    where: str = ""

    @property
    def state(self) -> FlowState | None:
        """Where the flow stands."""
        return None if self.turn is None else self.turn.state

    @property
    def ended(self) -> bool:
        """Whether the flow has come to its end; of a long last message there may be more pages."""
        return self.outcome is not None and self.outcome.prompt is None

    @property
    def pages(self) -> list[str]:
        """All pages of what is shown."""
        state = self.state
        return state.pages if state is not None and state.pages else [self.shown.text]


class Stage(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What a conversation is held with.

    Args:
        service: the flow, and how it is shown.
        sessions: how long a session lives, and whose it is.
        results: what calls come to.
        guess: tells what those come to that are not among them.
        translate: looks up the words of this library.
    """

    service: Service
    sessions: SessionConfig
    results: Results
    guess: Guess | None = None
    translate: Callable[[str], str] | None = None

    def take(
        self,
        stored: str | None,
        inbound: Inbound,
        by: str,
        now: float,
        choose: Callable[[int], int] = lambda count: 0,
        watch: Callable[[], None] = lambda: None,
        *,
        last: Callable[[], bool] = lambda: True,
        calls: int | None = None,
    ) -> Moment:
        """Answer a message.

        Args:
            stored: the session as it is stored.
            inbound: the message.
            by: names the delivery; no two may have the same name.
            now: seconds since 1970.
            choose: tells which of several things a call comes to.
            watch: is called where the flow has stopped, before it is played again.
            last: tells whether the last turn of a conversation is held against a replay, though nothing is replayed after it.
            calls: the process dies in the call of this number, counted from 1, before what it came to is kept.

        Raises:
            ReplayDiffers: the replay comes to something else.
            UnexpectedCall: there is no result for a call.
        """
        flow = self.service.flow
        delivery = Delivery(inbound=inbound, mark=mark(inbound, flow.name), owner=self.sessions.owner(inbound), by=by, now=now)
        with self._translated():
            record = None if stored is None else read(stored)
            if record is not None and (seen := answered_before(record, delivery, -1)) is not None:
                return Moment(stored=stored, shown=seen.reply or Reply(""))
            return self._taken(delivery, stored, now, choose, watch, last, calls)

    def _taken(
        self,
        delivery: Delivery,
        stored: str | None,
        now: float,
        choose: Callable[[int], int],
        watch: Callable[[], None],
        last: Callable[[], bool],
        calls: int | None,
    ) -> Moment:
        made: list[Made] = []
        stood: Stack = Stack()

        def watched(replay: Replay) -> None:
            nonlocal stood
            stood = stack(replay)
            watch()

        while True:
            record = None if stored is None else read(stored)
            try:
                came_to = take_turn(self.service, delivery, record, now, watch=watched)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # what a flow raises
                return self._fallen(contained(error), delivery, record, tuple(made))
            assert not isinstance(came_to, Busy), "nobody else answers this session"
            if isinstance(came_to, Turn):
                break
            with _with_calls(made):
                done, call = result_of(came_to.job, self.results, choose, self.guess)
            made.append(call)
            if done.failed and came_to.job.undoes:  # as a service has it: an apology, and the next message tries again
                failed = CallFailed(f"undo of {came_to.job.call.key}", *done.value[FAILED])
                return self._fallen(failed, delivery, read(came_to.stored), tuple(made))
            stored = write(finished(read(came_to.stored), self.service.flow.name, done), 2 * self.service.limits.bytes)
            if len(made) == calls:
                return Moment(stored=came_to.stored, shown=Reply(""), made=tuple(made))
        outcome = came_to.outcome
        if outcome is not None and (outcome.prompt is not None or made or last()):
            with _with_calls(made):
                require_same(self.service, delivery, came_to, stood, made)
        prompt, shown = self._asked(came_to)
        return Moment(
            stored=came_to.stored,
            shown=came_to.reply,
            turn=came_to,
            outcome=outcome,
            prompt=prompt,
            said=self._said(came_to),
            made=tuple(made),
            menu=NO_MENU if prompt is None or prompt.choices is None else self._menu(prompt, shown),
            stack=stood,
        )

    def _menu(self, prompt: Prompt[Any], language: str | None) -> Menu:
        menu, screen = in_language(language, lambda: prompt.menu), self.service.screen
        return menu.transliterated() if screen is not None and screen.transliterate else menu

    def _said(self, turn: Turn) -> tuple[str, ...]:
        outcome = turn.outcome
        if outcome is None or not outcome.said or outcome.rejected is not None or turn.began == "again":
            return ()
        return in_language(None if turn.state is None else turn.state.shown, lambda: said_in(outcome))

    def _asked(self, turn: Turn) -> tuple[Prompt[Any] | None, str | None]:
        """Tell which question waits, and in which language it was asked: that of the flow, or of who dials again."""
        state = turn.record.flows.get(self.service.flow.name)
        if state is not None and state.resuming is not None and self.service.resume is not None:
            return self.service.resume.asked(), state.shown
        if turn.outcome is None:
            return None, None
        return turn.outcome.prompt, None if turn.state is None else turn.state.shown

    def _fallen(self, error: Exception, delivery: Delivery, record: Record | None, made: tuple[Made, ...]) -> Moment:
        where = getattr(error, "where", None) or source_line(error)
        if where == UNKNOWN:
            where = self.service.flow.where
        after = after_failure(self.service, delivery, record, error, where, None)
        stored = write(after, 2 * self.service.limits.bytes)
        state = after.flows.get(self.service.flow.name)
        screen, words = self.service.screen, plain(SORRY)
        sorry = Reply(words if screen is None else shortened(words, screen), end=state is None or state.over)
        return Moment(stored=stored, shown=sorry, made=made, raised=error, where=where)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        token = translator.set(self.translate)
        try:
            yield
        finally:
            translator.reset(token)


@contextmanager
def _with_calls(made: list[Made]) -> Iterator[None]:
    try:
        yield
    except Unproved as error:
        error.made = tuple(made)
        raise
