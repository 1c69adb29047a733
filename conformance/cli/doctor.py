"""What would go wrong in a run, told before it."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from typing import Any

import click

from conformance import settings
from conformance.cli.options import target_options
from conformance.cli.reference import embedded


@click.command(
    epilog="Exit codes: 0 nothing stands in the way of a run; 2 the configuration is wrong, or does not fit the target; "
    "3 the target can't be observed; 130 interrupted."
)
@target_options
@click.option("--write", is_flag=True, help="Also create one environment, and remove it again.")
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def doctor(*, write: bool, as_json: bool, **options: Any) -> None:
    """Tell before a run what would go wrong: one line for each finding, and what to do about it.

    Only GETs are sent, unless --write is given; then one environment named cmfc-<run id>-... is created and removed
    again, which shows whether a run may. Without --url the embedded reference server is examined.
    """
    from conformance.doctor import finding
    from conformance.doctor.examination import Options, examine
    from conformance.runner.surroundings import terminable

    config = options.pop("config")
    target = settings.load(config, options)
    given = settings.read(config).get("features", {}) if config else {}
    how = Options(write=write, embedded=not target.url, given=given)
    found = []
    with terminable(), embedded(target, wanted=not target.url) as server:
        with closing(examine(server, how)) as findings:
            for each in findings:
                found.append(each)
                if not as_json:
                    click.echo("\n".join(each.lines))
        if as_json:
            click.echo(json.dumps(finding.as_json(server.url, found), indent=2))
        else:
            click.echo(finding.summary(found))
    sys.exit(finding.exit_code(found))
