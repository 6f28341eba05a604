"""Who says what: a registration from dialling to its end, and surveys that never end."""

from collections.abc import Iterator

from flowdsl import Call, Prompt, Run, Say, Steps, flow

__all__ = ["REGISTRATION", "SCREENS", "calling", "msisdn", "replies", "survey", "talkative"]

REGISTRATION = ("*920*77#", "ama mensah", "17", "34", "2", "3", "1")
"""What a person sends in the registration: the dialled code, then six answers, of which the second is not valid."""

SCREENS = (
    "Welcome! What is your name?",
    "How old are you, Ama Mensah?",
    "Please enter an age from 18 to 120.\nHow old are you, Ama Mensah?",
    "Choose your language:\n1. English\n2. Twi\n3. French",
    "Choose a plan:\n1. Daily, GHS 1\n2. Weekly, GHS 5\n3. Monthly, GHS 15\n4. Yearly, GHS 150",
    "Ama Mensah, 34, Twi. Monthly, GHS 15. Is that right?\n1. Yes\n2. No",
    "Thank you, Ama Mensah! You are registered.",
)
"""What is shown after each of them."""

_ROLES = {"chair": "Chairperson", "clerk": "Secretary", "purse": "Treasurer", "none": "Member"}


@flow
def survey() -> Steps[None]:
    """List the members of a group, with what each of them does, for as long as there are more."""
    count = 0
    while True:
        count += 1
        name = yield Prompt("name", f"What is the name of member {count}?", transform=str.title)
        yield Prompt("role", f"What does {name} do in the group?", choices=_ROLES)


@flow
def talkative() -> Steps[None]:
    """Ask as the survey does, and say something after every answer."""
    count = 0
    while True:
        count += 1
        name = yield Prompt("name", f"What is the name of member {count}?", transform=str.title)
        yield Say(f"Member {count} is {name}.")
        role = yield Prompt("role", f"What does {name} do in the group?", choices=_ROLES)
        yield Say(f"{name} is {_ROLES[role]}.")


@flow
def role() -> Steps[str]:
    """Ask what somebody does."""
    return (yield Prompt("role", "What do they do in the group?", choices=_ROLES))


@flow
def calling() -> Steps[None]:
    """Ask as the survey does, with a call after each name, a flow of its own for the roles, and one question more."""
    count = 0
    while True:
        count += 1
        name = yield Prompt("name", f"What is the name of member {count}?", transform=str.title)
        yield Call(len, name)
        yield Run(role)
        yield Prompt("village", f"Where does {name} live?")


def replies(count: int) -> Iterator[str]:
    """Give what a person types into a survey: so many answers, names and choices in turn."""
    for number in range(count):
        yield str(number // 2 % len(_ROLES) + 1) if number % 2 else f"kofi {number // 2}"


def msisdn(number: int) -> str:
    """Make the number of one of ten million people."""
    return f"23324{number % 10_000_000:07d}"
