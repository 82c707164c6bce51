"""The panel's one app."""

from django.apps import AppConfig


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

        events.connect()
        provider_tokens.connect()
        metrics.connect()
