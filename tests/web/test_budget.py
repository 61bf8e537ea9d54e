from console.web.budget import Budget, start_budget


def test_budget_is_spent_after_its_steps():
    budget = Budget(steps=2)

    budget.spend_step()
    assert not budget.is_spent()
    budget.spend_step()
    assert budget.is_spent()


def test_budget_of_seconds_counts_no_steps(settings):
    settings.BUDGET_STEPS = None
    budget, none = start_budget(3600.0), start_budget(0.0)

    budget.spend_step()

    assert not budget.is_spent()
    assert none.is_spent()
