"""A migration operation for a model that has moved to another app with its rows."""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import CreateModel
from django.db.migrations.state import ProjectState


class AdoptTable(CreateModel):
    """Takes over `old_table` where a database has it, else creates the table.

    Renaming keeps rows, indexes and constraints; nothing is copied. Safe to run twice:
    after the first run the old name is gone. Not reversible with the rows: backwards
    drops the table, as CreateModel does.
    """

    def __init__(self, *args: Any, old_table: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.old_table = old_table

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        name, args, kwargs = super().deconstruct()
        return name, list(args), kwargs | {"old_table": self.old_table}

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        connection = schema_editor.connection
        if not self.allow_migrate_model(connection.alias, model):
            return
        if self.old_table in connection.introspection.table_names():
            schema_editor.alter_db_table(model, self.old_table, model._meta.db_table)
        else:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
