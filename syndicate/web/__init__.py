"""Web server: the output folder over HTTP, unsubscribing, health."""

from syndicate.web.app import create_app
from syndicate.web.options import WebOptions
from syndicate.web.server import WebServer

__all__ = ["WebOptions", "WebServer", "create_app"]
