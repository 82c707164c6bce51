"""Which origin the pools belong to that a token showed; unknown of those that are there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0012_entry_of_no_kind"),
    ]

    operations = [
        migrations.AddField(
            model_name="token",
            name="opens_origin",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
    ]
