"""Feed files under former names of channels, for static hosts, which cannot redirect."""

from collections.abc import Mapping
from uuid import NAMESPACE_URL, uuid5

from syndicate.jobs.publish.channel_build import feed_paths
from syndicate.jobs.publish.context import PublishContext, signature_of
from syndicate.model import Channel
from syndicate.publish.feeds.feed_words import words_in
from syndicate.publish.feeds.rss_atom import FORMATS
from syndicate.publish.newsletter_archive import own_item
from syndicate.store.output import added_channels
from syndicate.store.output.added_channels import ChannelMove

_FORMER = "former "


def write_former_channels(context: PublishContext) -> list[str]:
    """Write once, for each former name, the feed of the present channel or a last item; return the paths.

    Feed programs that follow the address of the document's ``self`` link find the present channel.
    """
    with context.store.read() as connection:
        moves = added_channels.channel_moves(connection)
        added = added_channels.added_channels(connection) if moves else {}
    present = {channel.name for channel in context.channels}
    written: list[str] = []
    for move in moves.values():
        leads_on = move.channel in present
        signature = signature_of(move.channel if leads_on else move)
        name, paths = f"{_FORMER}{move.name}", feed_paths(move.name)
        if move.name in present or context.is_built(name, signature, paths):
            continue
        title = added[move.name].declaration.get("title", "") if move.name in added else ""
        files = _last_items(context, move) if leads_on else _ended(context, move, title or move.name)
        if files:
            written += context.write(files)
            context.save({name: signature})
    return written


def _last_items(context: PublishContext, move: ChannelMove) -> Mapping[str, bytes]:
    """Return the present channel's documents under the former name; none until they are written."""
    files = {f"{move.name}.{kind}": context.output.read(f"{move.channel}.{kind}") for kind in FORMATS}
    found = {path: data for path, data in files.items() if data is not None}
    return found if len(found) == len(files) else {}


def _ended(context: PublishContext, move: ChannelMove, title: str) -> Mapping[str, bytes]:
    """Return documents whose only item says that the feed has ended."""
    options, language = context.options, context.options.language
    channel = Channel(name=move.name, title=title, query="", language=language)
    uid = str(uuid5(NAMESPACE_URL, f"syndicate:ended:{move.name}:{move.at.isoformat()}"))
    url, text = f"{options.site_url}/site/feeds.html", words_in(language).feed_ended
    facts = {"url": url, "title": text, "summary": text}
    html = f"<p>{text}</p>"
    item = own_item(options.title, html, text, uid=uid, published=move.at, language=language, **facts)
    return dict(context.documents([(channel, [item])]))
