"""What a profile says pages may do without stays with the portal, and the answers are the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from odd_site import Asked, Reply, Site, kept, payer_folder, serving, told_of

from bots.portal.browser import Browser

PAGE = """<style>@font-face {font-family: f; src: url(/letters)} h2 {font-family: f}</style>
<h2>Claim</h2><img src="/picture"><video src="/film" autoplay muted></video>
<iframe srcdoc="<img src='/framed'>"></iframe>"""


@pytest.mark.browser
@pytest.mark.parametrize(
    ("left", "loaded"),
    [
        ([], {"/picture", "/letters", "/film", "/framed"}),
        (["image", "font"], {"/film"}),
        (["image", "font", "media"], set()),
    ],
)
def test_what_is_not_loaded_is_not_asked_for(
    browser_executable: Browser, tmp_path: Path, left: list[str], loaded: set[str]
) -> None:
    claims = [kept("E1", way="page"), kept("E2", member="QX0000002", way="page")]
    sorry = Reply(PAGE, "text/html")
    site = Site("elm", claims)

    def none(_: Asked) -> Reply:
        return Reply("", "application/octet-stream", 404)

    of_page = ("picture", "letters", "film", "framed")
    site.routes = {"sorry": lambda _: sorry} | dict.fromkeys(of_page, none)
    profile = payer_folder(tmp_path, "elm", {"session": {"not_loaded": left}})
    with serving(site):
        told = told_of(tmp_path, browser_executable, site, profile, claims)
    assert [(one.word, str(one.paid)) for one in told] == [("found", "80.25")] * 2
    assert {line.split()[1] for line in site.asked} & {f"/{one}" for one in of_page} == loaded
