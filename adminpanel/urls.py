"""Addresses. What people paste into tickets lives in pools/urls.py."""

from django.contrib import admin
from django.urls import include, path

from adminpanel import views

handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler429 = views.too_many
handler500 = views.server_error

urlpatterns = [
    path("", include("pools.urls")),
    path("accounts/", include("pools.accounts.urls")),
    path("admin/", admin.site.urls),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
]
