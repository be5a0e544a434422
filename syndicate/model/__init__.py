"""Vocabulary of the program: frozen dataclasses, a module for each stage of the data.

    source -> entry -> article -> story -> channel (feeds, pages)
                                        -> edition -> delivery (mail)

A source is polled; its document contains entries. Identity turns an entry into a new or known article.
Articles about the same event form a story. A channel is a query over articles. An edition is a newsletter's
selection of stories for a period; a delivery is a mail of it to a single mailbox.

Every time is an aware ``datetime`` in UTC. Every language is a BCP 47 tag in lower case, ``""`` when
unknown. Every score lies between 0 and 1 unless its field says otherwise. Hashes are hexadecimal. A URL or
text that does not exist is ``""``.
"""

from syndicate.model.articles import (
    EARLIEST,
    Article,
    ArticleBody,
    Enclosure,
    Entry,
    FeedLink,
    Image,
    KnownArticle,
    NewArticle,
    ParsedSource,
    PublishedArticle,
    RelatedLink,
    SitemapPart,
    is_dated,
    known_since,
    reader_link,
    undated_key,
)
from syndicate.model.channels import Channel, Clause, ClauseField
from syndicate.model.edition_content import (
    TOP,
    TRENDING,
    ContentImage,
    ContentLink,
    ContentMedia,
    ContentStory,
    EditionContent,
)
from syndicate.model.editor import EditorAction, EditorDecision
from syndicate.model.hubs import Hub, HubState, HubSubscription, Push
from syndicate.model.newsletters import (
    EVERY_EDITION,
    Delivery,
    DeliveryCause,
    DeliveryState,
    Edition,
    EditionArticle,
    EditionStory,
    LeaveReason,
    LeftOut,
    Newsletter,
    SubscriptionState,
    SuppressionReason,
    archive_feed,
    archive_folder,
    edition_path,
    edition_url,
)
from syndicate.model.pages import PageRead, QueuedPage, ReadState
from syndicate.model.sources import (
    Absence,
    Access,
    AccessKind,
    FullText,
    Origin,
    Paywall,
    Republish,
    Selectors,
    Source,
    SourceKind,
    SourceList,
    SourceListState,
    SourceState,
)
from syndicate.model.stories import RankedStory, StoredArticle, Story

__all__ = [
    "EARLIEST",
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
    "ContentImage",
    "ContentLink",
    "ContentMedia",
    "ContentStory",
    "Delivery",
    "DeliveryCause",
    "DeliveryState",
    "Edition",
    "EditionArticle",
    "EditionContent",
    "EditionStory",
    "EditorAction",
    "EditorDecision",
    "Enclosure",
    "Entry",
    "FeedLink",
    "FullText",
    "Hub",
    "HubState",
    "HubSubscription",
    "Image",
    "KnownArticle",
    "LeaveReason",
    "LeftOut",
    "NewArticle",
    "Newsletter",
    "Origin",
    "PageRead",
    "ParsedSource",
    "Paywall",
    "PublishedArticle",
    "Push",
    "QueuedPage",
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
    "StoredArticle",
    "Story",
    "SubscriptionState",
    "SuppressionReason",
    "archive_feed",
    "archive_folder",
    "edition_path",
    "edition_url",
    "is_dated",
    "known_since",
    "reader_link",
    "undated_key",
]
