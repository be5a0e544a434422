"""The words of the house as frozen dataclasses: one class for each stage of the data.

source → entry → article → story → channel · edition → delivery. Every time is an aware
``datetime`` in UTC; every language is a BCP 47 tag in lower case (``""`` when unknown); every
score is between 0 and 1 unless it says otherwise.
"""

from syndicate.model.articles import (
    Article,
    ArticleBody,
    Entry,
    FeedLink,
    Image,
    KnownArticle,
    NewArticle,
    ParsedSource,
    PublishedArticle,
    RelatedLink,
    SitemapPart,
    reader_link,
)
from syndicate.model.channels import Channel, Clause, ClauseField
from syndicate.model.digests import TOP, TRENDING, Digest, DigestImage, DigestLink, DigestStory
from syndicate.model.editor import Decision, EditorAction
from syndicate.model.hubs import Hub, HubState, HubSubscription, Push
from syndicate.model.newsletters import (
    EVERY_EDITION,
    Delivery,
    DeliveryCause,
    DeliveryState,
    Edition,
    EditionStory,
    Newsletter,
    SubscriptionState,
    SuppressionReason,
    archive_folder,
    edition_path,
    edition_url,
)
from syndicate.model.pages import PageRead, ReadState, WantedPage
from syndicate.model.sources import (
    Absence,
    Access,
    AccessKind,
    FullText,
    Origin,
    Republish,
    Selectors,
    Source,
    SourceKind,
    SourceList,
    SourceListState,
    SourceState,
)
from syndicate.model.stories import RankedStory, Story

__all__ = [
    "EVERY_EDITION",
    "TOP",
    "TRENDING",
    "Absence",
    "Access",
    "AccessKind",
    "Article",
    "ArticleBody",
    "Channel",
    "Clause",
    "ClauseField",
    "Decision",
    "Delivery",
    "DeliveryCause",
    "DeliveryState",
    "Digest",
    "DigestImage",
    "DigestLink",
    "DigestStory",
    "Edition",
    "EditionStory",
    "EditorAction",
    "Entry",
    "FeedLink",
    "FullText",
    "Hub",
    "HubState",
    "HubSubscription",
    "Image",
    "KnownArticle",
    "NewArticle",
    "Newsletter",
    "Origin",
    "PageRead",
    "ParsedSource",
    "PublishedArticle",
    "Push",
    "RankedStory",
    "ReadState",
    "RelatedLink",
    "Republish",
    "Selectors",
    "SitemapPart",
    "Source",
    "SourceKind",
    "SourceList",
    "SourceListState",
    "SourceState",
    "Story",
    "SubscriptionState",
    "SuppressionReason",
    "WantedPage",
    "archive_folder",
    "edition_path",
    "edition_url",
    "reader_link",
]
