"""The registration example is proved: copy this beside a flow of your own, and run `pytest`."""

from hypothesis import given, settings
from registration import registration

from flowdsl.testing import Conversation, FlowMachine, assert_fits, conversations, explore
from flowdsl_adapters import Nalo


def test_who_answers_all_is_registered() -> None:
    """One conversation, as it is written in a specification."""
    talk = Conversation(registration)
    talk.see("What is your name?").type("ama")
    talk.see("How old are you, Ama?").type("17").see("from 18 to 120").type("18")
    talk.choose("Twi").choose("Weekly, GHS 5")
    talk.see("Ama, 18, Twi. Weekly, GHS 5. Is that right?").choose("Yes")
    assert talk.ended
    assert talk.said == ["Thank you, Ama! You are registered."]
    assert talk.answers["plan"] == "week"


def test_every_path_comes_to_an_end() -> None:
    """All choices of all questions, and what a person might type at the others; each line of the flow is come to."""
    assert not explore(registration).unvisited


def test_every_screen_fits() -> None:
    """No screen, on any path, is longer than those of the gateway."""
    assert_fits(registration, gateway=Nalo())


@settings(max_examples=100, deadline=None)
@given(conversations(registration))
def test_nobody_is_registered_who_said_no(talk: Conversation) -> None:
    """What must hold for every conversation: hypothesis looks for one for which it does not, and shows the shortest."""
    assert ("You are registered." in talk.screen) == (talk.answers.get("sure") is True)


# Dialling again, messages that come at once, processes that die, sessions that expire.
TestRegistration = FlowMachine.for_flow(registration).TestCase
TestRegistration.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
