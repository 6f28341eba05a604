"""A scripted conversation: a person who dials, types and chooses, without a server and without an event loop."""

from __future__ import annotations

from typing import Any, NoReturn, Unpack

from flowdsl.choices import Menu
from flowdsl.flow import Flow
from flowdsl.inspection.transcript import lines
from flowdsl.messages import Attachment
from flowdsl.outcome import Outcome
from flowdsl.testing.course import Course
from flowdsl.testing.dialogue import Dialogue, Input
from flowdsl.testing.results import Made, Results
from flowdsl.testing.samples import pick, place_of
from flowdsl.testing.setting import Options, Setting
from flowdsl.testing.stage import Moment

__all__ = ["Conversation"]


class Conversation:
    """Hold a conversation with a flow: dial, type, choose, and look at what is on the screen.

    It dials when it is made. Every turn is held against a replay from what is stored of it, so that a flow which would
    not find its way back there is found out at once. What a flow raises is raised where it is typed, and the
    conversation can go on as it would in a service.

    Args:
        flow: the conversation.
        calls: what its calls come to: key of the call to a value, a function of its arguments, or an exception that it
            raises. A call that is not among them is an :class:`~flowdsl.testing.UnexpectedCall`.
        options: the flow's ``params``, the ``gateway``, ``platform`` or ``screen`` on which it is held, and what else
            :class:`~flowdsl.testing.Options` has.

    Raises:
        Exception: whatever the flow raises before its first question.

    >>> from flowdsl import Prompt, Say, flow
    >>> @flow
    ... def tea():
    ...     size = yield from Prompt("size", "Which size?", choices=["Small", "Large"])
    ...     yield Say(f"One {size.lower()} tea.")
    >>> talk = Conversation(tea)
    >>> _ = talk.see("Which size?").choose("Large").see("One large tea.")
    >>> talk.ended, talk.answers
    (True, {'size': 'Large'})
    """

    def __init__(self, flow: Flow[..., Any], *, calls: Results = {}, **options: Unpack[Options]) -> None:
        __tracebackhide__ = True
        self._course = Course(Setting(flow, calls, options))
        self.dial()

    def dial(self) -> Conversation:
        """Dial the service, or write the first message of a chat; again, where the conversation has begun.

        On USSD that begins anew, unless the session outlives that of the gateway, as with ``SessionConfig().durable()``.
        """
        __tracebackhide__ = True
        self._course.dial()
        return self

    def type(self, text: str) -> Conversation:
        """Type a text.

        Raises:
            AssertionError: the conversation has ended.
            Exception: whatever the flow raises.
        """
        __tracebackhide__ = True
        self._require_open(f"type {text!r}")
        picked = self.menu.pick(text)
        return self._send(Input("type", text, "" if picked is None else picked.label))

    def choose(self, choice: Any) -> Conversation:
        """Pick what the question offers, by what it is called or by the answer that it stands for.

        On a USSD screen its number is typed, in a chat it is tapped.

        Raises:
            AssertionError: it is not offered.
            Exception: whatever the flow raises.
        """
        __tracebackhide__ = True
        self._require_open(f"choose {choice!r}")
        number = place_of(self.menu, choice)
        if number is None:
            offered = ", ".join(map(repr, self.choices)) or "nothing"
            self._fail(f"{choice!r} cannot be chosen: what is offered is {offered}")
        return self._send(pick(self.menu, number))

    def send(self, attachment: Attachment, text: str = "") -> Conversation:
        """Send a picture, a place or a card, in a chat.

        Args:
            attachment: a ``Media``, a ``Location`` or a ``Contact``.
            text: what is written with it.

        Raises:
            AssertionError: the conversation is held on USSD, which cannot carry any, or has ended.
            Exception: whatever the flow raises.
        """
        __tracebackhide__ = True
        if self._setting.on_ussd:
            self._fail(f"{attachment!r} cannot be sent on USSD: hold the conversation on another platform")
        self._require_open(f"send {attachment!r}")
        return self._send(Input("send", text, attachment=attachment))

    def redeliver(self) -> Conversation:
        """Let the last message be delivered once more, as senders do; it must change nothing and show the same.

        Raises:
            AssertionError: the conversation is held on USSD, where messages have no ids by which they are known again, or
                something else is shown.
        """
        __tracebackhide__ = True
        last = self._course.last
        if last is None or last.message_id is None:
            self._fail("on USSD messages have no ids, so nobody can tell whether one came again")
        if not self._course.redeliver(last):
            self._fail("the same message came again, and was answered otherwise")
        return self

    def crash(self, text: str, *, required: bool = True) -> Conversation:
        """Type a text, and let the process die in the middle of the first call that this leads to.

        The call may have been made: it is among :attr:`calls`, and what it came to is lost. What comes next in this session is
        answered by another process, which makes the call again with the same idempotency key: what is typed next, or dialling
        again where the session outlives that of the gateway.

        Args:
            text: what is typed.
            required: it must lead to a call; else it is typed as any other where it leads to none.

        Raises:
            AssertionError: the text leads to no call.
        """
        __tracebackhide__ = True
        self._require_open(f"type {text!r}")
        if not self._course.crash(text):
            if required:
                self._fail(f"{text!r} leads to no call in which the process could die")
            return self._send(Input("type", text))
        return self

    def redeploy(self, flow: Flow[..., Any]) -> Conversation:
        """Let the code change: from now on the conversation is played with another version of its flow.

        Args:
            flow: the version; it must have the same name.

        Raises:
            AssertionError: it has another name, by which no session would be found.
        """
        __tracebackhide__ = True
        if flow.name != self._setting.flow.name:
            self._fail(f"flow {flow.name!r} does not find sessions of {self._setting.flow.name!r}: a flow keeps its name")
        self._course.change(flow)
        return self

    def wait(self, seconds: float) -> Conversation:
        """Let time pass; the session is gone where that is more than it lives.

        Args:
            seconds: how long.
        """
        self._course.wait(seconds)
        return self

    def see(self, *texts: str) -> Conversation:
        """Make sure that texts are on the screen, or in the message, that was shown last.

        Line breaks count as blanks.

        Raises:
            AssertionError: one of them is not; the message has the whole dialogue.
        """
        __tracebackhide__ = True
        shown = _flat(self.screen)
        for text in texts:
            if _flat(text) not in shown:
                pages = self._moment.pages
                on = next((place for place, page in enumerate(pages, 1) if _flat(text) in _flat(page)), None)
                hint = "" if on is None else f" (it is on page {on} of {len(pages)}, so turn the pages first)"
                self._fail(f"{text!r} is not on the screen{hint}")
        return self

    def miss(self, *texts: str) -> Conversation:
        """Make sure that texts are not on the screen, or in the message, that was shown last.

        Raises:
            AssertionError: one of them is.
        """
        __tracebackhide__ = True
        for text in texts:
            if _flat(text) in _flat(self.screen):
                self._fail(f"{text!r} is on the screen")
        return self

    def do(self, did: Input) -> Conversation:
        """Do what an :class:`~flowdsl.testing.Input` says, as a drawn conversation does.

        Args:
            did: what the person does.
        """
        __tracebackhide__ = True
        match did.verb:
            case "dial":
                return self.dial()
            case "redeliver":
                return self.redeliver()
            case "wait":
                return self.wait(did.seconds)
            case "crash":
                return self.crash(did.text)
            case "send" if did.attachment is not None:
                return self.send(did.attachment, did.text)
            case _:
                self._require_open(f"type {did.text!r}")
                return self._send(did)

    @property
    def outcome(self) -> Outcome | None:
        """What the last message came to; ``None`` where the flow was not played."""
        return self._moment.outcome

    def require_fit(self) -> None:
        """Make sure that what is on the USSD screen fits it.

        Raises:
            AssertionError: it does not.
        """
        __tracebackhide__ = True
        screen = self._setting.stage.service.screen
        if screen is not None and not screen.fits(self._moment.shown.text):
            self._fail(f"the screen has no room for {self._moment.shown.text!r}")

    @property
    def begins_anew(self) -> bool:
        """Whether who dials again begins anew, since their session is as long as that of the gateway."""
        return self._course.begins_anew

    @property
    def lifetime(self) -> float | None:
        """Seconds that the session lives after the last message; ``None`` for ever."""
        return self._setting.stage.sessions.ttl

    @property
    def menu(self) -> Menu:
        """What the question offers, as it reads on the screen."""
        return self._moment.menu

    @property
    def on_ussd(self) -> bool:
        """Whether it is held on USSD screens."""
        return self._setting.on_ussd

    @property
    def screen(self) -> str:
        """What is on the screen: in a chat the last message, with what can be tapped."""
        return "\n".join(lines(self._moment.shown))

    @property
    def ended(self) -> bool:
        """Whether the flow has come to its end; a long last message may have more pages."""
        return self._moment.ended

    @property
    def said(self) -> list[str]:
        """All that the flow has said so far, without its questions."""
        return self.dialogue.said

    @property
    def asked(self) -> str | None:
        """Key of the question that waits for an answer."""
        return None if self._moment.prompt is None else self._moment.prompt.key

    @property
    def choices(self) -> list[str]:
        """What the question offers."""
        return [option.label for option in self._moment.menu.options]

    @property
    def answers(self) -> dict[str, Any]:
        """The answers so far, by the keys of their questions; of a key that came again, the last."""
        return dict(self._course.answers)

    @property
    def result(self) -> Any:
        """What the flow returned; ``None`` while it goes on."""
        return None if self._moment.outcome is None else self._moment.outcome.result

    @property
    def calls(self) -> list[Made]:
        """The calls that were made, with their arguments and what they came to."""
        return self.dialogue.calls

    @property
    def session(self) -> dict[str, Any]:
        """The data of the session, as ``chat.session`` has it."""
        return self._course.session

    @property
    def dialogue(self) -> Dialogue:
        """All of it, to print or to write as a test."""
        return self._course.dialogue

    def __str__(self) -> str:
        return str(self.dialogue)

    def __repr__(self) -> str:
        return f"\n{self.dialogue}\n\n{self.dialogue.as_test()}\n"

    @property
    def _moment(self) -> Moment:
        return self._course.moment

    @property
    def _setting(self) -> Setting:
        return self._course.setting

    def _send(self, did: Input) -> Conversation:
        __tracebackhide__ = True
        self._course.send(did)
        return self

    def _require_open(self, what: str) -> None:
        __tracebackhide__ = True
        if self._moment.shown.end and self._setting.on_ussd:
            self._fail(f"nobody can {what}: the conversation has ended")

    def _fail(self, wrong: str) -> NoReturn:
        __tracebackhide__ = True
        raise AssertionError(f"{wrong}\n\n{self}")


def _flat(text: str) -> str:
    return " ".join(text.split())
