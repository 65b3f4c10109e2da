"""Settings read once from the environment; a wrong one stops the start with a message that says how to mend it."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from saime.core.errors import BadInput

SOURCE_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Environment:
    """``home`` is the working folder; ``pack`` the country's content; ``database_url`` empty means SQLite in home.

    ``accessibility_contact`` (a role's address) and ``supervising_body`` stand in the accessibility statement.
    ``spark_remote``: where engine spark finds Spark; it may hold a token.
    """

    home: Path
    pack: Path
    database_url: str
    allowed_hosts: tuple[str, ...]
    debug: bool
    maximum_cells: int
    https: bool
    inbox_folder: str
    upload_limit_mib: int
    upload_at_once_mib: int
    release_check: str
    accessibility_contact: str
    supervising_body: str
    spark_remote: str = field(repr=False)

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse"

    @property
    def inbox(self) -> Path:
        """The drop folder, which agencies or the service that carries their files may write to."""
        return Path(self.inbox_folder).resolve() if self.inbox_folder else self.home / "inbox"

    @property
    def uploads(self) -> Path:
        """Where a delivery lies without a name while it is received; a large one waits below it to be loaded."""
        return self.home / "uploads"

    @property
    def quarantine(self) -> Path:
        return self.home / "quarantine"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    def secret_key(self) -> str:
        """The signing key of sessions, made on first use and kept with mode 0600."""
        path = self.keys / "web.secret"
        if not path.exists():
            self.keys.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
        return path.read_text()


def read_environment() -> Environment:
    """Raises: BadInput that names the variable and how to mend it."""
    return Environment(
        home=Path(os.environ.get("SAIME_HOME", "var")).resolve(),
        pack=Path(os.environ.get("SAIME_PACK", SOURCE_ROOT / "packs" / "latvia")).resolve(),
        database_url=os.environ.get("SAIME_DATABASE_URL", ""),
        allowed_hosts=tuple(os.environ.get("SAIME_ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")),
        debug=_flag("SAIME_DEBUG"),
        maximum_cells=_count("SAIME_MAXIMUM_CELLS", 100_000),
        https=_flag("SAIME_HTTPS"),
        inbox_folder=os.environ.get("SAIME_INBOX", ""),
        upload_limit_mib=_count("SAIME_UPLOAD_LIMIT_MIB", 2048),
        upload_at_once_mib=_count("SAIME_UPLOAD_AT_ONCE_MIB", 32),
        release_check=_choice("SAIME_RELEASE_CHECK", ("two-person", "demo")),
        accessibility_contact=os.environ.get("SAIME_ACCESSIBILITY_CONTACT", ""),
        supervising_body=os.environ.get("SAIME_SUPERVISING_BODY", ""),
        spark_remote=os.environ.get("SAIME_SPARK_REMOTE", ""),
    )


def _flag(name: str) -> bool:
    value = os.environ.get(name, "0")
    if value not in {"0", "1"}:
        raise BadInput(f"{name} is '{value}'", where="environment", fix="write 0 or 1")
    return value == "1"


def _choice(name: str, choices: tuple[str, ...]) -> str:
    """One of the choices, or empty where the operator has not chosen."""
    value = os.environ.get(name, "")
    if value and value not in choices:
        raise BadInput(f"{name} is '{value}'", where="environment", fix=f"write one of: {', '.join(choices)}")
    return value


def _count(name: str, default: int) -> int:
    value = os.environ.get(name, str(default))
    if not value.isdigit() or int(value) < 1:
        raise BadInput(f"{name} is '{value}'", where="environment", fix="write a whole number of 1 or more")
    return int(value)
