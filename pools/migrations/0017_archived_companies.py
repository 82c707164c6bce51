"""A company that nobody works in any longer is archived: its history stays."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pools", "0016_catalogue")]

    operations = [
        migrations.AddField(
            model_name="company",
            name="archived_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
