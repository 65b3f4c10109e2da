"""Two persons check a release: who prepared it cannot approve it, a change resets the approval, and nothing goes around the check."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from saime.cli import workplace as cli_workplace
from saime.cli.main import saime
from saime.core.errors import Refused
from saime.core.model.dataset import Dataset
from saime.core.pack.reader import Pack
from saime.core.protection import ProtectedDataset, TableToProtect, certify_published_by_source
from saime.core.releases.reader import ReleaseReader
from saime.core.tabulation.plan import ThresholdProtection
from saime.production import services
from saime.production.decisions import Approval, DemoRule, bundle_digest
from saime.production.output_report import BesideEarlier, cost_of_choices, find_beside_earlier, report_on
from saime.production.services import Produced, Production
from saime.production.trials import try_protection
from saime.workplace import releases
from saime.workplace.models import Candidate, Review, Verdict
from support.released import printed
from support.workplace import PASSWORD, QUICK_HASHERS, add_user

pytestmark = pytest.mark.django_db
DATASET = "benefit-recipients-2022"
NOON = datetime(2026, 1, 15, 11, tzinfo=UTC)
LATER = NOON + timedelta(hours=2)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def production(settings: Settings, tmp_path: Path, pack_root: Path) -> Production:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, home=tmp_path / "home")
    settings.PASSWORD_HASHERS = QUICK_HASHERS
    return Production.in_home(tmp_path / "home", Pack(pack_root))


@pytest.fixture
def people() -> dict[str, User]:
    roles = {"anna": "statistician", "berta": "output-checker", "cilda": "output-checker"}
    return {name: add_user(name, role) for name, role in roles.items()} | {"both": add_user("both", "statistician", "output-checker")}


def source_table(total: int, dataset_id: str = "printed-2022") -> Dataset:
    """A table that its source published, so that no plan stands behind it."""
    content = printed().dataset.model_dump(mode="json")
    return Dataset.model_validate(content | {"id": dataset_id, "values": (total, *content["values"][1:])})


def produce(production: Production, *datasets: Dataset) -> list[Produced]:
    items = [ProtectedDataset(dataset, certify_published_by_source(dataset)) for dataset in datasets]
    return [Produced(item.dataset.id, production.store.add(item), item) for item in items]


def approve(candidate: Candidate, user: User) -> Review:
    return releases.review(candidate, Verdict.APPROVED, "", user, NOON, seen=releases.latest(candidate).bundle_digest)


def test_one_prepares_another_approves_and_it_is_published(production: Production, people: dict[str, User]) -> None:
    candidate = releases.prepare(production, produce(production, source_table(9)), people["anna"], NOON)
    assert releases.state(candidate) == "prepared"
    with pytest.raises(Refused, match="not approved"):
        releases.publish(production, candidate, people["anna"], NOON)
    approve(candidate, people["berta"])
    release = releases.publish(production, candidate, people["anna"], LATER)
    candidate.refresh_from_db()
    assert (releases.state(candidate), candidate.release_id, candidate.published_by) == ("published", release.id, people["anna"])
    current = ReleaseReader(production.releases).current()
    assert current is not None
    assert current.check is not None
    assert (current.check.kind, current.check.prepared_at, current.check.approved_at) == ("two-person", NOON, NOON)
    told = (production.releases / "releases" / f"{current.id}.json").read_text()
    assert not [name for name in people if name in told]
    assert releases.publish(production, candidate, people["anna"], LATER + timedelta(days=1)).id == release.id
    with pytest.raises(Refused, match="is published"):
        approve(candidate, people["cilda"])


def test_who_prepared_it_cannot_approve_it(production: Production, people: dict[str, User]) -> None:
    candidate = releases.prepare(production, produce(production, source_table(9)), people["both"], NOON)
    with pytest.raises(Refused, match="cannot approve"):
        approve(candidate, people["both"])
    releases.prepare(production, produce(production, source_table(10)), people["anna"], NOON)
    with pytest.raises(Refused, match="cannot approve"):  # prepared an earlier state of the same release
        approve(candidate, people["both"])
    latest = releases.latest(candidate)
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(preparation=latest, prepared_by=people["anna"], user=people["anna"], at=NOON, verdict="approved")


@pytest.mark.parametrize(
    "change",
    [
        lambda: [source_table(10)],
        lambda: [source_table(9), source_table(9, "more-2022")],
        lambda: [source_table(9, "renamed-2022")],
    ],
)
def test_a_change_after_the_approval_resets_it(
    production: Production, people: dict[str, User], change: Callable[[], list[Dataset]]
) -> None:
    candidate = releases.prepare(production, produce(production, source_table(9)), people["anna"], NOON)
    seen = releases.latest(candidate).bundle_digest
    approve(candidate, people["berta"])
    same = releases.prepare(production, produce(production, source_table(9)), people["anna"], LATER)
    assert (same, releases.state(candidate)) == (candidate, "approved")
    changed = releases.prepare(production, produce(production, *change()), people["anna"], LATER)
    assert (changed, releases.state(candidate)) == (candidate, "prepared")
    with pytest.raises(Refused, match="not approved"):
        releases.publish(production, candidate, people["anna"], LATER)
    with pytest.raises(Refused, match="has changed since"):
        releases.review(candidate, Verdict.APPROVED, "", people["berta"], LATER, seen=seen)
    assert Review.objects.count() == 1  # the decision is kept


def test_a_release_that_was_returned_is_not_published_until_it_is_approved(production: Production, people: dict[str, User]) -> None:
    candidate = releases.prepare(production, produce(production, source_table(9)), people["anna"], NOON)
    seen = releases.latest(candidate).bundle_digest
    approve(candidate, people["berta"])
    releases.review(candidate, Verdict.RETURNED, "the total looks wrong", people["cilda"], NOON, seen=seen)
    releases.review(candidate, Verdict.COMMENT, "I look into it", people["anna"], NOON, seen=seen)
    assert releases.state(candidate) == "returned"
    with pytest.raises(Refused, match="not approved"):
        releases.publish(production, candidate, people["anna"], NOON)
    approve(candidate, people["berta"])
    assert releases.publish(production, candidate, people["anna"], NOON).ids == ("printed-2022",)


def test_each_step_needs_its_right(production: Production, people: dict[str, User]) -> None:
    produced = produce(production, source_table(9))
    with pytest.raises(Refused, match="role"):
        releases.prepare(production, produced, people["berta"], NOON)
    candidate = releases.prepare(production, produced, people["anna"], NOON)
    with pytest.raises(Refused, match="role"):
        approve(candidate, people["anna"])
    approve(candidate, people["berta"])
    with pytest.raises(Refused, match="role"):
        releases.publish(production, candidate, people["berta"], NOON)


def test_production_looks_at_the_decision_itself(production: Production) -> None:
    bundle = {item.dataset: item.digest for item in produce(production, source_table(9))}
    other = bundle_digest({item.dataset: item.digest for item in produce(production, source_table(10))})
    sound = Approval(bundle_digest(bundle), "anna", NOON, "berta", NOON)
    for decision in (replace(sound, approved_by="anna"), replace(sound, bundle_digest=other)):
        with pytest.raises(Refused):
            services.release(production, bundle, at=NOON, decision=decision)
    assert services.release(production, bundle, at=NOON, decision=sound).ids == ("printed-2022",)


def test_the_demonstration_may_neither_release_real_data_nor_follow_a_checked_release(production: Production) -> None:
    def bundle(**marks: bool) -> dict[str, str]:
        dataset = source_table(9)
        marked = dataset.model_copy(update={"metadata": dataset.metadata.model_copy(update=marks)})
        return {item.dataset: item.digest for item in produce(production, marked)}

    allowed = bundle()
    digest = allowed["printed-2022"]
    first = services.release(production, allowed, at=NOON, decision=DemoRule())
    assert first.check is not None
    assert first.check.kind == "demo"
    services.release(production, allowed, at=NOON, decision=Approval(bundle_digest(allowed), "anna", NOON, "berta", NOON))
    with pytest.raises(Refused, match="checked by two persons"):
        services.release(production, allowed, at=LATER, decision=DemoRule())
    description = production.releases / "datasets" / digest / "dataset.json"
    assert '"published_by_source": true' in description.read_text()


def test_the_pages_show_each_person_what_they_may_decide(production: Production, people: dict[str, User]) -> None:
    candidate = releases.prepare(production, produce(production, source_table(9)), people["both"], NOON)
    address = f"/en/workplace/releases/{candidate.pk}/"

    def page(name: str, data: dict[str, str] | None = None, path: str = "") -> str:
        reader = Client()
        reader.force_login(people[name])
        answer = reader.get(address) if data is None else reader.post(f"{address}{path}", data, follow=True)
        return answer.content.decode()

    assert "Approve the release" not in page("both")
    assert "Return it to who prepared it" not in page("anna")
    assert "Approve the release" in page("berta")
    seen = releases.latest(candidate).bundle_digest
    assert "Say why" in page("berta", {"verdict": "returned", "seen": seen, "text": ""}, "review/")
    assert "Choose a decision" in page("berta", {"seen": seen}, "review/")
    assert "Your role does not include this" in page("anna", {"verdict": "approved", "seen": seen}, "review/")
    assert "Who prepared a release cannot approve it" in page("both", {"verdict": "approved", "seen": seen}, "review/")
    assert "Approved" in page("berta", {"verdict": "approved", "seen": seen, "text": "looked at <all>"}, "review/")
    assert "looked at &lt;all&gt;" in page("anna")
    assert "Publish the release" not in page("berta")
    assert "Your role does not include this" in page("berta", {}, "publish/")
    assert "Published" in page("anna", {}, "publish/")


@pytest.fixture
def counted(production: Production, prepared_home: Path) -> Production:
    """The prepared working folder, copied."""
    shutil.copytree(prepared_home, production.releases.parent)
    return production


def test_the_report_tells_what_was_withheld_and_what_differs(counted: Production) -> None:
    production, plan = counted, counted.pack.plan("benefit-recipients-2022")
    before = production.store.current()
    assert before is not None
    item = next(one for one in services.produce_everything(production) if one.dataset == plan.dataset)
    report = report_on(production, item, before)
    dataset, certificate = before.dataset(plan.dataset), before.certificate(plan.dataset)
    table = services.tabulate(production, plan, production.facts(plan))
    withheld = [count for count, status in zip(table.values, dataset.obs_status, strict=True) if status == "Q"]
    small = [count for count in table.values if count is not None and 0 < count < plan.protection.minimum]
    assert report.primary is not None
    assert report.secondary is not None
    assert (report.primary.cells, report.primary.persons) == (len(small), sum(small))
    assert report.primary.cells + report.secondary.cells == len(withheld) == certificate.withheld
    assert report.primary.persons + report.secondary.persons == sum(count or 0 for count in withheld)
    assert report.secondary.cost > 0
    widths = [one.upper - one.lower for one in report.near_misses if one.upper is not None]
    assert widths == sorted(widths)
    assert widths[:1] == [certificate.narrowest_interval]
    assert report.differences is not None
    assert (report.differences.changed, report.differences.new, report.differences.vanished) == (0, 0, 0)
    assert report.differences.release == before.id


def test_the_page_tells_the_certificate_and_what_earlier_releases_make_of_the_figures(counted: Production, people: dict[str, User]) -> None:
    """The counts are the same as before, so nothing has changed a little; each small count is withheld again."""
    produced = [one for one in services.produce_everything(counted) if one.dataset.startswith("benefit-recipients-2022")]
    candidate = releases.prepare(counted, produced, people["anna"], NOON)
    for report in releases.reports_of(releases.latest(candidate)):
        assert report.lost is not None
        assert 0 < report.lost < 100
        assert (report.beside.already_published, report.beside.small_changes) == ((), ())
        assert [one.dataset for one in report.linked] == [one.dataset for one in produced if one.dataset != report.dataset]
    reader = Client()
    reader.force_login(people["berta"])
    page = {language: reader.get(f"/{language}/workplace/releases/{candidate.pk}/{DATASET}/").content.decode() for language in ("lv", "en")}
    assert "share cells with this one: benefit-recipients-2022-monthly." in page["en"]
    assert "kurām ar šo ir kopīgas šūnas: benefit-recipients-2022-monthly." in page["lv"]
    assert "Small counts that were published before: 0" in page["en"]


def test_small_counts_that_were_shown_and_small_corrections_are_named_to_the_checker(counted: Production, people: dict[str, User]) -> None:
    """The minimum was lower when the table was published: now some of its counts are small, and one was corrected by a person."""
    plan = counted.pack.plan(DATASET)
    one = TableToProtect(
        services.tabulate(counted, plan, counted.facts(plan)),
        ThresholdProtection(minimum=30),
        services.plan_metadata(counted, plan, counted.facts(plan)),
    )
    shown = find_beside_earlier(counted, one)
    assert shown.already_published
    assert shown.small_changes == ()
    before = counted.store.current()
    assert before is not None
    for cell in shown.already_published:
        assert 5 <= (before.dataset(DATASET).values[before.dataset(DATASET).structure.position(cell)] or 0) < 30
    population = one.metadata.population
    assert population is not None
    first = next(place for place, value in enumerate(before.dataset(DATASET).values) if value)
    values = tuple(value + 1 if place == first and value is not None else value for place, value in enumerate(one.table.values))
    later = one.metadata.model_copy(update={"population": population.model_copy(update={"data": dict.fromkeys(population.data, "later")})})
    corrected = replace(one, table=one.table.model_copy(update={"values": values}), metadata=later)
    assert find_beside_earlier(counted, corrected) == BesideEarlier(small_changes=(list(one.table.structure.cells())[first],))


def test_the_price_of_a_plan_s_choices_is_that_of_a_trial(counted: Production) -> None:
    plan = counted.pack.plan("disability-2019-06")
    kept = ThresholdProtection.model_validate({"minimum": 5, "keep": [{"DISABILITY_STATUS": ["group2"], "CHARACTERISTIC": ["hearing"]}]})
    without, tried = (try_protection(counted, plan, rule).price[1] for rule in (plan.protection, kept))
    table, metadata = (step(counted, plan, counted.facts(plan)) for step in (services.tabulate, services.plan_metadata))
    assert cost_of_choices(plan.protection, table, metadata) is None
    cost = cost_of_choices(kept, table, metadata)
    assert cost is not None
    assert (cost.cells, cost.persons) == (tried.cells - without.cells, tried.persons - without.persons)
    assert cost.cost == pytest.approx(tried.cost - without.cost)
    assert cost.persons > 0


def test_differences_are_told_cell_by_cell(production: Production) -> None:
    first = {item.dataset: item.digest for item in produce(production, source_table(9))}
    before = services.release(production, first, at=NOON, decision=DemoRule())
    (item,) = produce(production, source_table(10))
    report = report_on(production, item, before)
    assert report.differences is not None
    assert (report.differences.changed, len(report.differences.examples)) == (1, 1)
    (change,) = report.differences.examples
    assert (change.before, change.now) == (9, 10)
    assert (report.primary, report.secondary, report.near_misses) == (None, None, ())


@pytest.fixture
def run(counted: Production, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """Commands over the copied folder, in this process."""
    monkeypatch.setenv("SAIME_HOME", str(counted.releases.parent))
    caches = (cli_workplace.environment, cli_workplace.open_pack)
    for cache in caches:
        cache.cache_clear()
    yield lambda *words, said=PASSWORD: CliRunner().invoke(saime, words, input=f"{said}\n")
    for cache in caches:
        cache.cache_clear()


def test_the_commands_prepare_approve_and_publish(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("user", "add", "anna", "--role", "statistician", "--role", "output-checker").exit_code == 0
    assert run("user", "add", "berta", "--role", "output-checker").exit_code == 0
    prepared = run("release", "prepare", "--user", "anna")
    assert prepared.exit_code == 0, prepared.output
    number = prepared.output.split(":")[0].removeprefix("Candidate ")
    for words, said in (
        (("approve", "--user", "anna"), "cannot approve"),
        (("publish", "--user", "anna"), "not approved"),
        (("publish",), "nobody is named"),
        (("show", "99999"), "no such release candidate"),
    ):
        assert said in str(run("release", *words).exception)
    assert "not right" in str(run("release", "approve", "--user", "berta", said="guess").exception)
    approved = run("release", "approve", number, "--user", "berta", "--comment", "fine")
    assert approved.output == f"Candidate {number} is approved\n"
    assert "approved\tberta" in run("release", "show").output
    published = run("release", "publish", "--user", "anna")
    assert "check: two-person" in published.output
    monkeypatch.setenv("SAIME_RELEASE_CHECK", "demo")
    cli_workplace.environment.cache_clear()
    assert "checked by two persons" in str(run("release", "publish").exception)


def test_the_demonstration_s_rule_is_a_setting(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAIME_RELEASE_CHECK", "demo")
    assert "check: demo" in run("release", "publish").output
    monkeypatch.setenv("SAIME_RELEASE_CHECK", "two-person")
    cli_workplace.environment.cache_clear()
    assert "asks for two persons" in str(run("demo", "--no-serve").exception)
    monkeypatch.setenv("SAIME_RELEASE_CHECK", "nobody")
    cli_workplace.environment.cache_clear()
    assert "write one of: two-person, demo" in str(run("demo", "--no-serve").exception)
