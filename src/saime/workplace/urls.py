"""Addresses of the workplace, under /lv/workplace/ and /en/workplace/."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path, re_path

from saime.workplace import linkage_views, protection_views, release_views, views

urlpatterns = [
    path("", views.home, name="workplace"),
    path("sign-in/", views.SignIn.as_view(), name="sign_in"),
    path("sign-out/", LogoutView.as_view(), name="sign_out"),
    path("deliver/", views.deliver, name="deliver"),
    path("receipts/", views.receipt_list, name="receipt_list"),
    path("receipts/<int:receipt_id>/", views.receipt_page, name="receipt"),
    re_path(r"^receipts/(?P<receipt_id>\d+)/receipt\.(?P<extension>json|txt)$", views.receipt_file, name="receipt_file"),
    path("linkage/", linkage_views.report_list, name="linkage_list"),
    path("linkage/<slug:load_id>/", linkage_views.report_page, name="linkage_report"),
    path("linkage/<slug:load_id>/accept/", linkage_views.accept, name="linkage_accept"),
    path("protection/", protection_views.protection_list, name="protection_list"),
    path("protection/<slug:plan_id>/", protection_views.protection_page, name="protection"),
    path("releases/", release_views.candidate_list, name="candidate_list"),
    path("releases/<int:number>/", release_views.candidate_page, name="candidate"),
    path("releases/<int:number>/review/", release_views.review, name="candidate_review"),
    path("releases/<int:number>/publish/", release_views.publish, name="candidate_publish"),
    path("releases/<int:number>/<slug:dataset_id>/", release_views.dataset_report, name="candidate_dataset"),
]
