"""Cells of strangers in every file that a spreadsheet opens: no program reads a formula in them."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from syndicate.cli import main
from syndicate.store.ingest import added_sources
from syndicate.store.subscribers import audience_store
from tests.factories import NOW, declared
from tests.jobs.room import opened_room
from tests.web.admin.conftest import AdminSite, serving_admin

FORMULAS = (
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1;1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\u00a0=1+1",
    "\ufeff=1+1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(1)", "\u200b=1", '=HYPERLINK("http://e.example")',
    '"=1+1', "%0A=1", "=1+1,=2", "';=1+1",
)  # fmt: skip
MORE = """
[[newsletters]]
name = "daily"
title = "The daily"
schedule = "daily 07:00"
[admin]
enabled = true
second_step = "off"
[sign_up]
enabled = true
"""
STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


def cells(body: bytes) -> list[str]:
    return [
        cell
        for row in list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))[1:]
        for cell in row
    ]


def assert_harmless(body: bytes, marks: int) -> None:
    found = cells(body)
    assert sum("1" in cell or "cmd" in cell or "SUM" in cell for cell in found) >= marks
    for cell in found:
        stripped = cell.lstrip(" \u00a0\ufeff\u200b")
        assert not stripped.startswith(tuple(STARTS)), ascii(cell)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[AdminSite]:
    with opened_room(tmp_path) as room:
        room.declare(MORE)
        with room.store.write() as connection:
            for number, formula in enumerate(FORMULAS):
                audience_store.add_subscription(
                    connection, address=f"r{number}@example.org", address_key=f"r{number}@example.org",
                    name=formula, language="", newsletter="daily", evidence=formula, agreed=formula, now=NOW,
                )  # fmt: skip
                added_sources.add_source(
                    connection,
                    declared(f"{formula}", url=f"https://s{number}.example/f", section=formula),
                    NOW,
                )
        with serving_admin(room, tmp_path / "feeds") as served:
            yield served


def test_no_export_of_the_pages_has_a_formula(site: AdminSite) -> None:
    nora = site.client()
    assert_harmless(nora.post("/admin/subscribers/export", {"newsletter": "daily"}).body, len(FORMULAS) - 4)
    assert_harmless(nora.get("/admin/sources.csv").body, len(FORMULAS) - 4)
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["email", "name"], *([formula, formula] for formula in FORMULAS)])
    upload = nora.upload("/admin/subscribers/import", {}, {"file": ("=a.csv", out.getvalue().encode())})
    report = nora.post(upload["location"] or "", {"do": "report", "newsletter": "daily"})
    assert report.status == 200
    assert_harmless(report.body, 5)


def test_no_export_of_the_commands_has_a_formula(site: AdminSite, tmp_path: Path) -> None:
    site.room.close()
    config = str(site.room.folder / "config.toml")
    file = tmp_path / "out.csv"
    with pytest.raises(SystemExit) as ended:
        main(["subscribers", "export", str(file), "--config", config])
    assert not ended.value.code
    assert_harmless(file.read_bytes(), len(FORMULAS) - 4)
