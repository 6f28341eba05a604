"""An article longer than any screen: try it with `flowdsl chat examples/article.py:article`, and page with # and 0."""

from flowdsl import Prompt, Say, Steps, flow

ARTICLES = {
    "planting": (
        "Plant maize when the first steady rains have come and the soil is moist a hand deep. Choose a field that lay fallow "
        "or grew beans last season. Make rows 75 cm apart, and holes 25 cm apart in each row. Put two seeds in a hole, 5 cm "
        "deep, and cover them. After two weeks leave only the stronger plant of each pair."
    ),
    "storing": (
        "Store maize only when it is dry: bite a grain, and if it cracks it is ready. Clean the store first, and raise the "
        "bags on planks so that air passes below. Look into the bags every two weeks. If you see weevils, sun the grain for "
        "a day on a clean sheet."
    ),
}


@flow
def article() -> Steps[None]:
    """Let the person choose what to read; the last message is paged to its end."""
    topic = yield from Prompt("topic", "Farming advice", choices={"planting": "Planting maize", "storing": "Storing maize"})
    yield Say(ARTICLES[topic])
