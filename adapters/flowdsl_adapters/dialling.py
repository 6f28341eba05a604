"""Dial strings: what of them is the service's code, and what was dialled behind it."""

from flowdsl import ConfigurationError

__all__ = ["behind", "code_of", "joined", "parts_of"]


def parts_of(dialled: str) -> tuple[str, ...]:
    """Take a dial string apart at its stars.

    >>> parts_of("*920*77*2*500#")
    ('920', '77', '2', '500')
    >>> parts_of("711"), parts_of("")
    (('711',), ())
    """
    bare = dialled.strip().removeprefix("*").removesuffix("#")
    return tuple(bare.split("*")) if bare else ()


def joined(code: str, rest: str) -> str:
    """Put together a code and what was dialled behind it.

    >>> joined("167", "7*1"), joined("*384*1234#", "")
    ('*167*7*1#', '*384*1234#')
    """
    return f"*{'*'.join((*parts_of(code), *((rest,) if rest else ())))}#"


def behind(dialled: str, code: tuple[str, ...]) -> tuple[str, ...]:
    """Give the answers that were dialled behind a service's code.

    Args:
        dialled: all that was dialled.
        code: the parts of it that are the service's. Without any, nobody can tell what is an answer, and nothing is.

    >>> behind("*920*77*2*500#", ("920", "77"))
    ('2', '500')
    >>> behind("*920*77*2#", ()), behind("*713*4#", ("920", "77"))
    ((), ())
    """
    parts = parts_of(dialled)
    return parts[len(code) :] if code and parts[: len(code)] == code else ()


def code_of(dialled: object) -> tuple[str, ...]:
    """Read the code of a service as its owner writes it.

    Raises:
        ConfigurationError: it is no dial string.

    >>> code_of("*920*77#")
    ('920', '77')
    """
    parts = parts_of(dialled) if isinstance(dialled, str) else ()
    if not parts or not all(part.isascii() and part.isdecimal() for part in parts):
        raise ConfigurationError(f"the code is {dialled!r}: write what people dial, such as '*920*77#'")
    return parts
