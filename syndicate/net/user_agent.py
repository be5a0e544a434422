"""User-Agent of each kind of request (rule F11). Pure.

Every request has the name of the program and an address to contact. The number of readers and a feed id are
sent only with scheduled requests for a source: a feed, a sitemap and its parts, a page of links. Publishers
count subscribers by these two; requests for other documents would count the subscribers again.
"""

from dataclasses import dataclass

from syndicate import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAgent:
    """Name of this program and number of its readers, at least 1."""

    name: str
    readers: int = 1

    def for_source(self, source_id: int) -> str:
        """Return the User-Agent of a request for a source: name, number of readers, and feed id."""
        count = f"{self.readers} subscriber{'s' if self.readers != 1 else ''}; feed-id={source_id}"
        # A name that ends in a comment (RFC 9110 section 10.1.5) gets no second comment.
        return f"{self.name[:-1]}; {count})" if self.name.endswith(")") else f"{self.name} ({count})"


def agent_name(own: str, site_url: str) -> str:
    """Return the configured user agent, else the program's name with the address of the site."""
    return own or f"syndicate/{__version__} (+{site_url})"
