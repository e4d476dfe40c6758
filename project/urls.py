from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from consumers.asyncapi import show_document
from jobs.api.documentation import problems_page
from jobs.api.problems import DOCUMENTATION
from jobs.api.v1 import api

urlpatterns = [
    path("api/v1/asyncapi.json", show_document),
    path("api/v1/", api.urls),
    path(DOCUMENTATION.lstrip("/"), problems_page),
    path("admin/", admin.site.urls),
    path("", include("jobs.dashboard.urls")),
]
if settings.DEBUG:
    urlpatterns.append(path("dev/", include("project.dev.urls")))
