"""Every rule about commands, files, tasks, migrations, settings and services that a manual names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runbooks.manual.alembic_rules import (
    hidden_settings,
    missing_migrations,
    unknown_alembic_words,
    unknown_revisions,
    unknown_revisions_named,
)
from runbooks.manual.celery_queue_rules import deaf_workers, unheard_queues, unknown_queues
from runbooks.manual.celery_rules import missing_celery_apps, unknown_celery_words, unknown_tasks
from runbooks.manual.compose_rules import scripts_not_in_the_image, unknown_containers, unknown_services
from runbooks.manual.danger_rules import quiet_destruction, secrets_in_arguments
from runbooks.manual.driver_rules import missing_drivers
from runbooks.manual.file_rules import missing_files, missing_scripts, scripts_that_cannot_start
from runbooks.manual.host_rules import unknown_hosts, unpublished_ports
from runbooks.manual.link_rules import broken_links
from runbooks.manual.python_rules import missing_modules, missing_tests
from runbooks.manual.route_rules import unserved_paths
from runbooks.manual.table_rules import tables_made_twice, unknown_indexes, unknown_tables
from runbooks.manual.tool_rules import unknown_make_targets, unknown_package_scripts, unknown_poetry_scripts
from runbooks.manual.variable_rules import unknown_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runbooks.lint.finding import Finding
    from runbooks.manual.project import Project

COMMAND_RULES: Final[tuple[Callable[[Project], Iterable[Finding]], ...]] = (
    missing_scripts,
    missing_files,
    scripts_that_cannot_start,
    broken_links,
    unknown_make_targets,
    unknown_package_scripts,
    unknown_poetry_scripts,
    missing_modules,
    missing_tests,
    missing_celery_apps,
    unknown_celery_words,
    unknown_tasks,
    deaf_workers,
    unheard_queues,
    unknown_queues,
    unknown_alembic_words,
    missing_migrations,
    unknown_revisions,
    unknown_revisions_named,
    hidden_settings,
    missing_drivers,
    unknown_tables,
    unknown_indexes,
    tables_made_twice,
    unknown_variables,
    unserved_paths,
    unknown_services,
    unknown_containers,
    unknown_hosts,
    unpublished_ports,
    scripts_not_in_the_image,
    quiet_destruction,
    secrets_in_arguments,
)
