"""A data steward delivers and reads receipts; an output checker looks at a release; in a real browser, in both languages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from saime.core.pack.reader import Pack
from support.browser import check_accessibility, check_reflow, take_picture
from support.commands import run_saime
from support.server import serving
from support.workplace import PASSWORD, write_population, write_strangers

pytestmark = pytest.mark.browser

SIGN_IN = {"lv": ("Lietotājvārds", "Parole", "Pierakstīties"), "en": ("User name", "Password", "Sign in")}
FORM = {"lv": ("Datu plūsma", "Periods", "Fails", "Piegādāt"), "en": ("Feed", "Period", "File", "Deliver")}
WORDS = {
    "lv": {"problem": "Kaut kas nav kārtībā", "out": "Izrakstīties", "receipts": "Kvītis"},
    "en": {"problem": "There is a problem", "out": "Sign out", "receipts": "Receipts"},
}

STATES = {
    "lv": ("Noraidīta; nekas nav ielādēts", "Ielādēta"),
    "en": ("Refused; nothing was loaded", "Loaded"),
}

BLOCKED = {"lv": "2022-12", "en": "2022-11"}  # a load that each language's test accepts


@pytest.fixture(scope="module")
def home(prepared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the prepared folder: these tests change it."""
    return Path(shutil.copytree(prepared_home, tmp_path_factory.mktemp("workplace") / "home"))


@pytest.fixture(scope="module")
def site_url(home: Path) -> Iterator[str]:
    """A server over the folder, with users."""
    folder = home.parent
    users = {"steward": "data-steward", "statistician": "statistician", "checker": "output-checker"}
    given = [("user", "add", name, "--role", role, "--feed", "population") for name, role in users.items()]
    for words in (*given, ("release", "prepare", "--user", "statistician")):
        done = run_saime(*words, home=home, given=f"{PASSWORD}\n")
        assert done.returncode == 0, done.stderr
    strangers = write_strangers(folder / "benefits.csv")
    for period in BLOCKED.values():
        done = run_saime("load", "benefits", str(strangers), "--period", period, "--replace", "--synthetic", home=home)
        assert done.returncode == 0, done.stderr
    with serving(home, folder / "log.txt", SAIME_UPLOAD_AT_ONCE_MIB="1") as url:
        yield url


def sign_in(page: Page, language: str, password: str = PASSWORD, *, user: str = "steward", to: str = "deliver/") -> None:
    name, secret, button = SIGN_IN[language]
    page.goto(f"/{language}/workplace/{to}")
    page.get_by_label(name).fill(user)
    page.get_by_label(secret).fill(password)
    page.get_by_role("button", name=button).click()


def look(page: Page, name: str, language: str) -> None:
    check_accessibility(page)
    take_picture(page, f"workplace-{name}", language)
    check_reflow(page)
    take_picture(page, f"workplace-{name}-narrow", language)
    page.set_viewport_size({"width": 1280, "height": 800})


def test_a_steward_delivers(page: Page, language: str, pack_root: Path, tmp_path: Path) -> None:
    words, (feed, period, file, button) = WORDS[language], FORM[language]
    year = {"lv": "2023", "en": "2024"}[language]  # the codes of the local governments are in force since 2021
    sign_in(page, language, "wrong")
    expect(page.get_by_role("alert")).to_contain_text(words["problem"])
    look(page, "sign-in-fault", language)
    sign_in(page, language)
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(3)
    look(page, "deliver-faults", language)

    path = write_population(tmp_path / "people.csv", Pack(pack_root), age=200)
    for picture, state in zip(("refused", "loaded"), STATES[language], strict=True):
        page.goto(f"/{language}/workplace/deliver/")
        page.get_by_label(feed, exact=True).select_option("population")
        page.get_by_label(period, exact=True).fill(year)
        page.get_by_label(file, exact=True).set_input_files(path)
        page.get_by_role("button", name=button).click()
        expect(page.locator(".workplace-state")).to_have_text(state)
        look(page, f"receipt-{picture}", language)
        write_population(path, Pack(pack_root))

    page.get_by_role("link", name=words["receipts"], exact=True).click()
    expect(page.get_by_role("row").nth(2)).to_be_visible()
    check_accessibility(page)
    take_picture(page, "workplace-receipts", language)
    page.get_by_role("button", name=words["out"]).click()
    expect(page.get_by_label(SIGN_IN[language][0])).to_be_visible()


def test_a_large_upload_shows_how_far_it_is(page: Page, home: Path, pack_root: Path, tmp_path: Path) -> None:
    sign_in(page, "lv")
    page.get_by_label("Datu plūsma", exact=True).select_option("population")
    page.get_by_label("Periods", exact=True).fill("2021")
    page.get_by_label("Fails", exact=True).set_input_files(write_population(tmp_path / "people.csv", Pack(pack_root), 45_000))
    page.get_by_role("button", name="Piegādāt").click()
    expect(page.locator(".workplace-state")).to_have_text("Saņemta; gaida ielādi")
    look(page, "receipt-received", "lv")
    done = run_saime("inbox", home=home)
    assert "upload population/2021: loaded" in done.stdout, done.stderr
    page.get_by_role("link", name="Skatīt vēlreiz").click()
    expect(page.locator(".workplace-state")).to_have_text("Ielādēta")
    expect(page.get_by_role("link", name="Skatīt vēlreiz")).to_have_count(0)


def test_the_form_is_filled_with_the_keyboard_alone(page: Page, pack_root: Path, tmp_path: Path) -> None:
    sign_in(page, "lv")
    expect(page.get_by_role("heading", level=1)).to_have_text("Piegādāt failu")
    page.get_by_label("Datu plūsma", exact=True).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("June")
    stops = []
    for _ in range(4):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.name || document.activeElement.innerText.trim()"))
    assert stops == ["file", "replace", "synthetic", "Piegādāt"]
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(2)
    expect(page.get_by_label("Periods", exact=True)).to_have_value("June")
    expect(page.get_by_label("Datu plūsma", exact=True)).to_have_value("population")


DECISIONS = {
    "lv": ("Apstiprināt publiskojumu", "Atdot sagatavotājam", "Piezīme", "Saglabāt lēmumu"),
    "en": ("Approve the release", "Return it to who prepared it", "Comment", "Keep the decision"),
}
ANSWERS = {"lv": ("Īsi uzrakstiet, kāpēc", "Atdots sagatavotājam"), "en": ("Say why, in a few words", "Returned to who prepared it")}


def test_an_output_checker_looks_at_a_release_and_returns_it(page: Page, language: str) -> None:
    (approve, send_back, comment, keep), (why, returned) = DECISIONS[language], ANSWERS[language]
    sign_in(page, language, user="checker", to="releases/")
    page.get_by_role("table").get_by_role("link").first.click()
    expect(page.get_by_label(approve)).to_be_visible()
    look(page, "candidate", language)
    page.get_by_role("table").get_by_role("link").nth(1).click()
    expect(page.get_by_role("table").first).to_be_visible()
    look(page, "candidate-dataset", language)
    page.go_back()
    page.get_by_label(send_back).check()
    page.get_by_role("button", name=keep).click()
    expect(page.get_by_role("alert")).to_contain_text(why)
    check_accessibility(page)
    page.get_by_label(comment, exact=True).fill("Kāpēc mainījies kopskaits?")
    page.get_by_role("button", name=keep).click()
    expect(page.locator(".workplace-state")).to_have_text(returned)
    expect(page.get_by_text("Kāpēc mainījies kopskaits?").first).to_be_visible()


def test_the_statistician_may_not_decide(page: Page, language: str) -> None:
    sign_in(page, language, user="statistician", to="releases/1/")
    expect(page.get_by_role("radio")).to_have_count(1)  # a remark


LINKAGE = {
    "lv": ("Publicēšana ir apturēta", "Akceptēt ielādi", "Uzrakstiet, kāpēc šo ielādi drīkst publicēt", "Ārpus pieļautā, akceptēta"),
    "en": ("Publication is stopped", "Accept the load", "Say why the load may be published as it links", "Beyond a limit, accepted"),
}


def test_a_load_that_stops_the_release_is_looked_at_and_accepted_with_the_keyboard(page: Page, language: str) -> None:
    (stopped, accept, why, accepted), period = LINKAGE[language], BLOCKED[language]
    sign_in(page, language, user="statistician", to="releases/")
    expect(page.get_by_role("main")).to_contain_text(stopped)
    look(page, "releases-stopped", language)
    page.get_by_role("main").get_by_role("link", name=period).click()
    look(page, "linkage-report", language)
    page.get_by_role("textbox").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == accept
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text(why)
    look(page, "linkage-faults", language)
    page.get_by_role("alert").get_by_role("link").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Reģistrs kavējās")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".workplace-state").first).to_have_text(accepted)
    expect(page.get_by_role("button", name=accept)).to_have_count(0)
    look(page, "linkage-accepted", language)
    page.goto(f"/{language}/workplace/linkage/")
    expect(page.get_by_text("Reģistrs kavējās").first).to_be_visible()
    look(page, "linkage", language)


TRIAL = {
    "lv": ("Izmēģināt", "Izmēģināt ar šīm atzīmēm", "Mazākais publicējamais skaits", "Saglabāt publicētu", "Plāna rindas"),
    "en": ("Try", "Try with these marks", "Smallest count that is published", "Keep published", "Lines of the plan"),
}


def test_a_statistician_tries_settings_of_protection(page: Page, language: str) -> None:
    try_, try_marks, minimum, keep, lines = TRIAL[language]
    sign_in(page, language, user="statistician", to="protection/")
    page.get_by_role("link", name="2019").click()
    marks = page.locator("tr:has(.workplace-cell--secondary)").get_by_role("combobox")
    expect(marks.first).to_be_visible()
    look(page, "protection", language)
    marks.first.select_option(keep)
    page.get_by_role("button", name=try_marks).click()
    expect(page.get_by_role("region", name=lines)).to_contain_text("keep:")
    look(page, "protection-tried", language)
    page.get_by_label(minimum).fill("1")
    page.get_by_role("button", name=try_, exact=True).click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(1)
    look(page, "protection-fault", language)


def test_protection_is_tried_with_the_keyboard_alone_and_without_scripts(page_without_scripts: Page) -> None:
    page = page_without_scripts
    sign_in(page, "en", user="statistician", to="protection/disability-2019-06/")
    page.get_by_label("Smallest count that is published").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Lines of the plan")).to_contain_text("minimum: 7")
