"""Translations: gettext catalogues, and texts that look into them when they are shown."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any, Final, TypeAlias

from flowdsl.errors import BadStep, ConfigurationError
from flowdsl.texts import Deferred, is_text, locale, plain

__all__ = ["Catalogue", "Translated", "Translations", "compiled", "messages"]

logger = logging.getLogger("flowdsl")

Catalogue: TypeAlias = Mapping[Any, str | Sequence[str]]
"""Translations of one language: message, or tuple of context and message, to its translation, or to the forms of a plural.

Under ``""`` may stand a header as gettext has it, with ``Plural-Forms``.
"""

_MAGIC: Final = 0x950412DE
_HEADER: Final = "Content-Type: text/plain; charset=UTF-8\n"
_IN_CONTEXT: Final = "\x04"
# Devices name languages as they like, and nobody may fill the memory with names.
_MOST: Final = 1024


class Translated(Deferred, frozen=True, eq=False):
    """A text of a catalogue, made when it is shown; what :meth:`Translations.gettext` and its neighbours give."""

    source: Translations
    message: str
    values: Mapping[str, Any] = {}
    plural: str | None = None
    number: int = 0
    context: str | None = None

    def __call__(self) -> str:
        """Make it now, in the language of :func:`flowdsl.texts.locale`.

        Raises:
            BadStep: the message asks for a value that was not given.
        """
        if not self.message:
            return ""  # under which gettext keeps the header
        found = self.source.look_up(self.message, self.plural, self.number, self.context)
        if not self.values:
            return found
        own = self.message if self.plural is None or self.number == 1 else self.plural
        # Only plain texts are there as a rule, and every value of a long conversation comes here.
        values = {key: plain(value) if is_text(value) else value for key, value in self.values.items()}
        try:
            return found.format(**values)
        except (LookupError, ValueError, AttributeError, TypeError) as error:
            if found != own:
                logger.error("the translation %r of %r into %r cannot be used: %r", found, own, locale(), error)
                return self._own(own, values)
            raise self._unusable(own, error) from error

    def _own(self, own: str, values: Mapping[str, Any]) -> str:
        try:
            return own.format(**values)
        except (LookupError, ValueError, AttributeError, TypeError) as error:
            raise self._unusable(own, error) from error

    def _unusable(self, own: str, error: Exception) -> BadStep:
        given = ", ".join(self.values)
        return BadStep(f"the text {own!r} cannot be made with the values that it was given ({given}): {error!r}")

    def __repr__(self) -> str:
        return f"<text {self.message!r}>"


class Translations:
    """The catalogues of a service, one for each language, as gettext knows them.

    A language that has no catalogue is shown in a wider one: ``"pt-BR"`` in ``pt_BR``, else in ``pt``, else in the
    default. A message that is in none of these is shown as it is written.

    Args:
        folder: where they are: ``folder/fr/LC_MESSAGES/messages.mo`` is the French one. All are read at once.
        domain: the name of their files.
        default: the language of who has chosen none, and of whom nothing is known. It needs no catalogue where messages
            are written in it.

    Raises:
        ConfigurationError: there is no catalogue at all, or one of them cannot be read.

    >>> translations = Translations.of({"fr": {"Hello, {name}!": "Bonjour, {name} !"}})
    >>> _ = translations.gettext
    >>> greeting = _("Hello, {name}!", name="Ama")
    >>> from flowdsl.texts import in_language
    >>> in_language("fr-CA", greeting), in_language(None, greeting)
    ('Bonjour, Ama !', 'Hello, Ama!')
    """

    __slots__ = ("_by_name", "_chosen", "default", "languages")

    def __init__(self, folder: str | PathLike[str], *, domain: str = "messages", default: str = "en") -> None:
        self._begin(_loaded(Path(folder), domain), default)

    @classmethod
    def of(cls, catalogues: Mapping[str, Catalogue], *, default: str = "en") -> Translations:
        """Make them of dicts, for a small service or a test.

        Args:
            catalogues: language to its translations.
            default: the language of who has chosen none.

        Raises:
            ConfigurationError: there are none, or one of them holds something else than texts.

        >>> items = Translations.of({"fr": {"{n} item": ["{n} article", "{n} articles"]}}).ngettext("{n} item", "{n} items", 2)
        >>> items()
        '2 items'
        """
        if not isinstance(catalogues, Mapping) or not catalogues:
            raise ConfigurationError(f"the translations are {catalogues!r}: give {{'fr': {{'Name?': 'Nom ?'}}}}")
        made = cls.__new__(cls)
        made._begin({name: _read(BytesIO(compiled(each)), name) for name, each in catalogues.items()}, default)
        return made

    def _begin(self, catalogues: Mapping[str, NullTranslations], default: str) -> None:
        if not isinstance(default, str) or not default:
            raise ConfigurationError(f"the default language is {default!r}: give one such as 'en'")
        self.default = default
        self.languages = tuple(sorted(catalogues))
        """The languages that have a catalogue, as these are named."""
        self._by_name = {_name(each): catalogue for each, catalogue in catalogues.items()}
        if len(self._by_name) < len(catalogues):
            raise ConfigurationError(f"two of the languages {', '.join(self.languages)} are the same")
        self._chosen: dict[str | None, NullTranslations] = {}

    def __repr__(self) -> str:
        return f"<translations into {', '.join(self.languages)}>"

    def gettext(self, message: str, /, **values: Any) -> Translated:
        """Give a text in the language of whoever reads it; usually called ``_``.

        Args:
            message: as it stands in the catalogues.
            values: put in place of ``{name}`` when the text is made, and may be such texts themselves. Without any, braces
                mean nothing.
        """
        return Translated(self, message, values)

    def ngettext(self, singular: str, plural: str, n: int, /, **values: Any) -> Translated:
        """Give a text that depends on a number, which is ``{n}`` in it.

        Args:
            singular: as it stands in the catalogues, for one.
            plural: for any other number.
            n: the number.
            values: put in place of ``{name}``.
        """
        return Translated(self, singular, {"n": n, **values}, plural, _whole(n))

    def pgettext(self, context: str, message: str, /, **values: Any) -> Translated:
        """Give a text whose translation depends on where it stands, such as "Back" on a button or in a sentence."""
        return Translated(self, message, values, None, 0, context)

    def npgettext(self, context: str, singular: str, plural: str, n: int, /, **values: Any) -> Translated:
        """Give a text that depends on a number and on where it stands."""
        return Translated(self, singular, {"n": n, **values}, plural, _whole(n), context)

    def translate(self, message: str) -> str:
        """Translate a message now, into the language of :func:`flowdsl.texts.locale`."""
        return self._catalogue().gettext(message) if message else ""

    def look_up(self, message: str, plural: str | None = None, number: int = 0, context: str | None = None) -> str:
        """Find a message in the catalogue of :func:`flowdsl.texts.locale`; itself where it is not there.

        Args:
            message: the message, or its singular.
            plural: its plural.
            number: which of the two it is about.
            context: where it stands.
        """
        catalogue = self._catalogue()
        if context is None:
            return catalogue.gettext(message) if plural is None else catalogue.ngettext(message, plural, number)
        if plural is None:
            return catalogue.pgettext(context, message)
        return catalogue.npgettext(context, message, plural, number)

    def _catalogue(self) -> NullTranslations:
        language = locale()
        found = self._chosen.get(language)
        if found is None:
            if len(self._chosen) >= _MOST:
                self._chosen.clear()
            found = self._chosen[language] = self._joined(language)
        return found

    def _joined(self, language: str | None) -> NullTranslations:
        names = [*(_wider(language) if language else ()), *_wider(self.default)]
        joined = NullTranslations()
        # From the widest on, since each asks the one before where it does not know a message.
        for name in reversed(list(dict.fromkeys(names))):
            if name in self._by_name:
                narrower = copy(self._by_name[name])
                narrower.add_fallback(joined)
                joined = narrower
        return joined


def messages() -> tuple[str, ...]:
    """List all that flowdsl says of its own accord, in English, as catalogues have it.

    >>> "Please choose one of the options." in messages()
    True
    """
    # Neither is needed where nobody asks: parsers take long to load.
    from flowdsl.answers import MESSAGES
    from flowdsl.vocabulary import WORDS

    return tuple(dict.fromkeys([*WORDS, *MESSAGES]))


def _name(language: str) -> str:
    return language.partition(".")[0].replace("-", "_").lower()


def _wider(language: str) -> Iterator[str]:
    """Name a language, and those that stand for it where it has no catalogue."""
    name = _name(language)
    yield name
    name = name.partition("@")[0]
    while name:
        yield name
        name = name.rpartition("_")[0]


def _whole(n: object) -> int:
    if isinstance(n, int):
        return n
    raise BadStep(f"a plural is chosen by a whole number, and not by {n!r}")


def _loaded(folder: Path, domain: str) -> dict[str, NullTranslations]:
    files = sorted(folder.glob(f"*/LC_MESSAGES/{domain}.mo"))
    if not files:
        sources = next(folder.glob(f"*/LC_MESSAGES/{domain}.po"), None)
        hint = f"{sources} is there, and is not compiled: `msgfmt` or `pybabel compile` does that" if sources else "there is none"
        raise ConfigurationError(f"translations are looked for in {folder.absolute()}/*/LC_MESSAGES/{domain}.mo: {hint}")
    loaded = {}
    for file in files:
        with file.open("rb") as opened:
            loaded[file.parent.parent.name] = _read(opened, str(file))
    return loaded


def _read(file: Any, name: str) -> NullTranslations:
    try:
        return GNUTranslations(file)
    except (OSError, ValueError, LookupError, struct.error) as error:
        raise ConfigurationError(f"the catalogue {name} cannot be read: {error}") from error


def compiled(catalogue: Catalogue) -> bytes:
    """Write a catalogue down as gettext keeps it, in the format of ``.mo`` files.

    Args:
        catalogue: the translations of one language.

    Raises:
        ConfigurationError: it holds something else than texts.

    >>> GNUTranslations(BytesIO(compiled({"Name?": "Nom ?"}))).gettext("Name?")
    'Nom ?'
    """
    if not isinstance(catalogue, Mapping):
        raise ConfigurationError(f"a catalogue is {catalogue!r}: give {{'Name?': 'Nom ?'}}")
    header = catalogue.get("", "")
    pairs = dict(_pair(key, translation) for key, translation in catalogue.items() if key)
    pairs = {key: forms for key, forms in pairs.items() if forms.strip(b"\0")}  # the others are not translated yet
    if not isinstance(header, str):
        raise ConfigurationError(f"the header of a catalogue is {header!r}: give a text such as 'Plural-Forms: …'")
    pairs[b""] = (header if "charset=" in header else _HEADER + header).encode()
    keys = sorted(pairs)
    at = 28 + 16 * len(keys)  # behind seven numbers, and two for each text
    tables, texts = [], b""
    for column in (keys, [pairs[key] for key in keys]):
        for text in column:
            tables += [len(text), at + len(texts)]
            texts += text + b"\0"
    head = (_MAGIC, 0, len(keys), 28, 28 + 8 * len(keys), 0, 0)
    return struct.pack(f"<{len(head) + len(tables)}I", *head, *tables) + texts


def _pair(key: object, translation: object) -> tuple[bytes, bytes]:
    parts: tuple[Any, ...] = key if isinstance(key, tuple) else (key,)
    forms: tuple[Any, ...] = (translation,) if isinstance(translation, str) else _forms(translation)
    if not forms or not 1 <= len(parts) <= 2 or not all(isinstance(each, str) for each in (*parts, *forms)):
        raise ConfigurationError(
            f"a catalogue translates {key!r} as {translation!r}: give a message, or its context and a message, and a text, or "
            "the forms of a plural"
        )
    message = _IN_CONTEXT.join(parts)
    # A plural is found by its singular; what the other one is does not matter.
    message = message if isinstance(translation, str) else f"{message}\0{parts[-1]}"
    return message.encode(), "\0".join(forms).encode()


def _forms(translation: object) -> tuple[Any, ...]:
    return tuple(translation) if isinstance(translation, list | tuple) else ()
