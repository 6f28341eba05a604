"""The registration as one writes it by hand: a dict with a step in it, kept in a cache."""

from typing import Any

from aiocache import SimpleMemoryCache

from examples.registration import PLANS

__all__ = ["Machine"]

_HOUR = 3600
_LANGUAGES = ("English", "Twi", "French")
_PLANS = tuple(PLANS)

_NAME = "Welcome! What is your name?"
_LANGUAGE = "Choose your language:\n1. English\n2. Twi\n3. French"
_PLAN = "Choose a plan:\n1. Daily, GHS 1\n2. Weekly, GHS 5\n3. Monthly, GHS 15\n4. Yearly, GHS 150"
_INVALID = "Please choose one of the options."
_INVALID_AGE = "Please enter an age from 18 to 120."


class Machine:
    """Holds the conversation of ``examples/registration.py``, screen by screen the same."""

    def __init__(self) -> None:
        self.cache = SimpleMemoryCache()

    async def handle(self, session: str, text: str, *, new: bool) -> tuple[str, bool]:
        """Answer one message: what is shown, and whether that is the end."""
        state = await self.cache.get(session)
        if new or state is None:
            state = {"step": "name"}
            shown = _NAME
        else:
            shown = _advanced(state, text)
        await self.cache.set(session, state, ttl=_HOUR)
        return shown, state["step"] == "end"


def _advanced(state: dict[str, Any], text: str) -> str:
    step = state["step"]
    if step == "name":
        state.update(step="age", name=text.title())
        return _age(state)
    if step == "age":
        if not text.strip().isdecimal() or not 18 <= int(text) <= 120:
            return f"{_INVALID_AGE}\n{_age(state)}"
        state.update(step="language", age=int(text))
        return _LANGUAGE
    if step == "language":
        if text not in ("1", "2", "3"):
            return f"{_INVALID}\n{_LANGUAGE}"
        state.update(step="plan", language=_LANGUAGES[int(text) - 1])
        return _PLAN
    if step == "plan":
        if text not in ("1", "2", "3", "4"):
            return f"{_INVALID}\n{_PLAN}"
        state.update(step="sure", plan=_PLANS[int(text) - 1])
        return _sure(state)
    if step == "sure":
        if text not in ("1", "2"):
            return f"{_INVALID}\n{_sure(state)}"
        state["step"] = "end"
        if text == "2":
            return "Nothing was registered. Dial again to start over."
    return f"Thank you, {state['name']}! You are registered."


def _age(state: dict[str, Any]) -> str:
    return f"How old are you, {state['name']}?"


def _sure(state: dict[str, Any]) -> str:
    return f"{state['name']}, {state['age']}, {state['language']}. {PLANS[state['plan']]}. Is that right?\n1. Yes\n2. No"
