"""Lists of changes that are frozen before any of it is sent, and their items."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0019_paused_readings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("origin", models.PositiveIntegerField()),
                ("operation", models.CharField(max_length=20)),
                ("how", models.TextField()),
                ("reason", models.TextField()),
                ("made_by_name", models.CharField(max_length=150)),
                ("made_at", models.DateTimeField()),
                ("source", models.CharField(max_length=20)),
                ("source_batch", models.UUIDField(null=True)),
                ("query", models.TextField(default="")),
                ("weighed", models.TextField()),
                ("digest", models.CharField(max_length=64)),
                ("paused_until", models.DateTimeField(null=True)),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="pools.company",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "batches",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="BatchItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("action", models.CharField(max_length=20)),
                ("pool_id", models.BigIntegerField(null=True)),
                ("name", models.TextField()),
                ("seen", models.TextField(default="")),
                ("systems", models.TextField(default="{}")),
                ("note", models.TextField(default="")),
                ("wanted", models.TextField(default="")),
                ("form", models.UUIDField(unique=True)),
                ("line", models.PositiveIntegerField(null=True)),
                ("left_out", models.CharField(default="", max_length=20)),
                ("stopped", models.CharField(default="", max_length=20)),
                ("stopped_says", models.TextField(default="")),
                ("stopped_at", models.DateTimeField(null=True)),
                ("claimed_until", models.DateTimeField(null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="pools.batch",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["company", "-made_at"], name="batch_of_company"),
        ),
        migrations.AddIndex(
            model_name="batchitem",
            index=models.Index(fields=["pool_id", "batch"], name="item_of_pool"),
        ),
        migrations.AddConstraint(
            model_name="batchitem",
            constraint=models.UniqueConstraint(
                fields=("batch", "position"), name="one_item_per_position"
            ),
        ),
    ]
