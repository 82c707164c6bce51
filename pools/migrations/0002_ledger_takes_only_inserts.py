"""The database itself lets the ledger grow by its next entry and by nothing else.

Going back is not offered: it would leave the ledger open.
"""

from typing import Any

from django.db import migrations

# REPLACE deletes the row it collides with, without a DELETE trigger unless the connection
# asks for recursive triggers: so the insert itself is refused where it would collide.
SQLITE = """
CREATE TRIGGER pools_entry_no_update BEFORE UPDATE ON pools_entry
BEGIN SELECT RAISE(ABORT, 'the ledger takes only inserts'); END;
CREATE TRIGGER pools_entry_no_delete BEFORE DELETE ON pools_entry
BEGIN SELECT RAISE(ABORT, 'the ledger takes only inserts'); END;
CREATE TRIGGER pools_entry_only_next BEFORE INSERT ON pools_entry
WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM pools_entry)
  OR NEW.previous IS NOT COALESCE(
       (SELECT digest FROM pools_entry ORDER BY seq DESC LIMIT 1), hex(zeroblob(32)))
  OR EXISTS (SELECT 1 FROM pools_entry WHERE form = NEW.form)
  OR (NEW.kind IN ('intent', 'outcome') AND EXISTS (
       SELECT 1 FROM pools_entry WHERE change = NEW.change AND kind = NEW.kind))
BEGIN SELECT RAISE(ABORT, 'the ledger takes only its next entry'); END;
"""

# The table is named by TG_RELID: a temporary table of the same name would hide it.
# Row triggers do not see TRUNCATE. ALWAYS: also when a session claims to be a replica.
POSTGRESQL = """
CREATE FUNCTION pools_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger takes only inserts'
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE FUNCTION pools_entry_only_next() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last_seq bigint;
  last_digest text;
BEGIN
  EXECUTE format('SELECT seq, digest FROM %s ORDER BY seq DESC LIMIT 1', TG_RELID::regclass)
    INTO last_seq, last_digest;
  IF NEW.seq IS DISTINCT FROM COALESCE(last_seq, 0) + 1
     OR NEW.previous IS DISTINCT FROM COALESCE(last_digest, repeat('0', 64)) THEN
    RAISE EXCEPTION 'the ledger takes only its next entry'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER pools_entry_no_change BEFORE UPDATE OR DELETE ON pools_entry
  FOR EACH STATEMENT EXECUTE FUNCTION pools_entry_refuse();
CREATE TRIGGER pools_entry_no_truncate BEFORE TRUNCATE ON pools_entry
  FOR EACH STATEMENT EXECUTE FUNCTION pools_entry_refuse();
CREATE TRIGGER pools_entry_only_next BEFORE INSERT ON pools_entry
  FOR EACH ROW EXECUTE FUNCTION pools_entry_only_next();
ALTER TABLE pools_entry ENABLE ALWAYS TRIGGER pools_entry_no_change;
ALTER TABLE pools_entry ENABLE ALWAYS TRIGGER pools_entry_no_truncate;
ALTER TABLE pools_entry ENABLE ALWAYS TRIGGER pools_entry_only_next;
"""


def guard_the_ledger(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL, params=None)
        return
    # A trigger's body has semicolons of its own: they end "END;" alone.
    for statement in SQLITE.split("END;"):
        if statement.strip():
            schema_editor.execute(f"{statement} END;")


class Migration(migrations.Migration):
    dependencies = [("pools", "0001_initial")]

    operations = [migrations.RunPython(guard_the_ledger)]
