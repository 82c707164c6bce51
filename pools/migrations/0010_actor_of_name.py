"""An index of who was recorded under which name: a user name is given to one person only."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0009_origins"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["actor_name", "actor_id"], name="actor_of_name"),
        ),
    ]
