"""Pictures as parts of the page."""

import re

from chapters import BOOK

STYLE = BOOK / "picture.css"


def style() -> str:
    """Return the style of all pictures for the page that they are part of: it holds only in them."""
    text = re.sub(r"/\*.*?\*/", "", STYLE.read_text(encoding="utf-8"), flags=re.S)
    text = re.sub(r"@media \(", "@media screen and (", text)

    def inside(found) -> str:
        names = [name.strip() for name in found[2].split(",")]
        return found[1] + ", ".join(name if name == "svg" else f"svg.picture {name}"
                                    for name in names).replace("svg {", "svg.picture {") + " {"

    return re.sub(r"\bsvg \{", "svg.picture {",
                  re.sub(r"(^|\})(?!@)\s*([^{}@]+?)\s*\{", inside, text, flags=re.M))


def inline(svg: str, name: str) -> str:
    """Return a picture as a part of a page, in which its names are its own."""
    svg = svg[svg.index("<svg"):]
    for id_ in set(re.findall(r'\bid="([^"]+)"', svg)):
        svg = re.sub(rf'(\bid="|url\(#|href="#){re.escape(id_)}(?=["\)])',
                     lambda found, id_=id_: f"{found[1]}{name}-{id_}", svg)
    return svg.replace("<svg", '<svg class="picture"', 1).strip()
