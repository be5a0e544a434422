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

# ruff: noqa: F403 - this package is the union of the names of its modules
from syndicate.model.articles import *
from syndicate.model.brands import *
from syndicate.model.channels import *
from syndicate.model.edition_content import *
from syndicate.model.newsletters import *
from syndicate.model.sources import *
from syndicate.model.stories import *
from syndicate.model.subscribers import *
