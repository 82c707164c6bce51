"""What pages mean by their words, and what to look at before changing a pool."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from pools.pages.guards import signed_in
from pools.pages.rendering import show
from pools.wording.glossary import GLOSSARY
from pools.wording.stuck import CAUSES


@signed_in
def help_page(request: HttpRequest) -> HttpResponse:
    return show(request, "pools/help.html", {"glossary": GLOSSARY})


@signed_in
def stuck(request: HttpRequest) -> HttpResponse:
    return render(request, "pools/stuck.html", {"causes": CAUSES})
