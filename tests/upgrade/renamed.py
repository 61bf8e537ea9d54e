"""What is called otherwise since the databases beside this file were made.

A migration that renames adds a line here: its rows are then looked for under the new
name. What stands in no map is called as it was.
"""

# "app.Model" then: "app.Model" now.
MODELS: dict[str, str] = {}

# Table then: table now.
TABLES: dict[str, str] = {}

# (table, column) then: column now, or "" when it is gone or holds other values.
COLUMNS: dict[tuple[str, str], str] = {}
