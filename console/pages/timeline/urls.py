"""Included at a tenant's profiles/<profile_id>/."""

from django.urls import path

from console.pages.timeline.views import export, items, timeline

app_name = "timeline"
urlpatterns = [
    path("timeline/", timeline.timeline, name="timeline"),
    path("timeline/density/", timeline.histogram, name="histogram"),
    path("export/", export.export, name="export"),
    # The same page, as it was called before.
    path("observations/", timeline.timeline, name="observations"),
    path("observations/add/", items.observation_add, name="observation_add"),
    path(
        "observations/<str:observation_id>/correct/",
        items.observation_correct,
        name="observation_correct",
    ),
    path(
        "observations/<str:observation_id>/",
        items.observation,
        name="observation",
    ),
    path("summaries/", items.summaries, name="summaries"),
    path(
        "summaries/<str:summary_id>/correct/",
        items.summary_correct,
        name="summary_correct",
    ),
    path("summaries/<str:summary_id>/", items.summary, name="summary"),
]
