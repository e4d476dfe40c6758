from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from project.health import livez, readyz

urlpatterns = [
    path("livez", livez),
    path("readyz", readyz),
    path("admin/", admin.site.urls),
]
if settings.DEBUG:
    urlpatterns.append(path("dev/", include("project.dev.urls")))
