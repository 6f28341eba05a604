"""Compile the catalogues of the examples: `python examples/catalogues.py`.

`msgfmt` of gettext or `pybabel compile` do the same, and more; this needs nothing but flowdsl.
"""

from ast import literal_eval
from pathlib import Path

from flowdsl.languages import compiled

LOCALE = Path(__file__).parent / "locale"


def read(source: str) -> dict[str | tuple[str, str], str | list[str]]:
    """Read a catalogue as people write it, a `.po` file."""
    found: dict[str | tuple[str, str], str | list[str]] = {}
    for block in source.split("\n\n"):
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line.startswith('"'):
                fields[name] += literal_eval(line)
            elif line and not line.startswith("#"):
                name, text = line.split(" ", 1)
                fields[name] = literal_eval(text)
        if not fields:
            continue
        message = fields["msgid"]
        forms = [fields[each] for each in sorted(fields) if each.startswith("msgstr[")]
        found[(fields["msgctxt"], message) if "msgctxt" in fields else message] = forms or fields["msgstr"]
    return found


def main() -> None:
    """Compile them all, each beside its source."""
    for source in LOCALE.glob("*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        target.write_bytes(compiled(read(source.read_text(encoding="utf-8"))))
        print(target)


if __name__ == "__main__":
    main()
