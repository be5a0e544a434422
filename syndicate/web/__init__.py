"""Web server: the output folder, the subscribers' and editors' pages, and the state as JSON."""

from syndicate.web.app import create_app
from syndicate.web.server import WebServer
from syndicate.web.web_options import WebOptions

__all__ = ["WebOptions", "WebServer", "create_app"]
