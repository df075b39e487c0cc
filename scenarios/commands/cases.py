"""`jingli cases` and `jingli schema`: what ships with Jingli."""

from __future__ import annotations

import click


@click.command("schema", help="Print the JSON schema of case.yaml, for editors.")
def schema_command() -> None:
    """See the decorator."""
    import json

    from scenarios.schema import CaseSpec

    click.echo(json.dumps(CaseSpec.model_json_schema(), ensure_ascii=False, indent=1))


@click.command("cases", help="List the cases that ship with Jingli.")
def cases_command() -> None:
    """See the decorator."""
    from scenarios.case import embedded_cases, open_case

    for name in embedded_cases():
        case = open_case(name)
        click.echo(f"{name}\t{case.spec.name}\t{', '.join(case.library.scenarios)}")
