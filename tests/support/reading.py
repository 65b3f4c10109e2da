"""What a reader gets: addresses around a release, the answers to them, and the numbers in these."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from urllib.parse import urlencode, urljoin, urlsplit

from django.test import Client

from saime.core.model.dataset import Dataset
from saime.core.releases.reader import Release

FORMATS = ("px", "csv", "xlsx", "json", "svg")
LANGUAGES = ("lv", "en")
GROUPING = str.maketrans("", "", "\u202f\xa0, ")
FAULTY = ("SEX=", "SEX=X", "sort=OBS_VALUE", "SEX=F&order=desc", "OBS_VALUE=3", "REF_AREA=0004000&SEX=M&width=huge", "TIME_PERIOD=2021")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; of a workbook, all its parts."""
        if self.body.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(self.body)) as parts:
                return "\n".join(parts.read(name).decode() for name in parts.namelist())
        return html.unescape(self.body.decode())


def ask(client: Client, address: str) -> Answer:
    answer = client.get(address)
    return Answer(answer.status_code, tuple(sorted(answer.items())), answer.content)


def ask_all(client: Client, addresses: Iterable[str]) -> dict[str, Answer]:
    return {address: ask(client, address) for address in addresses}


def crawl(client: Client, *starts: str) -> dict[str, Answer]:
    """Everything that links lead to, inside the language parts of the site."""
    found: dict[str, Answer] = {}
    waiting = list(starts)
    while waiting:
        address = waiting.pop()
        if address not in found:
            found[address] = ask(client, address)
            waiting += _links(address, found[address])
    return found


def _links(address: str, answer: Answer) -> list[str]:
    if not any(name == "Content-Type" and value.startswith("text/html") for name, value in answer.headers):
        return []
    targets = [html.unescape(target) for target in re.findall(r'(?:href|src|srcset|action)="([^"]+)"', answer.body.decode())]
    local = [urlsplit(urljoin(f"http://testserver{address}", target)) for target in targets]
    public = re.compile("/(lv|en)/(?!workplace/)")  # the sign-in form holds a token by chance; what is behind it is inside
    return [f"{to.path}?{to.query}".rstrip("?") for to in local if to.netloc == "testserver" and public.match(to.path)]


def selections_near_withheld(dataset: Dataset) -> list[str]:
    """Each withheld cell alone, and its line along each dimension: whole, and without the totals (as if to add up the parts)."""
    found: dict[str, None] = {}
    for cell, status in zip(dataset.structure.cells(), dataset.obs_status, strict=True):
        if status == "Q":
            chosen = {d.id: code for d, code in zip(dataset.structure.dimensions, cell, strict=True)}
            found[urlencode(chosen)] = None
            for dimension in dataset.structure.dimensions:
                others = {name: code for name, code in chosen.items() if name != dimension.id}
                parts = [code.id for code in dimension.codes if code.parent is not None]
                found[urlencode(others)] = None
                found |= {urlencode(others | {dimension.id: ",".join(parts)}, safe=","): None} if parts else {}
    return list(found)


def addresses_of(dataset: Dataset, queries: Iterable[str], *, languages: Iterable[str] = LANGUAGES) -> list[str]:
    """Page and every file of every selection."""
    endings = ["", *(f".{extension}" for extension in FORMATS)]
    return [f"/{language}/datasets/{dataset.id}{ending}?{query}" for query in queries for language in languages for ending in endings]


def all_answers(client: Client, release: Release) -> dict[str, Answer]:
    """What links lead to, what selections and mistakes around withheld cells give, and requests that are conditional."""
    found = crawl(client, "/", "/lv/", "/en/")
    for dataset in map(release.dataset, release.ids):
        near = selections_near_withheld(dataset)
        found |= ask_all(client, addresses_of(dataset, near, languages=["en"]))
        found |= ask_all(client, addresses_of(dataset, [*FAULTY, "width=narrow"]))
        found |= ask_all(client, [f"/lv/datasets/{dataset.id}.exact", f"/lv/datasets/{dataset.id}/{near[0]}", "/health"])
    return found


def numbers_in(answers: Iterable[Answer]) -> set[str]:
    """Every whole number that is no part of a digest or coordinate; 6173, 6 173 and 6,173 are one."""
    texts = [answer.text for answer in answers]
    plain = chain.from_iterable(re.findall(r"(?<![\w.])\d+(?!\w|\.\d)", text) for text in texts)
    grouped = chain.from_iterable(re.findall(r"\d{1,3}(?:[\u202f\xa0, ]\d{3})+", text) for text in texts)
    return {*plain, *(number.translate(GROUPING) for number in grouped)}
