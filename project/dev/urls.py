"""What only a developer's machine serves; included under DEBUG."""

from django.urls import path

from project.dev import mailbox, sample_api, sign_in

app_name = "dev"
urlpatterns = [
    path("sign-in/<str:secret>", sign_in.sign_in, name="sign-in"),
    path("mailbox/", mailbox.index, name="mailbox"),
    path("mailbox/<slug:file>/<int:number>/", mailbox.show, name="mail"),
    path("mailbox/<slug:file>/<int:number>/html", mailbox.show_html, name="mail-html"),
    path("sample-api/products", sample_api.products, name="sample-products"),
]
