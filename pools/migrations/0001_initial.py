"""The tables."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import pools.models.entry


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Company",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "slug",
                    models.SlugField(
                        help_text=(
                            "Part of every address of this company's pages, and its name "
                            "in the ledger."
                        ),
                        unique=True,
                    ),
                ),
                (
                    "base_url",
                    models.CharField(
                        help_text=(
                            "Scheme, host and path, for instance "
                            "https://core.wearepatchworks.com. Stored tokens are bound to "
                            "this address: after a change of it they no longer open, and "
                            "everyone has to add theirs again."
                        ),
                        max_length=500,
                        verbose_name="Core's address",
                    ),
                ),
                (
                    "sign_in_url",
                    models.CharField(
                        blank=True,
                        help_text=(
                            "Where Patchworks signs people in, for instance "
                            "https://app.wearepatchworks.com/fabric/api/login. Empty: not "
                            "offered."
                        ),
                        max_length=500,
                        verbose_name="sign-in address",
                    ),
                ),
                (
                    "colour",
                    models.CharField(
                        choices=[
                            ("teal", "Teal"),
                            ("blue", "Blue"),
                            ("violet", "Violet"),
                            ("magenta", "Magenta"),
                            ("red", "Red"),
                            ("orange", "Orange"),
                            ("olive", "Olive"),
                            ("green", "Green"),
                        ],
                        default="teal",
                        max_length=10,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "companies",
                "ordering": ["name"],
                "permissions": [
                    ("view_pools", "See pools and their history"),
                    ("edit_pools", "Edit pools"),
                    ("clear_pools", "Clear pending requests"),
                    ("create_pools", "Create pools"),
                    ("delete_pools", "Delete pools"),
                    ("view_all_changes", "See the changes of every company"),
                    ("manage_people", "Look after people, roles and companies"),
                ],
            },
        ),
        migrations.CreateModel(
            name="KeyCanary",
            fields=[
                ("key_id", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("sealed", models.TextField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("seq", pools.models.entry.SequenceField(primary_key=True, serialize=False)),
                ("version", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("intent", "intent"),
                            ("outcome", "outcome"),
                            ("readback", "read back"),
                            ("settled", "settled"),
                            ("released", "released"),
                            ("drift", "changed outside the panel"),
                            ("event", "event"),
                        ],
                        max_length=10,
                    ),
                ),
                ("change", models.UUIDField(null=True)),
                ("form", models.UUIDField(null=True)),
                ("batch", models.UUIDField(null=True)),
                ("actor_id", models.CharField(max_length=40)),
                ("actor_name", models.TextField()),
                ("company", models.CharField(max_length=50)),
                ("pool_id", models.CharField(max_length=40)),
                ("pool_name", models.TextField()),
                ("action", models.CharField(max_length=40)),
                ("outcome", models.CharField(max_length=20)),
                ("reason", models.TextField()),
                ("facts", models.TextField()),
                ("key_id", models.CharField(max_length=32)),
                ("previous", models.CharField(max_length=64)),
                ("digest", models.CharField(max_length=64)),
            ],
            options={
                "verbose_name_plural": "entries",
                "ordering": ["-seq"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("change__isnull", False)),
                        fields=["change"],
                        name="entry_of_change",
                    ),
                    models.Index(fields=["company", "pool_id", "-seq"], name="entry_of_pool"),
                    models.Index(
                        condition=models.Q(("kind", "intent")),
                        fields=["company", "-seq"],
                        name="change_of_company",
                    ),
                    models.Index(
                        condition=models.Q(("kind", "intent")),
                        fields=["actor_id", "-seq"],
                        name="change_of_actor",
                    ),
                    models.Index(
                        condition=models.Q(("batch__isnull", False)),
                        fields=["batch", "seq"],
                        name="entry_of_batch",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("form__isnull", False)),
                        fields=("form",),
                        name="one_change_per_form",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "intent")),
                        fields=("change",),
                        name="one_intent_per_change",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "outcome")),
                        fields=("change",),
                        name="one_outcome_per_change",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("company", models.CharField(max_length=50)),
                ("pool_key", models.CharField(max_length=64)),
                ("change", models.UUIDField(unique=True)),
                ("held_since", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("company", "pool_key"), name="one_lease_per_pool"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Token",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("api_key", "API key"), ("bearer", "Bearer token")], max_length=10
                    ),
                ),
                ("label", models.CharField(blank=True, max_length=100)),
                ("sealed", models.TextField()),
                ("fingerprint", models.CharField(max_length=16)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("verified_at", models.DateTimeField(blank=True, null=True)),
                ("last_worked_at", models.DateTimeField(blank=True, null=True)),
                ("refused_at", models.DateTimeField(blank=True, null=True)),
                ("opens_total", models.PositiveBigIntegerField(blank=True, null=True)),
                ("opens_names", models.JSONField(default=list)),
                ("opens_ids", models.JSONField(default=list)),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to="pools.company",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["company__name", "-created_at"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("confirmed_at__isnull", False)),
                        fields=("user", "company"),
                        name="one_confirmed_token",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("confirmed_at__isnull", True)),
                        fields=("user", "company"),
                        name="one_unconfirmed_token",
                    ),
                ],
            },
        ),
    ]
