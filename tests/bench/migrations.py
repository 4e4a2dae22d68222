"""A downgrade that keeps 1 000 000 profiles, beside psql's COPY of them to a file and DROP of the table."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from pydantic import SecretStr

from actions.migrations.downgrade import DowngradeRequest, downgrade
from actions.migrations.project import lost_in, project_of, render
from actions.migrations.session import Patience
from sandbox.servers import run_postgres
from signals.connections.postgres import read_address
from signals.settings import PostgresSettings
from tests.actions.build import context
from tests.bench.measure import Measure
from tests.chimera import PROFILE

PROFILES = 1_000_000
LIMIT = 2.0
HEAD = "375b918c8740"
FILL = f"""INSERT INTO user_profiles (discord_user_id, puuid, profile_data) SELECT n::text, md5(n::text),
 jsonb_build_object('name', 'player ' || n, 'level', n %% 500, 'champions', ARRAY[n %% 160, n %% 97, n %% 13])
 FROM generate_series(1, {PROFILES}) n""".replace("%%", "%")


def measure() -> list[Measure]:
    """One figure; both ways begin with the same table, written anew and analysed."""
    with tempfile.TemporaryDirectory(prefix="warroom-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # Postgres runs as nobody where we are root
        with run_postgres(folder / "data") as server:
            floor = copy_and_drop(server.url, folder)
            value = snapshot_and_downgrade(server.url)
    title = f"snapshot and downgrade of {PROFILES} profiles (floor: psql COPY and DROP)"
    ratio = value / floor
    return [Measure(title, f"{value:.2f} s", f"{floor:.2f} s", ratio, f"≤ {LIMIT:.0f} ×", ratio <= LIMIT)]


def fill(url: str) -> None:
    """The service's table by its own migration, full."""
    settings = PostgresSettings(url=SecretStr(url), migrations=PROFILE.migrations)
    steps = render(project_of(settings), "upgrade", "", "head")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num varchar(32) PRIMARY KEY)")
        for step in steps:
            for each in step.effects:
                connection.execute(each.statement.encode())
        connection.execute(FILL.encode())
        connection.execute("VACUUM ANALYZE user_profiles")
        connection.execute("CHECKPOINT")


def copy_and_drop(url: str, folder: Path) -> float:
    """Seconds."""
    fill(url)
    script = f"\\copy user_profiles to '{folder}/profiles.copy'\nDROP TABLE user_profiles;\n"
    start = time.perf_counter()
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", url], input=script, text=True, check=True)
    seconds = time.perf_counter() - start
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE alembic_version")
    return seconds


def snapshot_and_downgrade(url: str) -> float:
    """Seconds."""
    fill(url)
    settings = PostgresSettings(url=SecretStr(url), migrations=PROFILE.migrations)
    project = project_of(settings)
    steps = render(project, "downgrade", HEAD, "base")
    request = DowngradeRequest(
        rows=(HEAD,),
        target="",
        steps=steps,
        lost=lost_in(steps, "alembic_version"),
        version_table=("alembic_version",),
        actor="bench",
    )
    start = time.perf_counter()
    done = downgrade(
        read_address(SecretStr(url), timeout_s=60, source="postgres"),
        project,
        request,
        patience=Patience(),
        processes=context().processes,
        print_line=lambda _: None,
    )
    seconds = time.perf_counter() - start
    if done.snapshots[0].rows != PROFILES or done.revisions:
        raise RuntimeError("the downgrade did not do what is measured")
    return seconds
