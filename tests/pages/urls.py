"""Addresses of one customer's pages, by their short names."""

from django.urls import reverse

PAGES = {
    name: f"{folder}:{name}"
    for folder, names in {
        "customers": "list last profile recent_observation recent_summary",
        "timeline": "timeline histogram export observations observation summaries"
        " summary observation_add observation_correct summary_correct",
        "traits": "trait correct",
        "reveals": "reveal hide masked",
    }.items()
    for name in names.split()
} | {"traits": "traits:profile"}


def page_url(name: str, *args: str, tenant: str = "acme") -> str:
    return reverse(PAGES[name], args=[tenant, *args])
