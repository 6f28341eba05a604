"""What flowdsl promises of a gateway, tried over HTTP."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, Final
from unittest import SkipTest

from flowdsl import Call, Inbound, Prompt, Say, SessionConfig, Steps, UserInputError, flow
from flowdsl.phone import e164
from flowdsl.testing.contracts.promises import named_as, promise, run, told
from flowdsl_adapters.handset import Caller
from flowdsl_adapters.testing.conversations import APOLOGY, accident, interview, lecture
from flowdsl_adapters.testing.serving import Serving
from flowdsl_adapters.ussd import UssdGateway

__all__ = ["GatewayContract"]

_PATIENCE: Final = 60.0
# What 160 octets of the network hold (3GPP TS 23.038, section 6.1.2.3).
_SEPTETS: Final = 182
_UNITS: Final = 80
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _tried(test: Callable[["GatewayContract"], Coroutine[Any, Any, None]]) -> Callable[["GatewayContract"], None]:
    """Make a plain test of one that is asynchronous, so that it needs no plugin."""
    return named_as(test, lambda self: run(test(self), _PATIENCE))


class GatewayContract(Serving):
    """Tests of a gateway of your own: what is said through its wire is what flow and person have said.

    Any runner of tests finds the tests in a subclass. Of a declared gateway the declaration tells all that is needed::

        class TestTelco(GatewayContract):
            def gateway(self):
                return Telco()

    Of any other one, the subclass tells how the gateway's requests are made and its answers read.
    :class:`~flowdsl_adapters.Request` and :class:`~flowdsl_adapters.Response` are those that ``decode`` gets and ``encode``
    gives, and the contract sends them over HTTP::

        class TestMyGateway(GatewayContract):
            def gateway(self):
                return MyGateway()

            def opening(self, caller):
                return self.answering(caller, [])

            def answering(self, caller, texts):
                return Request(body=b"", query={"session": caller.session, "phone": caller.number, "text": "*".join(texts)})

            def read(self, response):
                word, _, text = response.body.decode().partition(" ")
                return Reply(text, end=word == "END")

            def malformed(self):
                return {"no phone": Request(body=b"", query={"session": "1", "text": ""})}

            def carries(self, text):
                return "*" not in text      # joins answers with it
    """

    @_tried
    async def test_a_dial_begins_a_conversation(self) -> None:
        """The first screen is the first question."""
        async with self._served(interview) as wire:
            for caller in self._callers():
                shown = await wire.ask(self.opening(caller))
                promise(
                    (shown.text, shown.end) == ("First?", False),
                    wanted="who dials sees the first question of the flow, 'First?', in a session that goes on",
                    found=f"they saw {told(shown.text)}, with end={shown.end}",
                    because="whoever dials begins a conversation: encode() ends the session with the last screen only",
                )

    @_tried
    async def test_the_sample_begins_a_conversation(self) -> None:
        """The first request that the declaration shows is read as what its vendor documents, and not only by itself."""
        gateway = self.gateway()
        if not isinstance(gateway, UssdGateway):
            return  # nobody has declared how it speaks
        if not gateway.about.sample:
            raise SkipTest(
                "not tested: a sample of the first request: give about = About(sample={…}, number=…), from the vendor's page"
            )
        try:
            found: object = gateway.decode(gateway.wire.write(gateway.about.sample))
        except UserInputError as error:
            found = error
        number = e164(gateway.about.number, gateway.region or None)
        promise(
            isinstance(found, Inbound) and found.new is not False and found.msisdn == number,
            wanted=f"about.sample, sent as it is, begins a conversation of {number}",
            found=f"it was read as {told(found)}",
            because="the other tests make their requests from the declaration, and would not see that it is another gateway's",
        )

    @_tried
    async def test_who_dials_again_has_answered_nothing(self) -> None:
        """Where sessions outlive those of the gateway, the question at which the person stopped is shown again."""
        first = self._caller()
        if self.gateway().screen is None:
            raise SkipTest("not tested: dialling again, since in a chat nobody dials")
        async with self._served(interview, sessions=SessionConfig().durable()) as wire:
            await wire.ask(self.opening(first))
            await wire.ask(self.answering(first, ["a"]))
            shown = await wire.ask(self.opening(self._caller("9")))
            promise(
                shown.text == "<a> Second?",
                wanted="who dials again in the middle of a durable session sees the question where they stopped, '<a> Second?'",
                found=f"they saw {told(shown.text)}",
                because="what was dialled is no answer: decode() gives new=True, or None where only the session's id tells",
            )

    @_tried
    async def test_an_answer_comes_as_it_was_typed(self) -> None:
        """Nothing of it is lost, and nothing is added, whatever the characters are."""
        for text in self._answers():
            async with self._served(interview) as wire:
                await wire.ask(self.opening(self._caller()))
                await wire.ask(self.answering(self._caller(), ["x"]))
                shown = await wire.ask(self.answering(self._caller(), ["x", text]))
                last, screen = wire.seen[-1], wire.gateway.screen
                wanted = f"<{text}> Which?" if screen is None else screen.written(f"<{text}> Which?")
                promise(
                    shown.text.startswith(wanted) and (last.history is not None or last.text == text),
                    wanted=f"who typed {text!r} has answered {text!r}",
                    found=f"decode() gave the text {told(last.text)}, and the next screen was {told(shown.text)}",
                    because="people's names and PINs must be as they are. Where the gateway cannot bring a text, say so "
                    "in carries()",
                )

    @_tried
    async def test_a_conversation_is_as_without_the_wire(self) -> None:
        """Whatever is typed, each screen and its end are those of Runtime.handle."""
        chance = Random(1)  # noqa: S311 (the same every time)
        answers = self._answers()
        openings = [[text] for text in answers] + [[] for _ in answers]
        for beginning in openings:
            texts = beginning + [chance.choice(answers) for _ in range(7)]
            await self._as_without(interview, texts)

    @_tried
    async def test_the_end_is_told(self) -> None:
        """The last screen, and none before, ends the session."""
        async with self._served(interview) as wire:
            shown = await wire.talk(self._caller(), ["a", "b", "1", "c"])
            promise(
                [each.end for each in shown] == [False] * 4 + [True],
                wanted="encode() ends the session with the last screen of a flow, and with none before",
                found=f"of five screens these ended it: {[place for place, each in enumerate(shown, 1) if each.end]}",
                because="a session that does not end costs money, and one that ends too early cuts the person off",
            )
            again = await wire.ask(self.opening(self._caller("9")))
            promise(
                again.text == "First?",
                wanted="who dials after the end begins anew",
                found=f"they saw {told(again.text)}",
                because="the session is over",
            )

    @_tried
    async def test_long_texts_are_paged(self) -> None:
        """Every page fits the screen, and its keys turn pages, in the alphabet of the network and out of it."""
        screen = self.gateway().screen
        if screen is None:
            raise SkipTest("not tested: pages, since this gateway has no screen")
        for key in (screen.next_key, screen.back_key):
            promise(
                self.carries(key),
                wanted=f"the wire can bring the key {key!r}, which turns pages",
                found="carries() says that it cannot",
                because="nobody could read on: give the gateway a Screen with other keys",
            )
        ahead = [screen.next_key] * 12
        for words in ("Every word of this counts. ", "Ɛyɛ asɛm a ɛho hia. "):
            params = {"words": words * (3 * screen.most // len(words) + 1)}
            texts = [*ahead, screen.back_key, *ahead, "1", screen.next_key, screen.back_key, *ahead]
            await self._as_without(lecture, texts, params)

    @_tried
    async def test_numbers_reach_the_flow(self) -> None:
        """In E.164, however the gateway writes them."""
        for number, expected in self.numbers.items():
            async with self._served(interview) as wire:
                caller = Caller(session="1", number=number)
                await wire.ask(self.opening(caller))
                await wire.ask(self.answering(caller, ["a"]))
                found = {inbound.msisdn for inbound in wire.seen}
                promise(
                    found == {expected},
                    wanted=f"the number {number!r} of the wire is {expected!r} for the flow, in every message",
                    found=f"decode() gave {found}",
                    because="sessions by number find the person again in another gateway: flowdsl.phone.e164 reads numbers",
                )

    @_tried
    async def test_what_is_echoed_goes_back_as_it_came(self) -> None:
        """With every answer, an apology included."""
        for number in self.numbers:
            async with self._served(accident) as wire:
                caller = Caller(session="1", number=number)
                for request in (self.opening(caller), *(self.answering(caller, texts) for texts in (["boom"], ["boom", "x"]))):
                    answer = await wire.send(request)
                    wanted, found = self.echoed(request), self.echoed(answer)
                    promise(
                        wanted == found,
                        wanted=f"what came as {told(wanted)} goes back so",
                        found=f"it went back as {told(found)}",
                        because="the gateway does not find the session to which the answer belongs: keep it in Inbound.echo",
                    )

    @_tried
    async def test_two_people_are_apart(self) -> None:
        """Their messages take turns, and each has a conversation of their own."""
        async with self._served(interview) as wire:
            people = self._callers()
            for caller in people:
                await wire.ask(self.opening(caller))
            for caller, name in zip(people, ("Ama", "Kofi"), strict=True):
                await wire.ask(self.answering(caller, [name]))
            for caller, name in zip(people, ("Ama", "Kofi"), strict=True):
                shown = await wire.ask(self.answering(caller, [name, f"of {name}"]))
                promise(
                    f"<of {name}>" in shown.text,
                    wanted="two sessions with two numbers are two conversations",
                    found=f"{name} answered two questions, and then saw {told(shown.text)}",
                    because="one would read what the other has said: request_id and msisdn of the Inbound tell them apart",
                )

    @_tried
    async def test_any_process_reads_the_next_message(self) -> None:
        """The gateway remembers nothing of the messages before: they may have come to another process."""
        await self._as_without(interview, ["a", "b", "2", "c"], processes=2)

    @_tried
    async def test_a_screen_is_one_that_networks_show(self) -> None:
        """USSD has a screen, and it is no larger than what a network carries."""
        gateway = self.gateway()
        screen = gateway.screen
        promise(
            gateway.platform != "ussd" if screen is None else screen.septets <= _SEPTETS and screen.units <= _UNITS,
            wanted=f"a gateway of USSD has a Screen, of {_SEPTETS} septets and {_UNITS} units at most",
            found=f"the screen is {screen}",
            because="longer texts are cut off by the network, as a rule without a word",
        )

    @_tried
    async def test_a_malformed_request_changes_nothing(self) -> None:
        """It is refused with a 4xx and a reason, and the conversation goes on as if it had not come."""
        caller = self._caller()
        async with self._served(interview) as wire:
            await wire.ask(self.opening(caller))
            await wire.ask(self.answering(caller, ["a"]))
            for name, request in self._wrong().items():
                answer = await wire.send(request)
                promise(
                    400 <= self.status(answer) < 500 and answer.body.strip() and len(wire.seen) == 2,
                    wanted=f"a malformed request ({name}) gets a 4xx with the reason, and reaches no flow",
                    found=f"it got {self.status(answer)} with {told(answer.body)}"
                    + (", and was a message to the flow" if len(wire.seen) > 2 else ""),
                    because="it would be an answer that nobody gave: decode() raises flowdsl.errors.BadPayload, or "
                    "UnsupportedContent where the content type is another",
                )
            shown = await wire.ask(self.answering(caller, ["a", "b"]))
            promise(
                "<b> Which?" in shown.text,
                wanted="after malformed requests the conversation goes on as if they had not come",
                found=f"the answer to the second question showed {told(shown.text)}",
                because="anybody could disturb a person's session",
            )

    @_tried
    async def test_another_method_is_refused(self) -> None:
        """What does not come by a method of the gateway's gets 405, or 400 where it takes any."""
        caller = self._caller()
        async with self._served(interview) as wire:
            known = {method for method, _ in wire.gateway.routes}
            for method in _METHODS:
                if method not in known:
                    answer = await wire.send(self.opening(caller), method=method)
                    promise(
                        answer.status in (405, *([400] if "*" in known else [])) and not wire.seen,
                        wanted=f"a gateway that delivers by {' and '.join(sorted(known))} is not delivered to by {method}: "
                        "that gets 405",
                        found=f"it got {answer.status} with {told(answer.body)}",
                        because="whoever opens the address in a browser would be a caller",
                    )

    @_tried
    async def test_a_flow_that_raises_is_an_apology(self) -> None:
        """It has the gateway's own form, status and content type, and the conversation goes on after it."""
        caller = self._caller()
        async with self._served(accident) as wire:
            usual = await wire.send(self.opening(caller))
            answer = await wire.send(self.answering(caller, ["boom"]))
            promise(
                (answer.status, answer.content_type) == (usual.status, usual.content_type) and self.read(answer).text == APOLOGY,
                wanted=f"an apology comes as any screen, with status {usual.status} and as {usual.content_type!r}",
                found=f"it came with status {answer.status} as {answer.content_type!r}: {told(answer.body)}",
                because="the gateway shows nothing else to the person",
            )
        await self._as_without(accident, ["boom", "x"])

    @_tried
    async def test_the_same_message_again_is_no_second_answer(self) -> None:
        """Neither while the first is being answered nor, where messages have ids, later; the next one is another one."""
        caller, gate = self._caller(), asyncio.Event()

        @flow(name="flowdsl_contract_held")
        def held() -> Steps[None]:
            first = yield from Prompt("first", "First?")
            yield from Call(gate.wait)
            second = yield from Prompt("second", f"<{first}> Second?")
            yield Say(f"<{second}> is all.")

        async with self._served(held) as wire:
            await wire.ask(self.opening(caller))
            once, twice = (asyncio.ensure_future(wire.ask(self.answering(caller, ["x"]))) for _ in range(2))
            while len(wire.seen) < 3 and not (once.done() or twice.done()):  # noqa: ASYNC110 (what is seen is a list)
                await asyncio.sleep(0.01)
            gate.set()
            shown = [await once, await twice]
            history = wire.seen[-1].history
            if wire.seen[-1].message_id is not None or (history is not None and history.repeats):
                shown.append(await wire.ask(self.answering(caller, ["x"])))
            promise(
                all(each.text == "<x> Second?" for each in shown),
                wanted="the same message again is shown what the first was shown, '<x> Second?'",
                found=f"they were shown {told([each.text for each in shown])}",
                because="gateways and people send again what is not answered at once: message_id, or without one text and "
                "number, are the same in both",
            )
            last = await wire.ask(self.answering(caller, ["x", "x"]))
            promise(
                last.text == "<x> is all.",
                wanted="the next message is another one, though its text is the same",
                found=f"it was shown {told(last.text)}",
                because="nobody could pick 1 twice: message_id is of one message, and not of a session or a text",
            )

    @_tried
    async def test_the_end_of_a_session_is_no_answer(self) -> None:
        """Nor is anything answered in it afterwards."""
        caller = self._caller()
        for reason, ending in self.endings(caller).items():
            async with self._served(interview) as wire:
                await wire.ask(self.opening(caller))
                await wire.ask(self.answering(caller, ["a"]))
                answer = await wire.send(ending)
                promise(
                    200 <= answer.status < 300 and len(wire.seen) == 2,
                    wanted=f"the notice that the session is over ({reason}) is taken, and is no message to the flow",
                    found=f"it got {answer.status} with {told(answer.body)}"
                    + (", and was a message to the flow" if len(wire.seen) > 2 else ""),
                    because="it would be an answer that nobody gave: decode() gives flowdsl.Ended",
                )
                after = await wire.send(self.answering(caller, ["a", "b"]))
                promise(
                    b"<b> Which?" not in after.body,
                    wanted="after the end, the question that was open is not answered any more",
                    found=f"an answer showed {told(after.body)}",
                    because="the gateway's next session of the same id would begin in the middle of this one: the notice "
                    "has the request_id and the msisdn of the messages",
                )
