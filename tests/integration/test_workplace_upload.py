"""A data steward delivers through the page or a script, and gets a receipt or a list of faults."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from saime.core.errors import Refused
from saime.core.pack.reader import Pack
from saime.core.warehouse.keys import receiving_recipient
from saime.core.warehouse.store import Warehouse
from saime.workplace import people
from saime.workplace.models import Receipt
from support.warehouse import personal_code, write_csv
from support.workplace import FEED, KEY_MADE_AT, PERIOD, QUICK_HASHERS, add_user, write_population

pytestmark = pytest.mark.django_db
PAGE = "/en/workplace/deliver/"


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, home=tmp_path / "home", upload_limit_mib=1)
    settings.PASSWORD_HASHERS = QUICK_HASHERS
    return tmp_path / "home"


@pytest.fixture
def pack(pack_root: Path) -> Pack:
    return Pack(pack_root)


@pytest.fixture
def steward() -> User:
    return add_user("steward", "data-steward", feeds=[FEED])


@pytest.fixture
def client(steward: User) -> Client:
    client = Client()
    client.force_login(steward)
    return client


def deliver(client: Client, path: Path, **fields: str) -> Receipt:
    """Through the page; the receipt that the answer leads to."""
    with path.open("rb") as file:
        answer = client.post(PAGE, {"feed": FEED, "period": PERIOD, "file": file} | fields)
    assert answer.status_code == 302, answer.content.decode()
    return Receipt.objects.get(pk=answer["location"].rstrip("/").rsplit("/", 1)[1])


def files_left(home: Path) -> list[Path]:
    return [path for path in (home / "uploads").rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", ["people.csv", "people.parquet", "people.xlsx"])
@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_sound_delivery_is_loaded_and_gets_a_receipt(
    client: Client, pack: Pack, home: Path, tmp_path: Path, name: str, is_sealed: bool
) -> None:
    path = write_population(tmp_path / name, pack)
    if is_sealed:
        recipient = pyrage.x25519.Recipient.from_str(receiving_recipient(home / "keys"))
        path.write_bytes(pyrage.encrypt(path.read_bytes(), [recipient]))
    receipt = deliver(client, path)
    (load,) = Warehouse(home / "warehouse").loads()
    assert (receipt.state, receipt.rows_accepted, receipt.load_id, receipt.channel) == ("loaded", 30, load.id, "page")
    assert (receipt.user.username, receipt.feed, receipt.period, receipt.file_name) == ("steward", FEED, PERIOD, name)
    assert receipt.sha256 == load.delivery_digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert receipt.size == path.stat().st_size
    assert not files_left(home)


def test_the_same_file_again_changes_nothing_and_another_one_must_say_that_it_corrects(client: Client, pack: Pack, tmp_path: Path) -> None:
    first = deliver(client, write_population(tmp_path / "a.csv", pack))
    again = deliver(client, tmp_path / "a.csv")
    assert (again.state, again.load_id, again.pk > first.pk) == ("already_loaded", first.load_id, True)
    other = write_population(tmp_path / "b.csv", pack, persons=31)
    refused = deliver(client, other)
    assert (refused.state, refused.load_id, refused.rows_accepted, refused.faults) == ("refused", "", 0, [])
    assert "another delivery" in refused.refusal["what"]["en"]
    page = client.get(f"/lv/workplace/receipts/{refused.pk}/").content.decode()
    assert "jau ir ielādēta cita piegāde: a.csv" in page
    assert "another delivery" not in page
    corrected = deliver(client, other, replace="on")
    assert (corrected.state, corrected.replaces, corrected.rows_accepted) == ("corrected", first.load_id, 31)


def test_a_faulty_delivery_gets_a_list_of_faults_and_is_sealed(client: Client, pack: Pack, home: Path, tmp_path: Path) -> None:
    receipt = deliver(client, write_population(tmp_path / "people.csv", pack, age=200))
    assert (receipt.state, receipt.rows_accepted, receipt.rows_refused) == ("refused", 0, 31)
    assert [(fault["code"], fault["column"], fault["count"]) for fault in receipt.faults] == [("out_of_range", "age", 1)]
    assert (home / "quarantine" / receipt.quarantine_id / "delivery.age").is_file()
    assert not files_left(home)
    for language, words in (("lv", "ieļauts no 0 līdz 120"), ("en", "he contract takes 0 to 120")):
        page = client.get(f"/{language}/workplace/receipts/{receipt.pk}/").content.decode()
        text = client.get(f"/{language}/workplace/receipts/{receipt.pk}/receipt.txt").content.decode()
        assert words in page
        assert words in text
        assert {"lv": "31. rinda ('200')", "en": "row 31 ('200')"}[language] in text
        assert {"lv": "Vecums (pilni gadi) (age)", "en": "Age (completed years) (age)"}[language] in page
    answer = client.get(f"/lv/workplace/receipts/{receipt.pk}/receipt.json")
    assert answer["content-disposition"] == f'attachment; filename="receipt-{receipt.number}.json"'
    (told,) = json.loads(answer.content)["faults"]
    assert told["label"] == {"lv": "Skaitlis ārpus robežām", "en": "Number out of range"}
    assert told["fix"]["lv"] == "pieļauts no 0 līdz 120; izlabojiet vērtību tās avotā"
    assert told == receipt.faults[0]


def test_a_delivery_that_is_loaded_in_part_is_told_with_warnings(client: Client, steward: User, home: Path, tmp_path: Path) -> None:
    people.FeedSteward.objects.create(user=steward, feed="pensions")
    names = ["person_code", "sex", "age", "local_government", "pension", "amount"]
    rows = [[personal_code(number), "F", "70", "0001000", "OLD_AGE_PENSION", "300.50"] for number in range(400)]
    rows[10][3] = "X9"
    path = write_csv(tmp_path / "pensions.csv", [dict(zip(names, row, strict=True)) for row in rows], names)
    receipt = deliver(client, path, feed="pensions")
    assert (receipt.state, receipt.rows_accepted, receipt.rows_refused, receipt.has_warnings) == ("loaded", 399, 1, True)
    assert (home / "quarantine" / receipt.quarantine_id / "delivery.age").is_file()
    page = client.get(f"/lv/workplace/receipts/{receipt.pk}/").content.decode()
    assert "Ielādēta; ir brīdinājumi" in page
    assert "Brīdinājumi</h2>" in page
    assert "Pašvaldība (local_government)" in page
    assert "0,250\u00a0% rindu; apraksts pieļauj 0,500\u00a0%" in page


def test_a_receipt_of_an_earlier_version_can_be_read(client: Client, steward: User) -> None:
    fault = {
        "code": "bad_date",
        "column": "age",
        "count": 1,
        "places": [{"row": 1, "value": "as row 2"}],
        "what": "not a date",
        "fix": "mend",
    }
    told = {"received_at": KEY_MADE_AT, "user": steward, "channel": "page", "feed": FEED, "period": PERIOD, "size": 1, "synthetic": False}
    for more in ({"faults": [fault | {"remedy": {"lv": "a", "en": "b"}}]}, {"refusal": {"what": "other key", "where": "", "fix": "mend"}}):
        receipt = Receipt.objects.create(**told, state="refused", **more)
        assert "Mend." in client.get(f"/lv/workplace/receipts/{receipt.pk}/").content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"feed": "benefits"}, "You may deliver: population"),
        ({"feed": "no-such"}, "You may deliver: population"),
        ({"feed": ""}, "Choose the feed"),
        ({"period": "June"}, "for example 2022"),
        ({"period": "2022-06"}, "for example 2022"),
        ({"period": ""}, "Write the period"),
        ({"period": "9999"}, "has not begun yet"),
        ({"file": ""}, "Choose a file"),
        ({"file": SimpleUploadedFile("big.csv", b"x" * ((1 << 20) + 1))}, "larger than 1 MiB"),
    ],
)
def test_bad_input_is_told_at_its_field_and_leaves_no_receipt(
    client: Client, pack: Pack, home: Path, tmp_path: Path, fields: dict[str, object], said: str
) -> None:
    with write_population(tmp_path / "people.csv", pack).open("rb") as file:
        page = client.post(PAGE, {"feed": FEED, "period": PERIOD, "file": file} | fields)
    assert page.status_code == (413 if "larger" in said else 400)
    assert said in page.content.decode()
    assert not Receipt.objects.exists()
    assert not (home / "warehouse").exists()
    assert not files_left(home)


def test_an_empty_file_is_a_fault_like_others(client: Client, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    assert [fault["code"] for fault in deliver(client, tmp_path / "empty.csv").faults] == ["empty_file"]


def test_while_another_load_runs_the_sender_is_told_to_come_later(client: Client, pack: Pack, home: Path, tmp_path: Path) -> None:
    deliver(client, write_population(tmp_path / "a.csv", pack))
    with Warehouse(home / "warehouse").changing(), write_population(tmp_path / "b.csv", pack, 31).open("rb") as file:
        answer = client.post(PAGE, {"feed": FEED, "period": "2023", "file": file})
    assert answer.status_code == 503
    assert "Another delivery is being loaded" in answer.content.decode()
    assert Receipt.objects.count() == 1


def test_a_script_delivers_with_a_key(steward: User, pack: Pack, tmp_path: Path) -> None:
    key = people.new_api_key(steward, "export", KEY_MADE_AT)
    script = Client(enforce_csrf_checks=True, headers={"authorization": f"Bearer {key}", "accept": "application/json"})
    path = write_population(tmp_path / "people.csv", pack)
    answers = [script.post(PAGE, {"feed": FEED, "period": PERIOD, "file": path.open("rb")}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    told = answers[0].json()
    assert (told["state"], told["user"], told["channel"], told["rows_accepted"]) == ("loaded", "steward", "api", 30)
    assert script.get(f"/en/workplace/receipts/{int(told['receipt'][5:])}/").json() == told
    faulty = script.post(PAGE, {"feed": FEED, "period": "2023", "file": write_population(path, pack, age=200).open("rb")})
    assert (faulty.status_code, faulty.json()["faults"][0]["code"]) == (422, "out_of_range")
    wrong = script.post(PAGE, {"feed": "benefits", "period": "2023", "file": path.open("rb")})
    assert (wrong.status_code, wrong.json()["error"]["where"]) == (400, "feed")
    (kept,) = steward.api_keys.all()
    assert key not in str(kept.__dict__)
    people.revoke_api_key(steward, kept.pk, KEY_MADE_AT)
    late = script.post(PAGE, {"feed": FEED, "period": "2023", "file": path.open("rb")})
    assert (late.status_code, late.json()["error"]["what"]) == (401, "This key is not known or no longer in force")


def test_a_form_without_its_token_is_refused(steward: User, pack: Pack, tmp_path: Path) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(steward)
    with write_population(tmp_path / "people.csv", pack).open("rb") as file:
        page = browser.post("/lv/workplace/deliver/", {"feed": FEED, "period": PERIOD, "file": file})
    assert page.status_code == 403
    assert "Veidlapa ir novecojusi" in page.content.decode()
    assert not Receipt.objects.exists()


def test_receipts_are_seen_by_their_owner_and_by_those_who_see_all(client: Client, pack: Pack, tmp_path: Path) -> None:
    receipt = deliver(client, write_population(tmp_path / "people.csv", pack))
    address = f"/en/workplace/receipts/{receipt.pk}/"
    seen = {}
    for name, role in (("other", "data-steward"), ("statistician", "statistician")):
        reader = Client()
        reader.force_login(add_user(name, role))
        seen[name] = (reader.get(address).status_code, receipt.number in reader.get("/en/workplace/receipts/").content.decode())
    assert seen == {"other": (404, False), "statistician": (200, True)}


def test_a_receipt_is_never_changed(client: Client, pack: Pack, tmp_path: Path) -> None:
    receipt = deliver(client, write_population(tmp_path / "people.csv", pack))
    for change in (receipt.save, receipt.delete, Receipt.objects.all().delete, lambda: Receipt.objects.update(period="2021")):
        with pytest.raises(Refused):
            change()


def test_a_personal_code_in_the_name_of_the_file_is_not_kept(client: Client, pack: Pack, tmp_path: Path) -> None:
    receipt = deliver(client, write_population(tmp_path / f"{personal_code(3)}.csv", pack))
    assert receipt.file_name == "***********.csv"
