# SPDX-License-Identifier: MIT
"""A deterministic SQL script: a table filled by a recursive query, an index, many small queries."""

ROWS = 300_000
GROUPS = 1009

SCHEMA = """\
CREATE TABLE item(id INTEGER PRIMARY KEY, grp INTEGER, name TEXT, value REAL);
WITH RECURSIVE seq(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < {rows})
INSERT INTO item
SELECT n, n * 7919 % {groups}, 'item-' || (n * 104729 % 1000003), n * 0.5 FROM seq;
CREATE INDEX item_grp ON item(grp, name);
"""

QUERIES = (
    "SELECT count(*), max(upper(name)), sum(length(name || id)) FROM item WHERE grp = {group};",
    "SELECT name || '/' || value FROM item WHERE grp = {group} ORDER BY value DESC LIMIT 5;",
    "UPDATE item SET name = 'new-' || id WHERE id = {row};",
)


def query(number, rows):
    text = QUERIES[number % len(QUERIES)]
    return text.format(group=number * 613 % GROUPS, row=number * 104729 % rows + 1)


def script(queries, rows=ROWS):
    """The whole script as text."""
    lines = [SCHEMA.format(rows=rows, groups=GROUPS)]
    lines += (query(number, rows) for number in range(queries))
    return "\n".join(lines) + "\n"
