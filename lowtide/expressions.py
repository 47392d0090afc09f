"""Verdict expressions of thesis files: names of legs and flags with and, or, not and parentheses.

Belongs here: reading one and turning it into SQL. Does not belong here: what the names stand for (`lowtide.theses`).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping


def names(expression: str) -> set[str]:
    """The names in a verdict expression. Raises ValueError when it holds anything but names, and, or, not, parentheses."""
    return {node.id for node in ast.walk(_parse(expression)) if isinstance(node, ast.Name)}


def sql(expression: str, mapping: Mapping[str, str]) -> str:
    """The expression as SQL, each name replaced by its SQL in `mapping`; every operation in parentheses.

    Raises ValueError as `names` does, and KeyError for a name that `mapping` lacks.
    """

    def render(node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return mapping[node.id]
        if isinstance(node, ast.UnaryOp):
            return f"(not {render(node.operand)})"
        assert isinstance(node, ast.BoolOp)
        return "(" + (" and " if isinstance(node.op, ast.And) else " or ").join(map(render, node.values)) + ")"

    return render(_parse(expression))


def _parse(expression: str) -> ast.expr:
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"not an expression: {expression!r}") from error
    allowed = (ast.Name, ast.Load, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not)
    if not all(isinstance(node, allowed) for node in ast.walk(tree)):
        raise ValueError(f"only leg ids, flags, and, or, not, parentheses may stand in {expression!r}")
    return tree
