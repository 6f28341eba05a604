"""XML, with everything in it escaped. Pure."""

from html import escape

from flowdsl.mapping.widths import legible

__all__ = ["number", "tag", "written"]


def written(text: str) -> str:
    """Write a text between tags.

    >>> written("a < b & 'c'")
    'a &lt; b &amp; &#x27;c&#x27;'
    """
    return escape(legible(text))


def number(value: float) -> str:
    """Write a number with at most one decimal.

    >>> number(3.0), number(2.25)
    ('3', '2.2')
    """
    return f"{value:.1f}".removesuffix(".0")


def tag(name: str, /, *content: str, **attributes: str | float | None) -> str:
    """Write an element.

    Args:
        name: what it is.
        content: markup that is in it.
        attributes: an underscore in a name becomes a hyphen, and one at its end is dropped; ``None`` leaves the attribute out.

    >>> tag("rect", class_="card", stroke_width=1.5)
    '<rect class="card" stroke-width="1.5"/>'
    """
    parts = [f"<{name}"]
    for key, value in attributes.items():
        if value is not None:
            text = written(value).replace("\n", "&#10;") if isinstance(value, str) else number(value)
            parts.append(f' {key.rstrip("_").replace("_", "-")}="{text}"')
    return f"{''.join(parts)}>{''.join(content)}</{name}>" if content else f"{''.join(parts)}/>"
