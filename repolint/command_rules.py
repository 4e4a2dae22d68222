"""Every rule about commands, files, tasks, migrations, settings and services that a manual names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from repolint.rules.alembic_rules import (
    hidden_settings,
    missing_migrations,
    unknown_alembic_words,
    unknown_revisions,
    unknown_revisions_named,
)
from repolint.rules.celery_queue_rules import deaf_workers, unheard_queues, unknown_queues
from repolint.rules.celery_rules import missing_celery_apps, unknown_celery_words, unknown_tasks
from repolint.rules.compose_rules import scripts_not_in_the_image, unknown_containers, unknown_services
from repolint.rules.danger_rules import quiet_destruction, secrets_in_arguments
from repolint.rules.driver_rules import missing_drivers
from repolint.rules.file_rules import missing_files, missing_scripts, scripts_that_cannot_start
from repolint.rules.host_rules import unknown_hosts, unpublished_ports
from repolint.rules.link_rules import broken_links
from repolint.rules.python_rules import missing_modules, missing_tests
from repolint.rules.route_rules import unserved_paths
from repolint.rules.table_rules import tables_made_twice, unknown_indexes, unknown_tables
from repolint.rules.tool_rules import unknown_make_targets, unknown_package_scripts, unknown_poetry_scripts
from repolint.rules.variable_rules import unknown_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from repolint.project import Project
    from runbooks.lint.finding import Finding

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
