"""Options of the sign-up page."""

from syndicate.jobs.audience.sign_up import SignUpJob, SignUpOptions
from syndicate.model import Newsletter
from syndicate.newsletter.render import TOKEN
from syndicate.settings import Settings
from syndicate.store import Store
from syndicate.templating import Templates


def sign_up_job(
    settings: Settings, store: Store, newsletters: tuple[Newsletter, ...], templates: Templates
) -> SignUpJob | None:
    """Both sides of the sign-up page, or ``None`` when there is no such page."""
    sign_up, site = settings.sign_up, settings.site
    if not (sign_up.enabled and settings.web.listen):
        return None
    options = SignUpOptions(
        consent=sign_up.consent,
        lifetime=sign_up.lifetime,
        per_address=sign_up.per_address,
        per_network=sign_up.per_network,
        per_newsletter=sign_up.per_newsletter,
        confirm_url=f"{site.url}/confirm/{TOKEN}",
        site_title=site.title,
        postal_address=settings.mail.address,
    )
    return SignUpJob(store=store, newsletters=newsletters, templates=templates, options=options)
