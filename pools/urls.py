"""Addresses of the panel. They are part of the product: people paste them into tickets."""

from django.core.exceptions import ImproperlyConfigured
from django.urls import path, register_converter

from pools.guards import unguarded_views
from pools.views import account, changes, companies, pools, tokens


class PoolIdConverter:
    """A pool's id: digits only, as Core gives them; 64 bits at most."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, text: str) -> int:
        number = int(text)
        if number >= 2**63:
            raise ValueError
        return number

    def to_url(self, number: int) -> str:
        return str(number)


register_converter(PoolIdConverter, "pool_id")

app_name = "pools"
urlpatterns = [
    path("", companies.company_list, name="companies"),
    path("c/<slug:company>/pools/", pools.pool_list, name="pool_list"),
    path("c/<slug:company>/pools/new/", changes.pool_new, name="pool_new"),
    path("c/<slug:company>/pools/<pool_id:pool>/", pools.pool_detail, name="pool_detail"),
    path("c/<slug:company>/pools/<pool_id:pool>/edit/", changes.pool_edit, name="pool_edit"),
    path("c/<slug:company>/pools/<pool_id:pool>/clear/", changes.pool_clear, name="pool_clear"),
    path("c/<slug:company>/pools/<pool_id:pool>/delete/", changes.pool_delete, name="pool_delete"),
    path(
        "c/<slug:company>/changes/<uuid:change>/release/",
        changes.change_release,
        name="change_release",
    ),
    path("tokens/", tokens.token_list, name="token_list"),
    path("tokens/add/", tokens.token_add, name="token_add"),
    path("tokens/<slug:company>/confirm/", tokens.token_confirm, name="token_confirm"),
    path("tokens/<slug:company>/verify/", tokens.token_verify, name="token_verify"),
    path("tokens/<slug:company>/replace/", tokens.token_replace, name="token_replace"),
    path("tokens/<slug:company>/remove/", tokens.token_remove, name="token_remove"),
    path("account/", account.account, name="account"),
    path("theme/", account.theme, name="theme"),
]

if open_views := unguarded_views(urlpatterns):
    raise ImproperlyConfigured(f"Views without a guard: {', '.join(open_views)}.")
