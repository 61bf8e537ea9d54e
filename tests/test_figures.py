"""What the figures count, on a checkout made up for it."""

import pytest

from tests.figures import Project

FILES = {
    "manage.py": "",
    "console/__init__.py": '"""A package."""\n',
    "console/urls.py": """
        from console.pages import views
        urlpatterns = [path("", views.run), path("x", views.list_stores)]
    """,
    "console/pages/views.py": """
        from console.rules import Found, check

        # Answers with everything.
        def run(request) -> HttpResponse:
            \"\"\"Answer.\"\"\"
            return _answer(_once)

        def list_stores(request) -> HttpResponse:
            return _answer(1) or _answer(2)

        def helper(request) -> HttpResponse: ...

        def _once(): ...

        def _answer(value): ...

        class Found:
            content: str
            source = ""
            occurred_at: str
    """,
    "console/rules.py": """
        class Found: ...

        summary = {"content": 1, "source": 2, "occurredAt": 3, "conversationId": 4}
    """,
    "console/migrations/0001.py": "class Found: ...\nimport console.rules\n",
    "tests/pages/test_views.py": "def test_stores_list_is_empty(): ...",
    "tests/rules/test_rules.py": "def test_run_elsewhere(): ...",
}


@pytest.fixture
def project(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("\n        ", "\n"))
    return Project(tmp_path)


def test_figures_count_code_without_comments_docstrings_and_migrations(project):
    figures = project.figures()

    assert figures["lines of code"] == "16"
    assert figures["files that are not empty"] == "4"


def test_figures_find_an_observation_but_no_summary(project):
    assert project.field_places() == ["console/pages/views.py"]


def test_figures_find_modules_with_one_importer(project):
    assert project.lonely_modules() == ["console.pages.views", "console.rules"]


def test_figures_find_private_functions_that_are_named_once(project):
    assert project.private_functions_named_once() == ["console.pages.views._once"]


def test_figures_find_classes_of_the_same_name(project):
    assert project.repeated_classes() == ["Found"]


def test_figures_find_views_and_their_tests(project):
    assert [name for _, name in project.views()] == ["run", "list_stores"]
    assert project.views_with_tests() == ["console.pages.views.list_stores"]
