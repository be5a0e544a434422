"""REST API: one file a resource. Importing it takes 0.2 s, so only a server imports it."""

from syndicate.web.api.api_app import create_api
from syndicate.web.api.api_call import ApiOptions

__all__ = ["ApiOptions", "create_api"]
