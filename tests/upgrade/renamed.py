"""What is called otherwise since the databases beside this file were made.

A migration that renames adds a line here: its rows are then looked for under the new
name. What stands in no map is called as it was.
"""

# "app.Model" then: "app.Model" now.
MODELS = {"web.Reveal": "masking.Reveal"}

# Table then: table now.
TABLES = {"web_reveal": "masking_reveal", "web_visit": "customers_lastseen"}

# (table, column) then: column now, or "" when it is gone or holds other values.
COLUMNS = {
    ("django_tasks_database_dbtaskresult", "task_path"): "",
    # Encrypted anew: what they open says whether it is the same.
    ("mfa_authenticator", "data"): "",
    ("tenants_tenant", "sealed_token"): "",
}
