"""The flows of which the contract of a gateway is tried, and what they say without one."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flowdsl import Flow, Inbound, Prompt, Reply, Runtime, Say, Steps, flow
from flowdsl_adapters.gateway import Gateway

__all__ = ["APOLOGY", "accident", "interview", "lecture", "without"]

APOLOGY: Final = "The contract is sorry."
"""What is read where a flow raises."""


@flow(name="flowdsl_contract_interview")
def interview() -> Steps[None]:
    """Ask four questions, and repeat the answers."""
    first = yield from Prompt("first", "First?")
    second = yield from Prompt("second", f"<{first}> Second?")
    which = yield from Prompt("which", f"<{second}> Which?", choices=["Red", "Green"])
    last = yield from Prompt("last", f"Last, after {which}?")
    yield Say(f"<{last}> is all.")


@flow(name="flowdsl_contract_lecture")
def lecture(*, words: str) -> Steps[None]:
    """Say much, with long choices."""
    yield from Prompt("ready", words, choices=[f"{words[:20]} {number}" for number in range(1, 10)])
    yield Say(words)


@flow(name="flowdsl_contract_accident")
def accident() -> Steps[None]:
    """Raise where somebody types "boom"."""
    if (yield from Prompt("what", "What?")) == "boom":
        raise RuntimeError("a flow of the contract raises, to see that the person reads an apology")
    yield Say("Fine.")


async def without(gateway: Gateway, flow: Flow[..., Any], texts: Sequence[str], params: Mapping[str, Any]) -> list[Reply]:
    """Hold a conversation with a flow, without a wire, until its end.

    Args:
        gateway: whose platform and screen it is for.
        flow: the flow.
        texts: what is typed.
        params: the flow's keyword parameters.
    """
    runtime = Runtime(apology=APOLOGY)
    shown: list[Reply] = []
    for turn, text in enumerate(["", *texts]):
        inbound = Inbound(
            platform=gateway.platform, gateway="none", request_id="1", user_id="1", msisdn="1", text=text, new=not turn
        )
        shown.append(await runtime.handle(flow, inbound, screen=gateway.screen, params=params))
        if shown[-1].end:
            break
    await runtime.close()
    return shown
