"""Pages of the overview, the system, the settings in force, and checks."""

from collections.abc import Iterator
from pathlib import Path

from syndicate.web.admin.admin_request import AdminRequest, Answer, Download, Redirect, Show, read_number


def overview(request: AdminRequest) -> Answer:
    """Show the overview."""
    return Show("admin/overview/overview.html", request.jobs.overview.read(request.now))


def system(request: AdminRequest) -> Answer:
    """Show daemon, store, jobs, leases, failures and backups."""
    return Show("admin/system/system.html", request.jobs.system.read(request.now))


def try_again(request: AdminRequest) -> Answer:
    """Let the next run try a failed thing again."""
    fields = request.fields
    source_id = read_number(fields.get("source_id", "")) or 0
    result = request.jobs.system.try_again(
        request.change(), fields.get("kind", ""), fields.get("subject", ""), source_id
    )
    return Redirect("/admin/system", result.message)


def back_up(request: AdminRequest) -> Answer:
    """Write a backup now."""
    return Redirect("/admin/system", request.jobs.system.back_up(request.change()).message)


def download_backup(request: AdminRequest) -> Answer:
    """Send a backup."""
    file = request.jobs.system.backup_file(request.change(), request.path["name"])
    return Download(file.name, "application/vnd.sqlite3", _parts(file))


def _parts(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while part := opened.read(1 << 18):
            yield part


def settings(request: AdminRequest) -> Answer:
    """Show every setting in force with its origin; an editor sees only the checks."""
    if not request.may("admin:read"):
        return Redirect("/admin/settings/health")
    system = request.jobs.system
    return Show("admin/system/settings.html", {"rows": system.settings(), "rejected": system.rejected})


def health(request: AdminRequest) -> Answer:
    """Show the page of checks; with ``?run=1`` run them."""
    findings = request.jobs.system.checks(request.now) if request.query.get("run") else None
    return Show("admin/system/health.html", findings)
