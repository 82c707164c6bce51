"""The panel's own bounds."""

from django.contrib.auth.models import User

from pools.models.bounds import EMAIL, FULL_NAME, USERNAME


def test_what_people_are_called_fits_the_columns_of_django() -> None:
    columns = {name: User._meta.get_field(name) for name in ("username", "first_name", "email")}
    longest = {name: getattr(column, "max_length", None) for name, column in columns.items()}
    assert longest == {"username": USERNAME, "first_name": FULL_NAME, "email": EMAIL}
