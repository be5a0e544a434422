import pytest

from tests.web.admin.conftest import AdminBrowser

pytestmark = pytest.mark.all


@pytest.mark.parametrize("script", [True, False])
def test_the_menu_opens_on_a_telephone_with_and_without_scripts(admin_browser: AdminBrowser, script: bool):
    page = admin_browser.open(script=script, viewport={"width": 390, "height": 800})
    page.click(".menu-fold summary")
    assert page.is_visible(".menu-fold a[href='/admin/sources']")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390 if script else True
