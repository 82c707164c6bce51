"""How it stands with signed checkpoints and their copies."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0021_tree"),
    ]

    operations = [
        migrations.CreateModel(
            name="CheckpointStanding",
            fields=[
                ("name", models.CharField(max_length=10, primary_key=True, serialize=False)),
                ("size", models.BigIntegerField(default=0)),
                ("at", models.DateTimeField(null=True)),
                ("failing_since", models.DateTimeField(null=True)),
                ("reason", models.TextField(blank=True, default="")),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
