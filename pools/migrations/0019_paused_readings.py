"""Until when a reading of all pools waits, as Core allows only so many calls."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0018_found_by_notes"),
    ]

    operations = [
        migrations.AddField(
            model_name="reading",
            name="paused_until",
            field=models.DateTimeField(null=True),
        ),
    ]
