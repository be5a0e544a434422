"""Findings of ``check`` and ``doctor`` for the page of checks."""

from collections.abc import Sequence
from datetime import datetime

from syndicate.cli.operate.doctor import examine
from syndicate.cli.operate.setup import check_report
from syndicate.jobs.admin.system.system_views import Finding
from syndicate.net.dns import lookup
from syndicate.services import Services

_LEVELS = {True: "good", False: "bad", None: "off"}


def health_findings(services: Services, now: datetime) -> Sequence[Finding]:
    """Run ``check`` on the file as it is now, and ``doctor`` with the settings in force."""
    report = check_report(services.settings.path(services.settings.file), now)
    configured = [Finding("configuration", "bad", problem) for problem in report.problems]
    configured += [Finding("configuration", "warn", note) for note in report.notes]
    if not report.problems:
        configured.insert(0, Finding("configuration", "good", f"{services.settings.file} is fine"))
    found = examine(services, lookup)
    return [*configured, *(Finding(name, _LEVELS[check.good], check.detail) for name, check in found)]
