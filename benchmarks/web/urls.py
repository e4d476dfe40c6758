"""The project's addresses, and an async view that does nothing but read one row."""

from django.contrib.auth.models import User
from django.http import HttpRequest, JsonResponse
from django.urls import include, path


async def one_row(_request: HttpRequest) -> JsonResponse:
    user = await User.objects.aget(username="ada")
    return JsonResponse({"id": user.pk})


urlpatterns = [path("one-row", one_row), path("", include("project.urls"))]
