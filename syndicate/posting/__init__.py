"""Posts of stories to other networks: texts within their limits, requests and answers. Pure."""

from syndicate.posting.network_kinds import KINDS, Network, PostContent

__all__ = ["KINDS", "Network", "PostContent"]
