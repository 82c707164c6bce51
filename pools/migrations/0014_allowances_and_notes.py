"""What accounts allow, and notes that are pinned; and the right to set the former."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0013_origin_of_what_a_token_shows"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="company",
            options={
                "ordering": ["name"],
                "permissions": (
                    ("view_pools", "See pools and their history"),
                    ("edit_pools", "Edit pools"),
                    ("clear_pools", "Clear pending requests"),
                    ("create_pools", "Create pools"),
                    ("delete_pools", "Delete pools"),
                    ("set_allowances", "Set allowances"),
                    ("view_all_changes", "See every company's changes"),
                    ("manage_people", "Manage people, roles and companies"),
                ),
                "verbose_name_plural": "companies",
            },
        ),
        migrations.CreateModel(
            name="Allowance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("system", models.CharField(max_length=255)),
                ("key", models.CharField(editable=False, max_length=765)),
                ("number", models.PositiveIntegerField()),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="allowances",
                        to="pools.company",
                    ),
                ),
            ],
            options={
                "ordering": ["key"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("company", "key"), name="one_allowance_per_system"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1), ("number__lte", 1000000000)),
                        name="allowance_in_bounds",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PinnedNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("origin", models.PositiveIntegerField(null=True)),
                ("pool_id", models.PositiveBigIntegerField(null=True)),
                ("text", models.CharField(max_length=500)),
                ("written_by", models.CharField(max_length=150)),
                ("written_at", models.DateTimeField()),
                ("entry", models.PositiveBigIntegerField()),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
                        to="pools.company",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("pool_id__isnull", False)),
                        fields=("company", "origin", "pool_id"),
                        name="one_note_per_pool",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("pool_id__isnull", True)),
                        fields=("company",),
                        name="one_note_per_company",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("origin__isnull", True), ("pool_id__isnull", True)),
                            models.Q(("origin__isnull", False), ("pool_id__isnull", False)),
                            _connector="OR",
                        ),
                        name="note_of_a_pool_or_a_company",
                    ),
                ],
            },
        ),
    ]
