"""The page of a user's API tokens."""

from datetime import datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_POST

from jobs.dashboard.words import ago
from jobs.errors import TooManyTokens
from jobs.models import ApiToken, Scope
from jobs.models.token import MAX_NAME_CHARACTERS

#: How many days a token may be good for; none: until it is revoked.
LIFETIMES = (("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "A year"), ("", "It does not"))


class TokenForm(forms.Form):
    name = forms.CharField(max_length=MAX_NAME_CHARACTERS)
    scopes = forms.MultipleChoiceField(choices=Scope.choices, initial=[Scope.READ])
    days = forms.ChoiceField(choices=LIFETIMES, initial="90", required=False)

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
async def tokens(request: HttpRequest) -> HttpResponse:
    """The user's tokens, and a form to make one. What was made is in this answer, and can't be had again."""
    return await sync_to_async(_make if request.method == "POST" else _show)(request)


def _make(request: HttpRequest) -> HttpResponse:
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    given = form.cleaned_data
    try:
        made, plaintext = ApiToken.issue(
            owner=request.user, name=given["name"], scopes=given["scopes"], expires_at=form.expires_at()
        )
    except TooManyTokens as error:
        form.add_error(None, str(error))
        return _show(request, form, status=422)
    return _show(request, made=made, plaintext=plaintext, status=201)


def _show(
    request: HttpRequest, form: TokenForm | None = None, *, status: int = 200, **made: Any
) -> HttpResponse:
    kept = ApiToken.objects.filter(owner=request.user.pk, revoked_at=None).order_by("-id")
    context = {"user": request.user, "form": form or TokenForm(), "tokens": [_shown(one) for one in kept]}
    response = render(request, "dashboard/tokens.html", context | made, status=status)
    add_never_cache_headers(response)
    return response


def _shown(token: ApiToken) -> dict[str, Any]:
    now = timezone.now()
    used = token.last_used_at
    return {"token": token, "last_used": ago(now - used) if used else ""}


@require_POST
@login_required
async def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """One of the user's own opens nothing any more."""
    user = await request.auser()
    token = await ApiToken.objects.filter(owner=user.pk, id=token_id).afirst()
    if token is None:
        raise Http404("There is no such token, or it belongs to somebody else.")
    await sync_to_async(token.revoke)()
    return HttpResponseRedirect(reverse("tokens"), status=303)
