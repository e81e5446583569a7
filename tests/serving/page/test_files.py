"""The page's files name no other place: it works without a network."""

import re

from tests.serving.page.stub import PAGE


def test_the_page_needs_nothing_from_elsewhere() -> None:
    files = [path for path in PAGE.rglob("*.*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert re.findall(r"""[a-z]+://|["'(`]//""", text) == [], path
