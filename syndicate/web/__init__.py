"""Web server: the output folder over HTTP, unsubscribing, health."""

from syndicate.web.app import create_app
from syndicate.web.server import WebServer
from syndicate.web.web_options import WebOptions

__all__ = ["WebOptions", "WebServer", "create_app"]
