"""Parses a page strictly, and checks what the parser does not: ids, references, headings, and that
nothing is loaded."""

import sys

import html5lib

XHTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
KNOWN = {
    XHTML + name
    for name in (
        "html head meta title style body header main footer section h1 h2 p ul li b dl div dt dd"
        " figure figcaption span details summary table caption thead tbody tr th td time i"
    ).split()
} | {
    SVG + name
    for name in "svg defs pattern rect title desc line text path circle polyline".split()
}
LOADING = {"src", "href", "srcset", "data", "action", "poster", "background", "xlink:href"}

with open(sys.argv[1], "rb") as file:
    page = file.read()
tree = html5lib.HTMLParser(strict=True).parse(page)
ids = [element.get("id") for element in tree.iter() if element.get("id")]
assert len(ids) == len(set(ids)), f"an id is used twice: {sorted(ids)}"
for element in tree.iter():
    assert element.tag in KNOWN, f"unexpected element {element.tag}"
    for name in element.attrib:
        assert name not in LOADING and not name.startswith("on"), f"{element.tag} has {name}"
    for reference in (element.get("aria-labelledby") or "").split():
        assert reference in ids, f"{reference} is no id"
for table in tree.iter(XHTML + "table"):
    assert table.find(XHTML + "caption") is not None, "a table has no caption"
    for row in table.iter(XHTML + "tr"):
        assert row.find(XHTML + "th") is not None, "a row has no heading"
    widths = {len(list(row)) for row in table.iter(XHTML + "tr")}
    assert len(widths) == 1, f"rows have different numbers of cells: {widths}"
    for heading in table.iter(XHTML + "th"):
        assert heading.get("scope") in ("row", "col"), "a heading has no scope"
for image in tree.iter(SVG + "svg"):
    if image.get("role") == "img":
        named = image.get("aria-label") or image.get("aria-labelledby")
        assert named, "a picture has no name"
assert len(list(tree.iter(XHTML + "h1"))) == 1
