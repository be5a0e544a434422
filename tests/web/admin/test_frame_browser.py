import pytest

from tests.web.admin.conftest import AdminBrowser

pytestmark = pytest.mark.all


def test_signing_out_forgets_the_drafts_of_forms(admin_browser: AdminBrowser):
    page = admin_browser.open("/admin/channels/add")
    page.fill("[name=title]", "Secret plans")
    assert "Secret plans" in page.evaluate("JSON.stringify({...sessionStorage})")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("text=Sign out >> visible=true")
    page.wait_for_url("**/admin/sign-in")
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("script", [True, False])
def test_the_menu_opens_on_a_telephone_with_and_without_scripts(admin_browser: AdminBrowser, script: bool):
    page = admin_browser.open(script=script, viewport={"width": 390, "height": 800})
    page.click(".menu-fold summary")
    assert page.is_visible(".menu-fold a[href='/admin/sources']")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390 if script else True
