"""Words of scripts that put no blanks between them can be found in what is there, too."""

from typing import Any

from django.db import migrations

from pools.models.index_term import words_of

CHUNK = 1000
FACETS = {"intent": "reason", "drift": "reason", "event": "event"}


def index_what_is_there(apps: Any, schema_editor: Any) -> None:
    """Adds terms beside those that are there. A text of ASCII alone has no others."""
    entries = apps.get_model("pools", "Entry").objects.using(schema_editor.connection.alias)
    index = apps.get_model("pools", "IndexTerm").objects.using(schema_editor.connection.alias)
    lines = entries.filter(kind__in=FACETS).values_list("kind", "at", "seq", "reason", "pool_name")
    waiting: list[Any] = []
    for kind, at, seq, reason, pool_name in lines.order_by("seq").iterator(CHUNK):
        for facet, text in ((FACETS[kind], reason), ("name", pool_name)):
            words = [] if text.isascii() else words_of(text)
            waiting += [index.model(term=f"{facet}:{word}", at=at, seq=seq) for word in words]
        if len(waiting) >= CHUNK:
            index.bulk_create(waiting, ignore_conflicts=True)
            waiting = []
    index.bulk_create(waiting, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("pools", "0007_one_verdict_per_change")]

    operations = [migrations.RunPython(index_what_is_there, migrations.RunPython.noop)]
