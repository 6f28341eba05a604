"""How far a conversation of a test has come: what was done and shown, what is stored, and what time it is."""

from contextlib import suppress
from typing import Any, Final

import msgspec

from flowdsl.errors import UnstorableValue
from flowdsl.flow import Flow
from flowdsl.journal import PROMPT, decode, has_failed
from flowdsl.messages import Attachment, Inbound, Reply
from flowdsl.record import FlowState, read
from flowdsl.testing.dialogue import Dialogue, Input, Passage, call_line
from flowdsl.testing.failing import Unproved
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
        self.last: Inbound | None = None
        self._in_code: Final = setting.flow_in_code
        self._passages: Final[list[Passage]] = []
        self._given: Final[list[tuple[str, Any]]] = []
        self._state: FlowState | None = None
        self._stored = setting.stored
        self._now = self._lived = setting.now
        self._deliveries = 0
        self._requests = 0

    @property
    def dialogue(self) -> Dialogue:
        """What was done and shown."""
        return Dialogue(self._in_code, tuple(self._passages), self.setting.code)

    @property
    def answers(self) -> dict[str, Any]:
        """What was answered, by the keys of the questions."""
        return dict(self._given)

    @property
    def session(self) -> dict[str, Any]:
        """The data of the session."""
        data = {} if self._stored is None else read(self._stored).data
        return {key: decode(value, self.setting.flow.types) for key, value in data.items()}

    @property
    def begins_anew(self) -> bool:
        """Whether who dials again begins anew, since their session was that of the gateway."""
        opening = self.setting.opening(str(self._requests + 1), self._now)
        return self.last is not None and self._session_id(self.last) != self._session_id(opening)

    def dial(self) -> None:
        """Begin, or dial again."""
        if self.begins_anew:
            self._stored = self.setting.stored
        self._requests += 1
        opening = self.setting.opening(str(self._requests), self._now)
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
        if before.turn is None:  # the process that was answering it has died, or the flow raised, as it will again
            self._keep(did, again)
            return True
        self._passages.append(Passage.of(did, msgspec.structs.replace(again, outcome=before.outcome)))
        return again.shown == before.shown and again.stored == self._stored

    def crash(self, text: str) -> bool:
        """Let the process die in the first call that a text leads to, and tell whether it leads to any."""
        did, message = Input("crash", text), self._message(text, None)
        moment = self._take(message, did, calls=1)
        if moment.turn is not None or moment.raised is not None:
            return False
        self.last = message
        self._passages.append(Passage.of(did, moment))
        self.moment, self._stored, self._lived = moment, moment.stored, self._now
        self._now += self.setting.stage.service.lease + 1
        return True

    def change(self, flow: Flow[..., Any]) -> None:
        """Go on with another version of the flow."""
        self.setting = self.setting.with_flow(flow)
        self._beside(Input("redeploy", self.setting.flow_in_code))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        ttl = self.setting.stage.sessions.ttl
        if ttl is not None and self._now - self._lived > ttl:
            self._stored = None
        self._beside(Input("wait", seconds=seconds))

    def _beside(self, did: Input) -> None:
        self._passages.append(Passage(did, self.moment.shown, ended=self.moment.ended))

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
        self._keep(did, self._take(message, did))

    def _keep(self, did: Input, moment: Moment) -> None:
        before = self.moment
        page_turned = moment.turn is not None and moment.outcome is None and moment.prompt is None
        if page_turned or (moment.raised is not None and not moment.shown.end):  # the same question waits
            moment = msgspec.structs.replace(moment, outcome=before.outcome, prompt=before.prompt, menu=before.menu)
        else:
            self._learn(moment)
        self._passages.append(Passage.of(did, moment))
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
        except Unproved as error:
            error.add_note("\n".join(filter(None, ("", str(self.dialogue), str(did), *map(call_line, error.made)))))
            raise

    def _learn(self, moment: Moment) -> None:
        """Note the answer that a turn has brought, or take back those before which the person has gone back."""
        before, outcome, state = self._state, moment.outcome, moment.state
        if outcome is None or state is None or moment.turn is None:
            return
        self._state = state
        if moment.turn.began == "new":
            self._given.clear()
        elif before is not None and before.epoch != state.epoch and before.root == state.root and outcome.prompt is not None:
            key = outcome.prompt.key
            left = sum(entry.key == key and entry.kind == PROMPT for entry in outcome.journal)
            while sum(given == key for given, _ in self._given) > left:
                self._given.pop()
        asked, types = self.moment.prompt, self.setting.flow.types
        keys = [key for key, _ in moment.turn.passed] + ([] if outcome.answered is None else [outcome.answered])
        if asked is not None:
            types = known_types(asked, types)
        for place, key in enumerate(keys):
            given = [entry for entry in outcome.journal if entry.kind == PROMPT and entry.key == key]
            later = keys[place + 1 :].count(key)
            if len(given) > later and not has_failed(given[-1 - later]):
                with suppress(UnstorableValue):  # it is of a type that another flow names
                    self._given.append((key, decode(given[-1 - later].value, types)))
