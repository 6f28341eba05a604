"""How far a conversation of a test has come: what was done and shown, what is stored, and what time it is."""

from contextlib import suppress
from typing import Any, Final

import msgspec

from flowdsl.errors import UnstorableValue
from flowdsl.flow import Flow
from flowdsl.journal import PROMPT, decode, has_failed
from flowdsl.messages import Attachment, Inbound, Reply
from flowdsl.prompt import Prompt
from flowdsl.record import read
from flowdsl.testing.dialogue import Dialogue, Input, Passage
from flowdsl.testing.setting import Setting
from flowdsl.testing.stage import Moment
from flowdsl.verdict import known_types

__all__ = ["Course"]


class Course:
    """The course of one conversation.

    Args:
        setting: what it is held with.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.moment = Moment(stored=None, shown=Reply(""))
        self.answers: Final[dict[str, Any]] = {}
        self.last: Inbound | None = None
        self._in_code: Final = setting.flow_in_code
        self._passages: Final[list[Passage]] = []
        self._stored = setting.stored
        self._now = self._lived = setting.now
        self._deliveries = 0
        self._requests = 0

    @property
    def asked(self) -> Prompt[Any] | None:
        """The question that waits for an answer."""
        return None if self.moment.outcome is None else self.moment.outcome.prompt

    @property
    def dialogue(self) -> Dialogue:
        """What was done and shown."""
        return Dialogue(self._in_code, tuple(self._passages), self.setting.code)

    @property
    def session(self) -> dict[str, Any]:
        """The data of the session."""
        data = {} if self._stored is None else read(self._stored).data
        return {key: decode(value, self.setting.flow.types) for key, value in data.items()}

    def dial(self) -> None:
        """Begin, or dial again."""
        self._requests += 1
        opening = self.setting.opening(str(self._requests), self._now)
        if self.last is not None and self._session_id(self.last) != self._session_id(opening):
            self._stored = self.setting.stored
        self._send(Input("dial", self.setting.opener), self._identified(opening))

    def send(self, did: Input) -> None:
        """Send what was typed, chosen or attached.

        Raises:
            Exception: what the flow raises.
        """
        self._send(did, self._message(did.text, did.attachment))

    def redeliver(self, message: Inbound) -> bool:
        """Deliver a message again, and tell whether that has changed nothing."""
        before, did = self.moment, Input("redeliver")
        again = self._take(message, did)
        self._passages.append(Passage.of(did, again))
        if before.turn is None and before.raised is None:  # the process that was answering it has died
            self._keep(again)
            return True
        return again.shown == before.shown and again.stored == self._stored

    def crash(self, text: str) -> bool:
        """Let the process die in the first call that a text leads to, and tell whether it leads to any."""
        did, message = Input("crash", text), self._message(text, None)
        moment = self._take(message, did, calls=1)
        if moment.turn is not None or moment.raised is not None:
            return False
        self.last = message
        self._passages.append(Passage.of(did, moment))
        self.moment, self._stored = moment, moment.stored
        self._now += self.setting.stage.service.lease + 1
        return True

    def change(self, flow: Flow[..., Any]) -> None:
        """Go on with another version of the flow."""
        self.setting = self.setting.with_flow(flow)
        self._passages.append(Passage(Input("redeploy", self.setting.flow_in_code), self.moment.shown))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        ttl = self.setting.stage.sessions.ttl
        if ttl is not None and self._now - self._lived > ttl:
            self._stored = None
        self._passages.append(Passage(Input("wait", seconds=seconds), self.moment.shown))

    def _message(self, text: str, attachment: Attachment | None) -> Inbound:
        sent = msgspec.structs.replace(
            self.setting.person, text=text, attachment=attachment, request_id=str(self._requests), timestamp=self._now
        )
        return self._identified(sent)

    def _identified(self, message: Inbound) -> Inbound:
        # As on USSD, where messages have no ids.
        return message if self.setting.on_ussd else msgspec.structs.replace(message, message_id=str(self._deliveries + 1))

    def _send(self, did: Input, message: Inbound) -> None:
        self.last = message
        moment = self._take(message, did)
        self._passages.append(Passage.of(did, moment))
        self._keep(moment)

    def _keep(self, moment: Moment) -> None:
        self._learn(moment)
        self.moment = moment
        self._stored, self._lived = moment.stored, self._now
        if moment.raised is not None:
            note = f"\n{self.dialogue}\n\n{self.dialogue.as_test()}\n"
            if note not in getattr(moment.raised, "__notes__", ()):
                moment.raised.add_note(note)
            raise moment.raised

    def _session_id(self, message: Inbound) -> str:
        return self.setting.stage.sessions.session_id(message, flow=self.setting.flow)

    def _take(self, message: Inbound, did: Input, *, calls: int | None = None) -> Moment:
        self._deliveries += 1
        try:
            return self.setting.stage.take(self._stored, message, str(self._deliveries), self._now, calls=calls)
        except AssertionError as error:
            error.add_note("\n".join(filter(None, ("", str(self.dialogue), str(did)))))
            raise

    def _learn(self, moment: Moment) -> None:
        """Note the answers that a turn has brought."""
        before, outcome, state = self.moment.state, moment.outcome, moment.state
        if outcome is None or state is None or moment.turn is None:
            return
        went_back = before is not None and before.epoch != state.epoch and before.root == state.root
        if moment.turn.began == "new" or went_back:
            self.answers.clear()
        types = self.setting.flow.types if self.asked is None else known_types(self.asked, self.setting.flow.types)
        for entry in outcome.journal:
            if entry.kind != PROMPT or has_failed(entry) or (entry.key in self.answers and entry.key != outcome.answered):
                continue
            with suppress(UnstorableValue):  # it is of a type that another question names
                self.answers[entry.key] = decode(entry.value, types)
