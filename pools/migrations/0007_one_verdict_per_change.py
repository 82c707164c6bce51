"""A change is settled once: the database itself takes one verdict and no other."""

from typing import Any

from django.db import migrations, models

# As in 0002, with verdicts beside intents and outcomes: REPLACE would delete the first one.
SQLITE = """
CREATE TRIGGER pools_entry_only_next BEFORE INSERT ON pools_entry
WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM pools_entry)
  OR NEW.previous IS NOT COALESCE(
       (SELECT digest FROM pools_entry ORDER BY seq DESC LIMIT 1), hex(zeroblob(32)))
  OR EXISTS (SELECT 1 FROM pools_entry WHERE form = NEW.form)
  OR (NEW.kind IN ('intent', 'outcome', 'settled') AND EXISTS (
       SELECT 1 FROM pools_entry WHERE change = NEW.change AND kind = NEW.kind))
BEGIN SELECT RAISE(ABORT, 'the ledger takes only its next entry'); END
"""


def guard_verdicts(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER pools_entry_only_next")
        schema_editor.execute(SQLITE)


class Migration(migrations.Migration):
    dependencies = [("pools", "0006_finding_changes")]

    operations = [
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "settled")),
                fields=("change",),
                name="one_verdict_per_change",
            ),
        ),
        migrations.RunPython(guard_verdicts),
    ]
