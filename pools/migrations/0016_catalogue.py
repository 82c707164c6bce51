"""The catalogue: what Core last showed of each pool, and readings of all of them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0015_companies_in_order"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SeenPool",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("origin", models.PositiveIntegerField()),
                ("pool_id", models.BigIntegerField()),
                ("name", models.CharField(max_length=255, null=True)),
                ("limit", models.BigIntegerField(null=True)),
                ("timeout", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField(null=True)),
                ("updated_at", models.DateTimeField(null=True)),
                ("connectors", models.TextField(default="")),
                ("words", models.TextField()),
                ("seen_at", models.DateTimeField()),
                ("reading", models.BigIntegerField(null=True)),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="pools.company",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="SeenSystem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                ("key", models.CharField(max_length=765)),
                (
                    "pool",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="systems",
                        to="pools.seenpool",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Reading",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("origin", models.PositiveIntegerField()),
                ("by", models.CharField(max_length=150)),
                ("began_at", models.DateTimeField()),
                ("next_page", models.PositiveBigIntegerField(default=1)),
                ("pools", models.PositiveBigIntegerField(default=0)),
                ("total", models.PositiveBigIntegerField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="pools.company",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        fields=["company", "origin", "ended_at"], name="reading_of_company"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="seenpool",
            constraint=models.UniqueConstraint(
                fields=("company", "origin", "pool_id"), name="one_row_per_seen_pool"
            ),
        ),
        migrations.AddConstraint(
            model_name="seensystem",
            constraint=models.UniqueConstraint(
                fields=("pool", "key"), name="one_row_per_seen_system"
            ),
        ),
    ]
