"""Names that a template takes from its context, to check the documentation of each, and shipped languages."""

from functools import cache

from jinja2 import Environment, meta, nodes

from syndicate.templating import Templates

_SHIPPED = Templates(None)
_WORDS = [name for name in _SHIPPED.names() if name.startswith("words/")]
# Languages with words of their own beside English: for pages, and for mails and feed items.
TRANSLATED = [name[6:-4] for name in _WORDS if b"{# pages/" in _SHIPPED.read(name)]
FEED_LANGUAGES = ["en", *(name[6:-4] for name in _WORDS)]
MAIL_LANGUAGES = FEED_LANGUAGES[1:]

_ENVIRONMENT = Environment(autoescape=True)
# Only their names count here.
_FILTERS = (
    "date day full_date zone_name iso minutes host file_name file_size language_name is_foreign when clock "
    "weekday calendar month weekday_name joined initials hue section_name markdown "
    "markdown_text fonts"
)
_ENVIRONMENT.filters |= dict.fromkeys(_FILTERS.split(), str)


@cache
def variables(templates: Templates, name: str) -> frozenset[str]:
    """The names a shipped template takes, with those of every template it refers to."""
    tree = _ENVIRONMENT.parse(templates.read(name).decode())
    found = meta.find_undeclared_variables(tree)
    for other in meta.find_referenced_templates(tree):
        found |= variables(templates, other) if other else set()
    # jinja2 counts what a template imports outside its blocks as coming from the context.
    found -= {node.target for node in tree.find_all(nodes.Import)}
    for node in tree.find_all(nodes.FromImport):
        found -= {imported if isinstance(imported, str) else imported[1] for imported in node.names}
    return frozenset(found)


def attributes(templates: Templates, name: str) -> frozenset[str]:
    """Return the attributes that a shipped template reads, except of ``words`` and ``loop``."""
    tree = _ENVIRONMENT.parse(templates.read(name).decode())
    return frozenset(
        node.attr
        for node in tree.find_all(nodes.Getattr)
        if not (isinstance(node.node, nodes.Name) and node.node.name in ("words", "loop"))
    )
