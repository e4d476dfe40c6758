"""All pages and the developer's, as under DEBUG."""

from django.urls import include, path

from project.urls import urlpatterns as pages

urlpatterns = [*pages, path("dev/", include("project.dev.urls"))]
