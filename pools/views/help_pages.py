"""What pages mean by their words."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from pools.pages.guards import signed_in
from pools.wording.glossary import GLOSSARY


@signed_in
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "pools/help.html", {"glossary": GLOSSARY})
