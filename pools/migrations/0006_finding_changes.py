"""What the pages of changes find them by: an index of terms, and indexes of the ledger."""

from typing import Any

from django.db import migrations, models

from pools.models.index_term import terms_of

CHUNK = 1000


def index_what_is_there(apps: Any, schema_editor: Any) -> None:
    entries = apps.get_model("pools", "Entry").objects.using(schema_editor.connection.alias)
    terms = apps.get_model("pools", "IndexTerm")
    lines: dict[Any, tuple[Any, int]] = {}
    waiting: list[Any] = []
    for entry in entries.order_by("seq").iterator(CHUNK):
        if entry.kind == "intent":
            lines[entry.change] = entry.at, entry.seq
        at, seq = lines.get(entry.change, (entry.at, entry.seq))
        waiting += [terms(term=term, at=at, seq=seq) for term in terms_of(entry)]
        if len(waiting) >= CHUNK:
            terms.objects.bulk_create(waiting, ignore_conflicts=True)
            waiting = []
    terms.objects.bulk_create(waiting, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0005_invitations"),
    ]

    operations = [
        migrations.CreateModel(
            name="IndexTerm",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "term",
                        "at",
                        "seq",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("term", models.CharField(max_length=60)),
                ("at", models.DateTimeField()),
                ("seq", models.BigIntegerField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.RemoveIndex(
            model_name="entry",
            name="change_of_company",
        ),
        migrations.AddField(
            model_name="company",
            name="reason_required_for",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="The changes that nobody can make here without giving a reason.",
                verbose_name="reason required",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("kind", "event")),
                fields=["actor_id", "-seq"],
                name="event_of_actor",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("kind__in", ["intent", "drift"])),
                fields=["-at", "-seq", "action"],
                name="change_by_time",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("kind__in", ["intent", "drift"])),
                fields=["company", "-at", "-seq", "action"],
                name="change_by_company",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("kind__in", ["intent", "drift"])),
                fields=["actor_name", "-at", "-seq", "action"],
                name="change_by_person",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("kind__in", ["intent", "drift"])),
                fields=["action", "-at", "-seq"],
                name="change_by_action",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("kind__in", ["intent", "drift"])),
                fields=["company", "action", "-at", "-seq"],
                name="change_by_company_and_action",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("kind", "event")),
                fields=["-at", "-seq", "action"],
                name="event_by_time",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("kind", "event")),
                fields=["company", "-at", "-seq", "action"],
                name="event_by_company",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("kind", "event")),
                fields=["actor_name", "-at", "-seq", "action"],
                name="event_by_person",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("kind", "event")),
                fields=["action", "-at", "-seq"],
                name="event_by_action",
            ),
        ),
        migrations.RunPython(index_what_is_there, migrations.RunPython.noop),
    ]
