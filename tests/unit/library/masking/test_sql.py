"""What a statement does, and what of it may be recorded."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from signalfire.masking.sql import MAX_RECORDED, OPERATIONS, OTHER, operation_of, without_literals


@pytest.mark.parametrize(
    ("statement", "operation"),
    [
        ("select 1", "SELECT"),
        ("  ( (select 1) union (select 2))", "SELECT"),
        ("-- a comment\n/* another /* inside */ of it */ insert into ads values (1)", "INSERT"),
        ("WITH old AS (SELECT 1) UPDATE ads SET a = 1", "UPDATE"),
        ("with recursive t(n) as (values (1) union all select n + 1 from t) select * from t", "SELECT"),
        ("WITH values AS (SELECT ')'), \"select\" AS (SELECT 2) DELETE FROM ads", "DELETE"),
        ("with moved as materialized (delete from a returning *) insert into b select * from moved", "INSERT"),
        ("(with a as (select 1) select * from a)", "SELECT"),
        ("/* why */ with a as (select $tag$ ) $tag$) merge into b using a on true", "MERGE"),
        (";; START TRANSACTION", "BEGIN"),
        ("end", "COMMIT"),
        ("abort;", "ROLLBACK"),
        ("ROLLBACK TO SAVEPOINT a", "ROLLBACK"),
        ("create table t (a int)", "CREATE"),
        ("explain analyze select 1", "EXPLAIN"),
        ("PRAGMA journal_mode", "PRAGMA"),
        ("selected", OTHER),
        ("select1", OTHER),
        ("with", OTHER),
        ("((((", OTHER),
        ("-- nothing", OTHER),
        ("", OTHER),
        ("élan vital", OTHER),
    ],
)
def test_the_operation_of_a_statement(statement: str, operation: str) -> None:
    assert operation_of(statement) == operation


@given(st.text())
@example("/*" * 30_000)
@example("with a as (" * 10_000)
def test_the_operation_is_from_a_small_set_whatever_comes(statement: str) -> None:
    assert operation_of(statement) in OPERATIONS | {OTHER}


blanks = st.lists(
    st.sampled_from([" ", "\n", "\t", "(", "-- select\n", "/* insert */", "/* a /* b */ ' */", ";"]), max_size=6
).map("".join)
keywords = st.sampled_from(["SELECT", "insert", "Update", "DELETE"])
bodies = st.sampled_from(["SELECT 1", "DELETE FROM a RETURNING *", "SELECT ') update'", "VALUES (1), ((2))"])
names = st.sampled_from(["a", '"delete"', "b(x, y)", "values", "update_log"])


@given(blanks, keywords)
def test_comments_blanks_and_parentheses_before_it_change_nothing(before: str, keyword: str) -> None:
    assert operation_of(f"{before} {keyword} x") == keyword.upper()


@given(blanks, st.lists(st.tuples(names, bodies), min_size=1, max_size=3), keywords)
def test_common_table_expressions_are_passed_over(
    before: str, expressions: list[tuple[str, str]], keyword: str
) -> None:
    listed = ", ".join(f"{name} AS ({body})" for name, body in expressions)
    assert operation_of(f"{before} with {listed} {keyword} x") == keyword.upper()


def test_literals_are_replaced_and_the_rest_is_kept() -> None:
    statement = """SELECT "Name", t1.a2, x::text -- told by hunter2
        FROM t1 WHERE a = 'it''s' AND b = E'it\\'s' AND c = 12.5e-3 AND d = $1 AND e = %(e)s AND f = :f
        AND g = $$dollar 'quoted'$$ AND h = 0xFF /* 4711 */ AND i IN (1, -2) AND j = 'never ended"""
    assert without_literals(statement, "postgresql") == (
        'SELECT "Name", t1.a2, x::text FROM t1 WHERE a = ? AND b = ? AND c = ? AND d = $1 AND e = %(e)s AND f = :f '
        "AND g = ? AND h = ? AND i IN (?, -?) AND j = ?"
    )


def test_mysql_quotes_in_its_own_way() -> None:
    statement = """SELECT `name` FROM t WHERE a = 'it\\'s' AND b = "sec'ret" # hunter2\n AND c = 1"""
    assert without_literals(statement, "mysql") == "SELECT `name` FROM t WHERE a = ? AND b = ? AND c = ?"
    assert without_literals(statement, "unheard_of") == "?"


def test_a_long_statement_is_cut() -> None:
    assert len(without_literals("SELECT " + "a, " * 100_000, "sqlite")) == MAX_RECORDED


SECRET = "hunter2secret"
quoted_secrets = st.tuples(st.text(max_size=8), st.text(max_size=8)).map(
    lambda around: "'" + (around[0] + SECRET + around[1]).replace("'", "''") + "'"
)
escaped_secrets = st.tuples(st.text(max_size=8), st.text(max_size=8)).map(
    lambda around: "E'" + (around[0] + SECRET + around[1]).replace("\\", "\\\\").replace("'", "\\'") + "'"
)
dollar_secrets = st.sampled_from([f"$${SECRET}'$$", f"$a${SECRET} $$ '$a$"])
comments = st.sampled_from([f"/* {SECRET} ' */ 1", f"-- {SECRET} '\n 1"])


@given(st.lists(st.one_of(quoted_secrets, escaped_secrets, dollar_secrets, comments), min_size=1, max_size=4))
def test_no_literal_is_recorded(secrets: list[str]) -> None:
    recorded = without_literals(f"SELECT * FROM t WHERE a IN ({', '.join(secrets)}) AND b = $1", "postgresql")
    assert SECRET not in recorded
    assert recorded.endswith("AND b = $1")
