"""Background work for operators: tasks that wait, run or failed, and their workers."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_tasks_db.models import DBTaskResult

from console.pages.background.services import (
    STATES,
    build_task_row,
    count_tasks,
    filter_tasks,
    list_workers,
    run_task_again,
)
from console.tenants.actor import Permission
from console.web.forms import InvalidQuery
from console.web.render import ConsoleRequest, require_permission

PAGE_ROWS = 50


@require_safe
@require_permission(Permission.MANAGE_TASKS)
def list_tasks(request: ConsoleRequest) -> HttpResponse:
    """All of them, or those of one state."""
    state = request.GET.get("state", "")
    if state and state not in STATES:
        raise InvalidQuery(f"state: must be one of {', '.join(STATES)}")
    page = Paginator(filter_tasks(state), PAGE_ROWS).get_page(request.GET.get("page"))
    context = {
        "state": state,
        "counts": count_tasks(),
        "page": page,
        "tasks": [build_task_row(task) for task in page],
        "workers": list_workers(timezone.now()),
    }
    return render(request, "background/list.html", context)


@require_POST
@require_permission(Permission.MANAGE_TASKS)
def run_again(request: ConsoleRequest, task_id: UUID) -> HttpResponse:
    try:
        run_task_again(task_id, by=request.actor)
    except DBTaskResult.DoesNotExist as exc:
        raise Http404 from exc
    messages.success(request, "The task waits to be run again.")
    return redirect("background:list")
