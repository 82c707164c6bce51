"""The administration: people, roles and the ledger, for those who may manage them."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.admin import AdminSite, site
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from pools.people.roles import MANAGE_PEOPLE
from pools.wording.roles import not_in_your_role


class PanelAdminSite(AdminSite):
    """Django's admin, open to the permission `pools.manage_people` and to nothing else.

    It has no sign-in of its own: signing in and out are the panel's, so that throttling and
    second factors hold here too.
    """

    site_header = "Administration"
    site_title = "Administration"
    index_title = "People, roles, tokens and the ledger"

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.has_perm(MANAGE_PEOPLE)

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied(not_in_your_role(MANAGE_PEOPLE))
        # Imported late: it needs the user model, which comes after this app.
        from django.contrib.auth.views import redirect_to_login

        target = request.GET.get("next") or reverse("admin:index")
        return redirect_to_login(target, settings.LOGIN_URL)

    # The stubs know of no answer but a rendered template.
    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_change_password")


class PanelAdminConfig(AdminConfig):
    """Puts the panel's administration in the place of Django's."""

    default_site = "pools.admin_site.PanelAdminSite"

    def ready(self) -> None:
        super().ready()
        # allauth's tables hold sealed secrets and settings; people manage theirs themselves.
        for label in ("account", "mfa", "socialaccount", "usersessions"):
            for model in apps.get_app_config(label).get_models():
                if site.is_registered(model):
                    site.unregister(model)
