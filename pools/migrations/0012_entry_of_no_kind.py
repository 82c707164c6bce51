"""An index of entries whose kind is no word of ours: altered ones, which no list would find."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0011_plain_words"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                fields=["-at", "-seq"],
                condition=~models.Q(
                    kind__in=[
                        *("intent", "outcome", "readback", "settled", "released"),
                        *("drift", "event"),
                    ]
                ),
                name="entry_of_no_kind",
            ),
        ),
    ]
