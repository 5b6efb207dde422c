"""HTML as a tree of nodes, so that foreign text cannot become markup."""

import collections.abc as abc
import json
import re
from xml.etree import ElementTree

Node = ElementTree.Element
Content = Node | str | None
Attribute = str | float | bool | None

# What HTML cannot hold: control characters but for tab and line breaks.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^\]]+)\]\([^)]*\)")


def node(tag: str, *content: Content, **attributes: Attribute) -> Node:
    """An element.

    Args:
        tag: its name.
        content: text and elements, in order; None is left out.
        attributes: an underscore stands for a hyphen, one at the end for nothing
            (``class_``); True is an attribute without a value, False and None none.
    """
    found = Node(tag)
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        text = "" if value is True else _number(value)
        found.set(name.rstrip("_").replace("_", "-"), text)
    return add(found, *content)


def add(parent: Node, *content: Content) -> Node:
    """Append text and elements to an element; returns it."""
    for one in content:
        if one is None:
            continue
        if isinstance(one, str):
            text = plain(one)
            if len(parent):
                parent[-1].tail = (parent[-1].tail or "") + text
            else:
                parent.text = (parent.text or "") + text
        else:
            parent.append(one)
    return parent


def plain(text: str) -> str:
    """Text that every browser and encoding takes."""
    sound = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", sound)


def _number(value: str | float) -> str:
    if isinstance(value, str):
        return plain(value)
    return (
        f"{value:.2f}".rstrip("0").rstrip(".")
        if isinstance(value, float)
        else (str(value))
    )


def inline(text: str) -> list[Content]:
    """Our Markdown sentences as nodes: code, bold, italics; of a link its words alone.

    Its target lies beside RESULTS.md, and this page may lie anywhere.
    """
    found: list[Content] = []
    end = 0
    for match in _INLINE.finditer(text):
        code, bold, slanted, link = match.groups()
        found.append(text[end : match.start()])
        if code is not None:
            found.append(node("code", code))
        elif bold is not None:
            found.append(node("b", bold))
        elif slanted is not None:
            found.append(node("i", slanted))
        else:
            found.append(link)
        end = match.end()
    return [*found, text[end:]]


def bullet_list(lines: abc.Iterable[str]) -> Node:
    """A list of sentences."""
    return node("ul", *(node("li", *inline(line)) for line in lines))


def figure(caption: str, *content: Content, note: str = "", kind: str = "") -> Node:
    """A figure with its caption, and a sentence on how to read it."""
    return node(
        "figure",
        node("figcaption", *inline(caption)),
        *content,
        node("p", *inline(note), class_="note") if note else None,
        class_=kind or None,
    )


def numbers_table(
    head: abc.Sequence[str], rows: abc.Iterable[abc.Sequence[str]]
) -> Node:
    """The numbers of a figure, folded."""
    return node(
        "details",
        node("summary", "numbers"),
        node(
            "div",
            node(
                "table",
                node("thead", node("tr", *(node("th", cell) for cell in head))),
                node(
                    "tbody",
                    *(node("tr", *(node("td", c) for c in row)) for row in rows),
                ),
            ),
            class_="scroll",
        ),
    )


def json_script(identity: str, document: object) -> Node:
    """A document for the page's script, inert whatever its strings hold."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    # Within a script element nothing is escaped by HTML itself.
    found = node("script", type="application/json", id=identity)
    found.text = plain(text).replace("<", "\\u003c")
    return found


def raw(tag: str, text: str) -> Node:
    """A style or script element of ours; its text is written as it is."""
    found = node(tag)
    found.text = text
    return found


def document(root: Node) -> str:
    """The whole page as text."""
    text = ElementTree.tostring(root, encoding="unicode", method="html")
    return f"<!doctype html>\n{text}\n"
