"""The developer's pages and the sign-in they send others to, as under DEBUG."""

from django.contrib.auth.views import LoginView
from django.urls import include, path

urlpatterns = [
    path("dev/", include("project.dev.urls")),
    path("login/", LoginView.as_view(), name="login"),
]
