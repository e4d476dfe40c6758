from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from jobs.dashboard import actions, tokens, views

urlpatterns = [
    path("", views.home, name="home"),
    path("jobs/<uuid:job_id>", views.job, name="job"),
    path("jobs/<uuid:job_id>/card", views.card, name="job-card"),
    path("jobs/<uuid:job_id>/timeline", views.timeline, name="job-timeline"),
    path("jobs/<uuid:job_id>/cancellation", actions.cancellation, name="job-cancellation"),
    path("jobs/<uuid:job_id>/retries", actions.retries, name="job-retries"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<int:token_id>/revocation", tokens.revoke_token, name="token-revocation"),
    path(
        "login/",
        LoginView.as_view(template_name="dashboard/login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout/", LogoutView.as_view(), name="logout"),
]
