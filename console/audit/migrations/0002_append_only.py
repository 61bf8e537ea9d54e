"""Let the database itself refuse every change of an audit entry.

Rows: none touched. Deploy: with 0001. Back: takes the guards down.
A later migration that makes SQLite rebuild the table (any change of a column there)
drops the triggers with the old one: end it with `put_up`.
"""

from django.db import migrations

TABLE = "audit_auditentry"
WORDS = "the audit log is append-only"
NOT_NEXT = (
    f"COALESCE(NEW.seq, 0) <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM {TABLE})"
)

# The insert trigger stops INSERT OR REPLACE, which deletes a row without a DELETE.
SQLITE_UP = [
    f"""
    CREATE TRIGGER audit_entry_{act.lower()} BEFORE {act} ON {TABLE} {condition}
    BEGIN SELECT RAISE(ABORT, '{WORDS}'); END
    """
    for act, condition in (
        ("UPDATE", ""),
        ("DELETE", ""),
        ("INSERT", f"WHEN {NOT_NEXT}"),
    )
]
SQLITE_DOWN = [
    f"DROP TRIGGER IF EXISTS audit_entry_{act}" for act in ("update", "delete", "insert")
]

# Row triggers do not see TRUNCATE. ALWAYS: else session_replication_role = replica
# switches them off.
POSTGRESQL_UP = [
    f"""
    CREATE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    f"""
    CREATE FUNCTION audit_entry_only_next() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF {NOT_NEXT} THEN
        RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
    f"""
    CREATE TRIGGER audit_entry_change BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()
    """,
    f"""
    CREATE TRIGGER audit_entry_truncate BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()
    """,
    f"""
    CREATE TRIGGER audit_entry_insert BEFORE INSERT ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION audit_entry_only_next()
    """,
    *(
        f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER audit_entry_{name}"
        for name in ("change", "truncate", "insert")
    ),
]
POSTGRESQL_DOWN = [
    *(
        f"DROP TRIGGER IF EXISTS audit_entry_{name} ON {TABLE}"
        for name in ("change", "truncate", "insert")
    ),
    "DROP FUNCTION IF EXISTS audit_entry_refuse()",
    "DROP FUNCTION IF EXISTS audit_entry_only_next()",
]

UP = {"sqlite": SQLITE_UP, "postgresql": POSTGRESQL_UP}
DOWN = {"sqlite": SQLITE_DOWN, "postgresql": POSTGRESQL_DOWN}


def put_up(apps, editor):
    for statement in UP[editor.connection.vendor]:
        editor.execute(statement)


def take_down(apps, editor):
    for statement in DOWN[editor.connection.vendor]:
        editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(put_up, take_down)]
