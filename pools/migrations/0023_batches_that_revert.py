"""Which change an item of a list undoes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0022_checkpoint_standing"),
    ]

    operations = [
        migrations.AddField(
            model_name="batchitem",
            name="reverts",
            field=models.UUIDField(null=True),
        ),
    ]
