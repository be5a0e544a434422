"""The words of the house as frozen dataclasses: one class for each stage of the data.

source → entry → article → story → channel · edition → delivery. Every time is an aware
``datetime`` in UTC; every language is a BCP 47 tag in lower case (``""`` when unknown); every
score is between 0 and 1 unless it says otherwise.
"""

from syndicate.model.articles import (
    Article,
    ArticleBody,
    Entry,
    Image,
    KnownArticle,
    NewArticle,
    ParsedSource,
    PublishedArticle,
    RelatedLink,
    reader_link,
)
from syndicate.model.channels import Channel, Clause, ClauseField
from syndicate.model.digests import TOP, TRENDING, Digest, DigestImage, DigestLink, DigestStory
from syndicate.model.hubs import Hub, HubState, HubSubscription, Push
from syndicate.model.newsletters import (
    Delivery,
    DeliveryState,
    Edition,
    EditionStory,
    Newsletter,
    SubscriptionState,
    archive_folder,
    edition_path,
    edition_url,
)
from syndicate.model.sources import Origin, Republish, Source, SourceKind, SourceState
from syndicate.model.stories import RankedStory, Story

__all__ = [
    "TOP",
    "TRENDING",
    "Article",
    "ArticleBody",
    "Channel",
    "Clause",
    "ClauseField",
    "Delivery",
    "DeliveryState",
    "Digest",
    "DigestImage",
    "DigestLink",
    "DigestStory",
    "Edition",
    "EditionStory",
    "Entry",
    "Hub",
    "HubState",
    "HubSubscription",
    "Image",
    "KnownArticle",
    "NewArticle",
    "Newsletter",
    "Origin",
    "ParsedSource",
    "PublishedArticle",
    "Push",
    "RankedStory",
    "RelatedLink",
    "Republish",
    "Source",
    "SourceKind",
    "SourceState",
    "Story",
    "SubscriptionState",
    "archive_folder",
    "edition_path",
    "edition_url",
    "reader_link",
]
