from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from jobs.api.v1 import api
from project.health import livez, readyz

urlpatterns = [
    path("livez", livez),
    path("readyz", readyz),
    path("api/v1/", api.urls),
    path("admin/", admin.site.urls),
    path("", include("jobs.dashboard.urls")),
]
if settings.DEBUG:
    urlpatterns.append(path("dev/", include("project.dev.urls")))
