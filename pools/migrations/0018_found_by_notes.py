"""The note that is pinned to a pool is among what the pool is found by."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0017_archived_companies"),
    ]

    operations = [
        migrations.AddField(
            model_name="seenpool",
            name="note",
            field=models.CharField(default="", max_length=500),
        ),
    ]
