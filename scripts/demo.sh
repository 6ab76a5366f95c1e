#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Profiles a real program on real work: sqlite3 fills a table, indexes it and asks it questions, a
# few million allocations. Shows the summary and leaves the trace and the report, report.html among
# it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ccmem=build/bin/ccmem
out=build/demo

command -v sqlite3 >/dev/null || {
    echo "demo: sqlite3 is not installed: apt-get install sqlite3, or ./dev setup" >&2
    exit 3
}

write_work() {
    cat <<END
CREATE TABLE part(id INTEGER PRIMARY KEY, name TEXT, price REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600000)
INSERT INTO part SELECT i, 'part ' || (i * 7919 % 100003), i * 1.5 FROM n;
CREATE INDEX part_name ON part(name);
END
    local i
    for ((i = 0; i < 12000; i++)); do
        echo "SELECT count(*), sum(price) FROM part WHERE name = 'part $((i * 31 % 100003))';"
    done
    echo "SELECT group_concat(upper(name), '; ') FROM part WHERE id % 3 = 0;"
}

mkdir -p "$out"
write_work >"$out/work.sql"

echo "\$ ccmem profile -- sqlite3 :memory: <work.sql"
"$ccmem" profile -f -o "$out/sqlite3.ccm" -- sqlite3 :memory: <"$out/work.sql" >"$out/answers.txt"
"$ccmem" report "$out/sqlite3.ccm" -q -f -o "$out/report.txt"
"$ccmem" report "$out/sqlite3.ccm" -q -f --format json -o "$out/report.json"
"$ccmem" report "$out/sqlite3.ccm" -q -f --format html -o report.html

echo
echo "report.html is the dashboard: open it in a browser."
echo "What else the demo left, in $out:"
echo "  sqlite3.ccm   the trace"
echo "  report.txt    the whole report, with the stacks"
echo "  report.json   the same for programs (docs/report.md)"
