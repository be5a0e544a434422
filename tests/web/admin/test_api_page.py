"""The page of the API: from its description, with every operation and scope."""

from html import unescape

from syndicate.model.actors import SCOPES
from tests.web.admin.conftest import AdminClient
from tests.web.api.description import described_api


def test_the_page_has_every_operation_and_scope(admin_client: AdminClient) -> None:
    page = unescape(admin_client.page("/admin/api"))
    for path, item in described_api()["paths"].items():
        for method in item:
            assert f"<code>{method.upper()} {path}</code>" in page
    assert all(f"<code>{scope}</code>" in page for scope in SCOPES)
    assert "#declared-in-config" not in page
    assert "<code>declared-in-config</code>" in page
