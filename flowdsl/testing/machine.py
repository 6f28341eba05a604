"""A state machine that has a person, their network and a service do all that can happen to a conversation."""

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack, cast, get_type_hints

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flowdsl.errors import ConfigurationError
from flowdsl.flow import Flow
from flowdsl.prompt import Prompt
from flowdsl.testing.conversation import Conversation
from flowdsl.testing.dialogue import Input
from flowdsl.testing.drawing import drawn_results, inputs, slips
from flowdsl.testing.results import Results
from flowdsl.testing.samples import Answers, Sampler
from flowdsl.testing.setting import Options

__all__ = ["FlowMachine"]


class FlowMachine(RuleBasedStateMachine):
    """Let hypothesis do to a flow what happens to it in a service, and look for what breaks it.

    Beside answers and wrong ones: dialling again, messages that come twice in a chat, two in a row before the first screen
    is read, a process that dies in the middle of a call, sessions that expire, and code that changes under a conversation.
    Make one with :meth:`for_flow`, or by a subclass that has ``flow``, and perhaps ``calls``, ``answers``, ``versions`` and
    any of :class:`~flowdsl.testing.Options`, such as ``navigation``.
    Invariants of your own look at ``self.talk``, the :class:`~flowdsl.testing.Conversation`.

    >>> from hypothesis.stateful import invariant
    >>> from flowdsl import Prompt, Say, flow
    >>> @flow
    ... def tea():
    ...     size = yield from Prompt("size", "Which size?", choices=["Small", "Large"])
    ...     yield Say(f"One {size.lower()} tea.")
    >>> class TeaMachine(FlowMachine.for_flow(tea)):
    ...     @invariant()
    ...     def nobody_gets_two_teas(self):
    ...         assert "Two" not in self.talk.screen
    >>> TestTea = TeaMachine.TestCase
    """

    flow: ClassVar[Flow[..., Any]]
    answers: ClassVar[Answers] = {}
    calls: ClassVar[Results] = {}
    versions: ClassVar[Sequence[Flow[..., Any]]] = ()
    options: ClassVar[Options] = {}

    talk: Conversation
    """The conversation as it stands."""

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        own = {name: getattr(cls, name) for name in get_type_hints(Options) if name in vars(cls)}
        cls.options = cast("Options", {**cls.options, **own})

    @classmethod
    def for_flow(
        cls,
        flow: Flow[..., Any],
        *,
        answers: Answers = {},
        calls: Results = {},
        versions: Sequence[Flow[..., Any]] = (),
        **options: Unpack[Options],
    ) -> type["FlowMachine"]:
        """Make a machine for a flow; a subclass of it may add rules and invariants.

        Args:
            flow: the conversation.
            answers: what is typed at questions without choices, as in :func:`~flowdsl.testing.conversations`.
            calls: what calls come to, as there.
            versions: other versions of the flow, of the same name, to which the code may change in the middle.
            options: see :class:`~flowdsl.testing.Options`.

        Raises:
            ConfigurationError: a version has another name.
        """
        if (other := next((each for each in versions if each.name != flow.name), None)) is not None:
            raise ConfigurationError(f"{other!r} is no version of {flow!r}: give it that name by @flow(name={flow.name!r})")
        made = {"flow": flow, "answers": answers, "calls": calls, "versions": versions, "options": options}
        return type(f"{flow.name.title()}Machine", (cls,), made)

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Dial, or write the first message."""
        if not hasattr(self, "flow"):
            raise ConfigurationError(f"{type(self).__name__} has no flow: write `flow = …` in it, or use FlowMachine.for_flow(…)")
        self._data, self._version = data, self.flow
        self.talk = Conversation(self.flow, calls=drawn_results(self.calls, self._draw), **self.options)
        self._sampler = Sampler(self.flow.types, on_ussd=self.talk.on_ussd)

    @precondition(lambda self: self._asked is not None)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        """Answer the question."""
        self._data = data
        self.talk.do(self._input())

    @precondition(lambda self: self._asked is not None)
    @rule(data=st.data())
    def slip(self, data: st.DataObject) -> None:
        """Do something else than to answer: answer wrongly, go back, dial again, or send the last message again."""
        self._data = data
        outcome = self.talk.outcome
        assert outcome is not None
        self.talk.do(data.draw(st.sampled_from([*slips(self.talk, outcome, self._sampler)])))

    @precondition(lambda self: self._asked is not None)
    @rule(data=st.data())
    def hurry(self, data: st.DataObject) -> None:
        """Send two answers at once: the second one is sent before the screen that answers the first one is read."""
        self._data = data
        first, second = self._input(), self._input()
        self.talk.do(first)
        if self._asked is not None:
            self.talk.type(second.text)

    @precondition(lambda self: self._asked is not None)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        """Answer, and let the process die in the first call that this leads to, if there is one; then try again."""
        self._data = data
        did, made = self._input(), len(self.talk.calls)
        if did.attachment is not None or self.talk.crash(did.text, required=False).outcome is not None:
            return
        if self.talk.begins_anew or data.draw(st.booleans()):
            self.talk.type(did.text)
        else:
            self.talk.dial()
        first, again = self.talk.calls[made : made + 2]
        assert first.token == again.token, f"the call {first.key!r} was made again with another idempotency key"

    @rule(data=st.data())
    def come_back(self, data: st.DataObject) -> None:
        """Dial again after the end, or stay away for longer than the session lives and dial then."""
        self._data = data
        lifetime = self.talk.lifetime
        if lifetime is not None and (not self.talk.ended or data.draw(st.booleans())):
            self.talk.wait(lifetime + 1)
        self.talk.dial()

    @precondition(lambda self: any(each is not self._version for each in (self.flow, *self.versions)))
    @rule(data=st.data())
    def redeploy(self, data: st.DataObject) -> None:
        """Change the code under the conversation, and go on with it."""
        self._data = data
        others = [each for each in (self.flow, *self.versions) if each is not self._version]
        self._version = data.draw(st.sampled_from(others))
        self.talk.redeploy(self._version)
        if self._asked is not None:
            self.talk.do(self._input())

    @invariant()
    def each_screen_fits(self) -> None:
        """What is on the screen has room there."""
        if hasattr(self, "talk"):
            self.talk.require_fit()

    def teardown(self) -> None:
        """Show the conversation, where it has failed."""
        if hasattr(self, "talk"):
            note(repr(self.talk))

    @property
    def _asked(self) -> Prompt[Any] | None:
        outcome = self.talk.outcome
        return None if outcome is None else outcome.prompt

    def _input(self) -> Input:
        assert self._asked is not None
        did: Input = self._data.draw(inputs(self.talk, self._asked, self.answers, self._sampler))
        return did

    def _draw(self, strategy: st.SearchStrategy[Any]) -> Any:
        return self._data.draw(strategy)
