"""Companies stand in an order that an administrator chose, and by name where none was chosen."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pools", "0014_allowances_and_notes")]

    operations = [
        migrations.AlterModelOptions(
            name="company",
            options={
                "ordering": ["position", "name"],
                "permissions": (
                    ("view_pools", "See pools and their history"),
                    ("edit_pools", "Edit pools"),
                    ("clear_pools", "Clear pending requests"),
                    ("create_pools", "Create pools"),
                    ("delete_pools", "Delete pools"),
                    ("set_allowances", "Set allowances"),
                    ("view_all_changes", "See every company's changes"),
                    ("manage_people", "Manage people, roles and companies"),
                ),
                "verbose_name_plural": "companies",
            },
        ),
        migrations.AddField(
            model_name="company",
            name="position",
            field=models.PositiveSmallIntegerField(default=100, verbose_name="order"),
        ),
    ]
