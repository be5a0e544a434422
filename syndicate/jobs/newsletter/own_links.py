"""Dead addresses of our own site in a mail: looked up among routes and files, without a connection."""

from collections.abc import Collection
from pathlib import Path
from urllib.parse import unquote, urlsplit

from syndicate.newsletter.lint.findings import DoubtfulLinks
from syndicate.newsletter.lint.mail_page import MailPage

_PAGES = "site"
# What publishing writes; another address may be answered by something beside this program.
_WRITTEN = (".html", ".rss", ".atom", ".json", ".xml", ".opml")
_INDEX = "index.html"


def own_links(page: MailPage, site_url: str) -> dict[str, str]:
    """Path by address of every link and picture of a mail that is on our site."""
    urls = [element.attributes.get("href", "") for element in page.all("a")]
    urls += [element.attributes.get("src", "") for element in page.all("img")]
    root = f"{site_url}/"
    ours = (url for url in urls if site_url and url.startswith(root) and "\x00" not in url)
    return {url: unquote(urlsplit(url.removeprefix(site_url)).path).lstrip("/") for url in ours}


def missing(
    page: MailPage, site_url: str, output: Path, *, routes: Collection[str], later: Collection[str]
) -> DoubtfulLinks:
    """Return what is dead, and what this program does not know.

    ``routes`` are the first parts of the paths that the web server answers itself, ``later`` the files that
    are written once the edition is.
    """
    dead, unknown = {}, {}
    for url, path in own_links(page, site_url).items():
        first = path.partition("/")[0]
        if first in routes or _file_of(path) in later or _is_there(output, path):
            continue
        if first == _PAGES or path.endswith(_WRITTEN):
            dead[url] = "this page of ours is not published; run `syndicate publish`"
        else:
            unknown[url] = "nothing that this program writes or answers is there"
    return DoubtfulLinks(dead=dead, unknown=unknown)


def _file_of(path: str) -> str:
    """The file a path of a folder stands for, as the web server answers it."""
    return f"{path}{_INDEX}" if path.endswith("/") else path


def _is_there(output: Path, path: str) -> bool:
    file = output / _file_of(path)
    # A folder without its slash is redirected to its page.
    return file.is_file() or (file / _INDEX).is_file()
