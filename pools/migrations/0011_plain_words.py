"""What the administration says beside a company's fields, and what rights are called.

Nothing in the tables changes. The names of rights that are there follow after `migrate`:
pools/people/role_groups.py.
"""

from django.db import migrations, models

COLOURS = [
    ("teal", "Teal"),
    ("blue", "Blue"),
    ("violet", "Violet"),
    ("magenta", "Magenta"),
    ("red", "Red"),
    ("orange", "Orange"),
    ("olive", "Olive"),
    ("green", "Green"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0010_actor_of_name"),
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
                    ("view_all_changes", "See every company's changes"),
                    ("manage_people", "Manage people, roles and companies"),
                ),
                "verbose_name_plural": "companies",
            },
        ),
        migrations.AlterField(
            model_name="company",
            name="base_url",
            field=models.CharField(
                help_text=(
                    "Scheme, host and path, for example https://core.wearepatchworks.com. "
                    "Stored tokens work only with this address: if you change it, they stop "
                    "working and everyone has to add theirs again."
                ),
                max_length=500,
                verbose_name="Core API address",
            ),
        ),
        migrations.AlterField(
            model_name="company",
            name="colour",
            field=models.CharField(
                choices=COLOURS,
                default="teal",
                help_text="The colour of the band on this company's pages.",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="company",
            name="reason_required_for",
            field=models.JSONField(blank=True, default=list, verbose_name="reason required"),
        ),
        migrations.AlterField(
            model_name="company",
            name="sign_in_url",
            field=models.CharField(
                blank=True,
                help_text=(
                    "Where Patchworks signs people in, for example "
                    "https://app.wearepatchworks.com/fabric/api/login. Leave it empty if "
                    "people shouldn't sign in to Patchworks from here."
                ),
                max_length=500,
                verbose_name="sign-in address",
            ),
        ),
        migrations.AlterField(
            model_name="company",
            name="slug",
            field=models.SlugField(
                help_text=(
                    "Part of the address of each of this company's pages, and its name in the "
                    "ledger. You can't change it later."
                ),
                unique=True,
                verbose_name="short name",
            ),
        ),
    ]
