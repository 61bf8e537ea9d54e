import pytest
from playwright.sync_api import expect

from console.service.memory.import_jobs import process_import
from console.service.memory.models import ProfileImport
from console.tenants.models import Role
from tests.browser import find_faults, sign_in
from tests.factories import make_tenant, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_import_is_followed_to_its_end(live_server, page, tmp_path):
    """Only a file's beginning is sent to show its columns; the page follows the import
    by itself, and stops."""
    make_tenant("acme")
    file, asked = tmp_path / "people.csv", []
    rows = "".join(f"im{number}@b.com;Ada;n/a\n" for number in range(6000))
    file.write_text(f"E-mail;First name;phone\n{rows}")
    sign_in(page, make_user(Role.OPERATOR))
    page.goto(f"{live_server.url}/t/acme/imports/add/")
    page.on("request", lambda request: asked.append(request))

    page.locator("#id_file").set_input_files(file)
    expect(page.get_by_label("First name")).to_have_value("Contact.firstName")
    [columns] = [each for each in asked if each.url.endswith("/columns/")]
    assert int(columns.all_headers()["content-length"]) < file.stat().st_size
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    row = ProfileImport.objects.get()
    process_import.func(row.store_id, row.id)

    expect(page.get_by_role("heading", name="Completed")).to_be_visible()
    expect(page.get_by_text("6,000 stored")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all as CSV").click()
    assert len(download.value.path().read_text("utf-8-sig").splitlines()) == 6001
    assert find_faults(page) == []
