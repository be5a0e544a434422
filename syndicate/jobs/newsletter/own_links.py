"""Dead links to this site in a mail, found among routes and files without a connection."""

from collections.abc import Collection
from urllib.parse import unquote, urlsplit

from syndicate.newsletter.lint.findings import DoubtfulLinks
from syndicate.newsletter.lint.mail_page import MailPage
from syndicate.published_files import PublishedFiles

_PAGES = "site"
# Extensions of published files. A web server beside this program may answer other paths.
_WRITTEN = (".html", ".rss", ".atom", ".json", ".xml", ".opml")
_INDEX = "index.html"


def missing(
    page: MailPage, site_url: str, output: PublishedFiles, *, routes: Collection[str], later: Collection[str]
) -> DoubtfulLinks:
    """Return the dead links to this site, and the links that this program cannot judge.

    ``routes`` are the first parts of the paths that the web server answers without a file. ``later`` are the
    files written after the edition is cut.
    """
    dead, unknown = {}, {}
    urls = [element.attributes.get("href", "") for element in page.all("a")]
    urls += [element.attributes.get("src", "") for element in page.all("img")]
    for url in urls:
        if not site_url or not url.startswith(f"{site_url}/") or "\x00" in url:
            continue
        path = unquote(urlsplit(url.removeprefix(site_url)).path).lstrip("/")
        first = path.partition("/")[0]
        if first in routes or _file_of(path) in later or _exists(output, path):
            continue
        if first == _PAGES or path.endswith(_WRITTEN):
            dead[url] = "this page is not published; run `syndicate publish`"
        else:
            unknown[url] = "syndicate neither writes nor answers this address"
    return DoubtfulLinks(dead=dead, unknown=unknown)


def _file_of(path: str) -> str:
    """Return the file that the web server sends for a path."""
    return f"{path}{_INDEX}" if path.endswith("/") else path


def _exists(output: PublishedFiles, path: str) -> bool:
    # A folder without its slash is redirected to its page.
    return output.exists(_file_of(path)) or output.exists(f"{path}/{_INDEX}")
