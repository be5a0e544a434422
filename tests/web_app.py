"""The web application with a frame of the site's title alone around its own pages."""

from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.jobs.publish.site_frame import bare_frame
from syndicate.publish.publish_options import PublishOptions
from syndicate.published_files import PublishedFiles
from syndicate.templating import Templates
from syndicate.web import WebOptions
from syndicate.web import create_app as create_framed_app


def create_app(
    options: WebOptions, output: Path, unsubscriber: UnsubscribeJob, *, templates: Templates, **jobs: Any
) -> Starlette:
    options_of = getattr(jobs.get("sign_ups"), "options", None)
    site = PublishOptions(
        site_url=options.site_url,
        title="",
        language=templates.language or "en",
        search="search" in jobs,
        sign_up_fields=getattr(options_of, "fields", ()),
        proof_of_work=getattr(options_of, "proof_of_work", 0),
    )
    frame = bare_frame(templates, site)
    return create_framed_app(
        options, PublishedFiles(output), unsubscriber, templates=templates, frame=lambda: frame, **jobs
    )
