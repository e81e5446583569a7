"""A report's page as a reader sees it, by the standard library's HTML parser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"wbr", "meta", "link", "br", "hr", "img", "input"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]


@dataclass
class Section:
    """title: its h2; cards: its h3; text: all it says."""

    title: str = ""
    cards: list[str] = field(default_factory=list)
    text: str = ""


class Reading(HTMLParser):
    """elements: all of them; text: what is shown; sections by title. ValueError where tags do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.text = ""
        self._all: list[Section] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        if self._open:
            raise ValueError(f"never closed: {self._open}")

    @property
    def sections(self) -> dict[str, Section]:
        return {section.title: section for section in self._all}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "section":
            self._all.append(Section())

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            raise ValueError(f"</{tag}> closes nothing, line {self.getpos()[0]}")

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.text += data + " "
        if "section" in self._open:
            self._in_section(self._all[-1], data)

    def _in_section(self, section: Section, data: str) -> None:
        section.text += data + " "
        if self._open[-1] == "h2":
            section.title += data
        if self._open[-1] == "h3":
            section.cards.append(data)
