"""User-Agent of each kind of request (rule F11). Pure.

Every request carries the name and where to read about us: a server may want to know whom to ask. For how
many people we ask says only a request that reads a source on its schedule (a feed, a sitemap and its parts, a
page of links), with a number for the feed. Publishers count their subscribers by these two; with requests for
pages, robots.txt, lists of sources and hubs, and with looks by hand, they would count them again.
"""

from dataclasses import dataclass

from syndicate import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAgent:
    """Name of this program and number of its readers, at least 1."""

    name: str
    readers: int = 1

    def for_source(self, source_id: int) -> str:
        """Return what a request for a source says: the name, the number of readers, and which feed it is."""
        count = f"{self.readers} subscriber{'s' if self.readers != 1 else ''}; feed-id={source_id}"
        # A name that ends in a comment (RFC 9110 section 10.1.5) gets no second one.
        return f"{self.name[:-1]}; {count})" if self.name.endswith(")") else f"{self.name} ({count})"


def agent_name(own: str, site_url: str) -> str:
    """The operator's own name for us, else the program's, with the address of the site."""
    return own or f"syndicate/{__version__} (+{site_url})"
