"""The panel's one app."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class PoolsConfig(AppConfig):
    """Connection pools: their pages, their changes, the people's tokens."""

    name = "pools"
    verbose_name = "Pools"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registers its system checks: every command refuses what a start refuses.
        from adminpanel import checks  # noqa: F401
        from pools import metrics
        from pools.accounts import events, provider_tokens
        from pools.database_faults import end_silence, notice_removal
        from pools.models.stored import read_every_text
        from pools.people.role_groups import after_migrate
        from pools.people.user_names import rule_all
        from pools.wording.people import LETTERS

        events.connect()
        provider_tokens.connect()
        rule_all(LETTERS)
        metrics.connect()
        connection_created.connect(read_every_text)
        connection_created.connect(end_silence)
        connection_created.connect(notice_removal)
        post_migrate.connect(after_migrate, sender=self, dispatch_uid="pools.people.role_groups")
