"""Overview page."""

from syndicate.web.admin.admin_request import AdminRequest, Answer, Show


def overview(request: AdminRequest) -> Answer:
    """Show the overview."""
    return Show("admin/overview/overview.html", request.jobs.overview.read(request.now))
