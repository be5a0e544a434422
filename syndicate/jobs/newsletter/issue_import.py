"""Import of old issues that another product sent: pages of the archive without deliveries.

An imported issue has a variant key of its own, so that no period, subscriber or story depends on it.
"""

from datetime import datetime
from pathlib import Path

from syndicate.errors import ParseError
from syndicate.ingest.folder.issue_exports import SUFFIXES, OldIssue, read_issues
from syndicate.model import IMPORTED_ISSUE, ContentPart, EditionContent, Newsletter
from syndicate.newsletter.periods import read_zone
from syndicate.store import Connection
from syndicate.store.mail.archive_store import import_edition
from syndicate.zip_files import read_files


def read_export(
    path: Path, newsletter: Newsletter, old_site: str, now: datetime
) -> tuple[list[OldIssue], list[tuple[str, str]]]:
    """Return the issues of an export, and entries left out with reasons.

    Raises ``ParseError`` for an export without issues.
    """
    issues, left_out = read_issues(read_files(path, SUFFIXES), read_zone(newsletter.time_zone), old_site)
    if not issues and not left_out:
        raise ParseError(f"{path} has no issues. Give the ZIP, JSON or folder that your product exported.")
    left_out += [(issue.subject, "its date is in the future") for issue in issues if issue.published > now]
    return [issue for issue in issues if issue.published <= now], left_out


def import_issue(connection: Connection, newsletter: Newsletter, issue: OldIssue) -> bool:
    """Store an issue; false if an earlier import stored it."""
    part = ContentPart(html=issue.html, text=issue.text)
    content = EditionContent(stories=(), parts=(part,), first_url=issue.url)
    key = IMPORTED_ISSUE + issue.key
    return import_edition(connection, newsletter.name, key, issue.published, issue.subject, content)
