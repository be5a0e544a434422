"""Rendering of an edition: subject, HTML with inlined styles, and text. The only importer of premailer.

Styles are inlined once for each edition, not for each subscriber. By default premailer fetches style sheets
from the network and drops ``!important``, which dark mode needs. It also parses the style sheet again for
nearly every rule, because its cache holds 128 entries. A larger cache saves 73 of 113 ms a digest.
"""

import logging
import os
import re
from dataclasses import dataclass, replace

from syndicate.errors import RenderError
from syndicate.newsletter.mail_context import DigestBlock, DigestContext, forward_link, preheader
from syndicate.newsletter.story_views import harmless
from syndicate.templating import Templates

# The shipped template cuts headlines at 70; an editor's own subject may be longer.
SUBJECT_LIMIT = 100
# In characters, ten times the limit of mail programs; inlining the styles of a longer page takes minutes.
HTML_LIMIT = 1_000_000
_WRITTEN_BLOCKS = ("masthead", "correction", "note", "parts", "forward")
_RULE = re.compile(r"^(\.[^{}\n]*)\{[^{}\n]*\}$", re.MULTILINE)
_FIRST_CLASS = re.compile(r"\s*\.([\w-]+)")
_REMOTE_STYLE = re.compile(r"@import|<link[^>]*\bstylesheet\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedEdition:
    """A whole mail, with ``TOKEN`` in place of the subscriber's token in two links.

    Every template must show ``unsubscribe_url``, ``postal_address`` and ``reason``, and should show
    ``preferences_url`` if it is not empty; lint checks both.
    """

    subject: str
    html: str
    text: str
    unsubscribe_url: str
    postal_address: str
    reason: str
    preferences_url: str = ""


def render_edition(templates: Templates, context: DigestContext, *, title: str = "") -> RenderedEdition:
    """Render the templates ``mail/digest.*`` for an edition; ``title`` is the editor's own subject.

    Raises ``RenderError`` with the name of the template and the error.
    """
    templates = templates.in_language(context.language)
    variables = context.variables()
    if context.parts:
        title = templates.render("mail/issue.subject.txt", title=title, **variables)
    subject = harmless(title or templates.render("mail/digest.subject.txt", **variables), SUBJECT_LIMIT)
    reason = harmless(templates.render("mail/digest.reason.txt", **variables))
    context = replace(
        context,
        subject=subject,
        preheader=preheader(context),
        reason=reason,
        forward_url=forward_link(subject, context.web_url),
    )
    variables = context.variables()
    blocks = tuple(
        DigestBlock(
            name=name,
            html=templates.fragment(f"mail/blocks/{name}.html", **variables),
            text=templates.render(f"mail/blocks/{name}.txt", **variables),
        )
        for name in (_WRITTEN_BLOCKS if context.parts else context.newsletter.blocks)
    )
    variables = replace(context, blocks=blocks).variables()
    # Tags of templates leave blanks at the ends of lines, and empty lines.
    lines = [line.rstrip() for line in templates.render("mail/digest.txt", **variables).splitlines()]
    return RenderedEdition(
        subject=subject,
        html=inline_styles(_bounded(templates.render("mail/digest.html", **variables))),
        text=re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n",
        unsubscribe_url=context.unsubscribe_url,
        postal_address=context.brand.postal_address,
        reason=reason,
        preferences_url=context.preferences_url,
    )


def _bounded(html: str) -> str:
    if len(html) > HTML_LIMIT:
        raise RenderError(
            f"Template mail/digest.html makes {len(html):,} characters; at most {HTML_LIMIT:,} make a mail: "
            "look for a loop or a text that repeats."
        )
    return html


def _without_unused_rules(html: str) -> str:
    """Remove one-line rules whose classes the body does not have: premailer searches for each rule."""
    head, start, body = html.partition("<body")

    def is_used(selector: str) -> bool:
        first = _FIRST_CLASS.match(selector)
        return first is None or not start or first[1] in body

    head = _RULE.sub(lambda rule: rule[0] if any(map(is_used, rule[1].split(","))) else "", head)
    return head + start + body


def inline_styles(html: str) -> str:
    """Move the rules of every ``<style>`` into ``style`` attributes; ``@media`` rules stay.

    A ``<style data-premailer="ignore">`` stays as it is. Raises ``RenderError`` for remote style sheets, and
    for a text that is no HTML page.
    """
    if _REMOTE_STYLE.search(html):
        raise RenderError(
            "The mail template loads a style sheet from elsewhere (<link> or @import). "
            "Mail programs do not; write the rules into its <style>."
        )
    # The cache takes its size at the import. The import costs 0.1 s, so only editions pay for it.
    os.environ.setdefault("PREMAILER_CACHE_MAXSIZE", "100000")
    from premailer import Premailer  # noqa: PLC0415

    inliner = Premailer(
        _without_unused_rules(html),
        allow_network=False,
        strip_important=False,
        disable_validation=True,
        # premailer reads the style of each image with validation; that grammar takes 70 ms to compile.
        align_floating_images="float" in html,
        disable_basic_attributes=["width", "height", "text-align", "vertical-align"],
        cssutils_logging_level=logging.CRITICAL,
    )
    try:
        return str(inliner.transform(pretty_print=False)).strip() + "\n"
    except Exception as error:
        # premailer may raise any exception for the output of a template.
        why = f"({type(error).__name__}: {error})" if html.strip() else "but nothing"
        raise RenderError(
            f"Template mail/digest.html makes no page that a mail can show {why}. "
            "Compare it with the shipped template."
        ) from error
