"""Registration in five questions: try it with `flowdsl chat examples/registration.py:registration`."""

from flowdsl import Chat, Prompt, Say, Steps, flow

PLANS = {"day": "Daily, GHS 1", "week": "Weekly, GHS 5", "month": "Monthly, GHS 15", "year": "Yearly, GHS 150"}


def adult(text: str) -> int:
    """Read an age from 18 to 120 years."""
    if not text.strip().isdecimal() or not 18 <= int(text) <= 120:
        raise ValueError("Please enter an age from 18 to 120.")
    return int(text)


@flow
def registration(chat: Chat) -> Steps[dict[str, object] | None]:
    """Ask for what a subscription needs, and confirm it."""
    name = yield from Prompt("name", "Welcome! What is your name?", transform=str.title)
    age = yield from Prompt("age", f"How old are you, {name}?", transform=adult)
    language = yield from Prompt("language", "Choose your language:", choices=["English", "Twi", "French"])
    plan = yield from Prompt("plan", "Choose a plan:", choices=PLANS)
    if not (yield from Prompt.confirm("sure", f"{name}, {age}, {language}. {PLANS[plan]}. Is that right?")):
        yield Say("Nothing was registered. Dial again to start over.")
        return None
    yield Say(f"Thank you, {name}! You are registered.")
    return {"name": name, "age": age, "language": language, "plan": plan, "msisdn": chat.msisdn}
