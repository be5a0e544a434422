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
    reader_link,
)
from syndicate.model.channels import Channel, Clause, ClauseField
from syndicate.model.editor import Decision, EditorAction
from syndicate.model.hubs import Hub, HubState, HubSubscription, Push
from syndicate.model.newsletters import (
    Delivery,
    DeliveryState,
    Edition,
    EditionStory,
    Newsletter,
    SubscriptionState,
)
from syndicate.model.sources import (
    Absence,
    Access,
    AccessKind,
    Origin,
    Republish,
    Source,
    SourceKind,
    SourceList,
    SourceListState,
    SourceState,
)
from syndicate.model.stories import RankedStory, Story

__all__ = [
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
    "DeliveryState",
    "Edition",
    "EditionStory",
    "EditorAction",
    "Entry",
    "FeedLink",
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
    "SourceList",
    "SourceListState",
    "SourceState",
    "Story",
    "SubscriptionState",
    "reader_link",
]
