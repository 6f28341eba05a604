"""Pages in conversations: keys that turn them, answers on them, and the end of a long last message."""

import pytest

from flowdsl import Limits, Prompt, Runtime, Say, Screen, SessionConfig, Steps, flow
from flowdsl.signals import prompt_rejected
from flowdsl.ussd import measure
from tests.people import Person

LONG = " ".join(f"word{number}" for number in range(60))
SMALL = Screen(septets=60, units=40)


@flow
def reading() -> Steps[None]:
    """Say something long, ask, and end with something long."""
    yield Say(LONG)
    answer = yield from Prompt("more", "More?", choices={"0": "None", "yes": "Yes"})
    yield Say(f"{answer}: {LONG}")


async def test_pages_stop_at_both_ends() -> None:
    """Paging past the last page, or before the first, shows it again and counts nothing."""
    person = Person(Runtime(), reading, screen=SMALL)
    first = await person.dial()
    assert first.endswith("\n# Next")
    pages = [first]
    while "# Next" in pages[-1]:
        pages.append(await person.type("#"))
    last = pages[-1]
    assert last.endswith("1. None\n2. Yes\n0 Back")
    for _ in range(3):
        assert await person.type("#") == last
    assert await person.type("0") == pages[-2]
    for page in reversed(pages[:-2]):
        assert await person.type("0") == page


async def test_a_page_key_that_is_not_offered_can_be_an_answer() -> None:
    """On the first page ``0`` goes nowhere, so the choice whose key it is can be picked."""
    person = Person(Runtime(), reading, screen=SMALL)
    await person.dial()
    assert (await person.type("0")).startswith("0: word0")


@pytest.mark.parametrize(("text", "expected"), [("Children?", "Children?"), (f"{LONG} children?", "pages")])
async def test_naught_can_be_a_number(text: str, expected: str) -> None:
    """``0`` answers a question for a number, on one page or on the first of several; a name it does not answer."""

    @flow
    def asking() -> Steps[None]:
        count = yield from Prompt("count", text, transform=int)
        yield from Prompt("name", f"{count}. {text}")

    person = Person(Runtime(), asking, screen=SMALL)
    await person.dial()
    shown = await person.type("0")
    assert shown.startswith("0. ")
    if expected == "pages":
        assert await person.type("0") == shown


async def test_an_answer_can_be_given_on_any_page() -> None:
    """A person who has read enough answers without paging on."""
    person = Person(Runtime(), reading, screen=SMALL)
    await person.dial()
    await person.type("#")
    assert (await person.type("2")).startswith("yes: word0")


async def test_a_long_last_message_is_paged_to_its_end_and_ends() -> None:
    """The session stays open until the last page, which ends it; the next dial starts anew."""
    runtime = Runtime()
    person = Person(runtime, reading, screen=SMALL, sessions=SessionConfig().durable())
    first = await person.dial()
    reply = await person.send(person.message("yes"))
    seen = [reply.text]
    while not reply.end:
        assert reply.text.endswith("# Next")
        reply = await person.send(person.message("#"))
        seen.append(reply.text)
    assert "Back" not in reply.text
    assert " ".join(page.partition("\n")[0] for page in seen) == f"yes: {LONG}"
    assert await person.dial() == first


async def test_other_input_on_a_last_message_shows_its_page_again() -> None:
    """There is no question any more, so a text answers none."""
    person = Person(Runtime(), reading, screen=SMALL)
    await person.talk("yes")
    second = await person.type("#")
    assert await person.type("hello") == second


async def test_dialling_again_on_a_last_message_starts_over() -> None:
    """A conversation that is over does not come back because its last page was not read."""
    person = Person(Runtime(), reading, screen=SMALL, sessions=SessionConfig().durable())
    first = await person.dial()
    await person.type("yes")
    assert await person.dial() == first


async def test_paging_is_not_in_the_journal() -> None:
    """Turning pages adds no answers, and a repeated page turn gets the same page."""
    person = Person(Runtime(limits=Limits(entries=2)), reading, screen=SMALL)
    await person.dial()
    for number in range(6):
        key = "#" if number % 2 == 0 else "0"
        page = await person.type(key, f"p{number}")
        assert await person.type(key, f"p{number}") == page
    assert (await person.type("yes")).startswith("yes: ")


@pytest.mark.parametrize("key", ["0", "#"])
async def test_a_page_key_at_the_end_does_not_run_the_flow(key: str) -> None:
    """A key pressed once too often is no answer, so nothing that comes after the question sees it."""
    ran: list[str] = []

    @flow
    def asking() -> Steps[None]:
        name = yield from Prompt("name", LONG)
        ran.append(name)
        yield Say(str(100 // len(name)))

    person = Person(Runtime(), asking, screen=SMALL)
    shown = await person.dial()
    while key == "#" and "# Next" in shown:
        shown = await person.type("#")
    assert await person.type(key) == shown
    assert ran == []


async def test_an_attempt_is_not_forgotten_on_another_page() -> None:
    """Turning pages between two refused answers gives no new attempts."""

    @flow
    def counting() -> Steps[None]:
        yield from Prompt("count", LONG, transform=int)

    heard: list[int] = []
    runtime = Runtime()
    with prompt_rejected.connected_to(lambda sender, *, event: heard.append(event.attempts)):
        await Person(runtime, counting, screen=SMALL).talk("what", "#", "how")
        await runtime.settle()
    assert heard == [1, 2]


async def test_pages_of_another_screen_are_made_anew() -> None:
    """After a deploy with another screen, or on a second gateway, a page key shows the question from its first page."""
    person = Person(Runtime(), reading, screen=SMALL)
    await person.dial()
    person.screen = Screen(septets=80, units=60, next_key="99", back_key="98")
    shown = await person.type("#")
    assert shown.startswith("word0 ")
    assert shown.endswith("\n99 Next")
    assert (await person.type("99")).endswith("\n98 Back  99 Next")


async def test_a_page_key_of_another_screen_that_answers_nothing_shows_it_anew() -> None:
    """A key of the new screen, pressed before any of its pages was shown, shows the first of them."""

    @flow
    def asking() -> Steps[None]:
        yield from Prompt("name", LONG)

    person = Person(Runtime(), asking, screen=Screen(septets=60, units=40, next_key="99", back_key="98"))
    await person.dial()
    person.screen = Screen(septets=50, units=40)
    shown = await person.type("#")
    assert shown.startswith("word0 ")
    assert shown.endswith("\n# Next")
    assert person.screen.fits(shown)


async def test_an_answer_on_a_page_of_another_screen_is_one() -> None:
    """A new screen takes nothing away from a person who answers what they have read."""
    person = Person(Runtime(), reading, screen=SMALL)
    await person.dial()
    person.screen = Screen(septets=80, units=60)
    assert (await person.type("2")).startswith("yes: word0")


async def test_a_last_message_is_cut_anew_for_another_screen() -> None:
    """What is left of a conversation that is over fits the screen on which it is read, and nothing of it is lost."""
    person = Person(Runtime(), reading, screen=Screen(septets=120, units=60))
    await person.talk("yes", "#")
    person.screen = SMALL
    reply = await person.send(person.message("#"))
    read = [reply.text]
    while not reply.end:
        reply = await person.send(person.message("#"))
        read.append(reply.text)
    assert all(SMALL.fits(page) for page in read)
    bodies = [page.partition("\n0 Back")[0].removesuffix("\n# Next") for page in read]
    assert " ".join(" ".join(bodies).split()) == f"yes: {LONG}"


@pytest.mark.parametrize("line_break", ["\r\n", "/", "|"])
async def test_lines_that_end_in_more_than_a_newline_leave_room(line_break: str) -> None:
    """Every page of a conversation fits as it goes over the wire, and the texts have newlines for the codec to replace."""
    lines = "\n".join(f"{number}" for number in range(60))

    @flow
    def listing() -> Steps[None]:
        yield Say(lines)

    person = Person(Runtime(), listing, screen=Screen(septets=60, units=40, line_break=line_break))
    reply = await person.send(person.message("", new=True))
    read = [reply.text]
    while not reply.end:
        reply = await person.send(person.message("#"))
        read.append(reply.text)
    sent = [page.replace("\n", line_break) for page in read]
    assert all(measure(page).units <= 60 for page in sent)
    assert max(measure(page).units for page in sent) > 56
    assert "\n".join(page.partition("\n0 Back")[0].removesuffix("\n# Next") for page in read) == lines


async def test_pages_made_for_other_line_breaks_are_made_anew() -> None:
    """After a deploy behind a gateway that ends lines in two characters no page is too long, that of the last message neither."""

    @flow
    def listing() -> Steps[None]:
        yield Say("\n".join("123" for _ in range(60)))

    person = Person(Runtime(), listing, screen=Screen(septets=60, units=40))
    await person.dial()
    person.screen = Screen(septets=60, units=40, line_break="\r\n")
    for _ in range(3):
        assert person.screen.fits(await person.type("#"))


async def test_a_last_message_can_be_left_for_a_platform_without_pages() -> None:
    """A conversation that ended on a page begins anew in a chat, where there are none."""
    person = Person(Runtime(), reading, screen=SMALL, sessions=SessionConfig().cross_platform())
    await person.talk("yes")
    person.screen, person.platform = None, "chat"
    assert (await person.type("hello")).endswith("More?")
