"""Addresses. What people paste into tickets lives in pools/urls.py."""

from django.contrib import admin
from django.urls import include, path

from adminpanel import views
from pools.pages import errors

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler429 = errors.too_many
handler500 = errors.server_error

urlpatterns = [
    path("", include("pools.urls")),
    path("accounts/", include("pools.accounts.urls")),
    path("admin/", admin.site.urls),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("audit/feed", views.feed, name="feed"),
]
