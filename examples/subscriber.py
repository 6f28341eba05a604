"""Listen to what happens in conversations: `python examples/subscriber.py` talks to the registration and prints it."""

import asyncio
from collections import Counter

from registration import registration

from flowdsl import Flow, Inbound, Runtime, Screen
from flowdsl.signals import FlowFinished, PromptRejected, SessionEvent, flow_finished, prompt_rejected, session_created

rejected: Counter[str] = Counter()


@session_created.connect
def greet(sender: Flow[..., object], *, event: SessionEvent) -> None:
    """Print each session as it begins. The id holds no number in the clear."""
    print(f"{sender.name}: session {event.session_id} began on {event.gateway}")


@prompt_rejected.connect
def count(sender: Flow[..., object], *, event: PromptRejected) -> None:
    """Count where people stumble."""
    rejected[event.key] += 1
    print(f"{sender.name}: {event.key} was refused: {event.message}")


async def keep(sender: Flow[..., object], *, event: FlowFinished) -> None:
    """Receive the result; a coroutine may write it to a database here."""
    await asyncio.sleep(0)
    print(f"{sender.name}: finished with {event.result}")


# Only what registrations come to, whatever other flows this process serves.
flow_finished.connect(keep, sender=registration)


async def main() -> None:
    """Hold one conversation."""
    runtime = Runtime()
    for number, text in enumerate(["*920*77#", "ama", "12", "30", "2", "1", "1"]):
        message = Inbound(
            platform="ussd",
            gateway="demo",
            request_id="1001",
            msisdn="+233244123456",
            text=text,
            new=number == 0,
        )
        await runtime.handle(registration, message, screen=Screen())
    await runtime.close()


if __name__ == "__main__":
    asyncio.run(main())
