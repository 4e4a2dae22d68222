"""SQL in the colours of the theme: what it does stands out, in sixteen colours and in none."""

from __future__ import annotations

from rich.text import Text

MAX_HIGHLIGHTED = 20_000


def highlight_sql(text: str) -> Text:
    """The same text; keywords and values have styles of the theme."""
    from pygments.lexers.sql import PostgresLexer
    from pygments.token import Comment, Keyword, Literal, Name

    if len(text) > MAX_HIGHLIGHTED:
        return Text(text)
    styles = {Keyword: "key", Name.Builtin: "key", Literal: "curve3", Comment: "quiet"}
    shown = Text()
    for kind, piece in PostgresLexer(stripnl=False, ensurenl=False).get_tokens(text):
        style = next((style for wanted, style in styles.items() if kind in wanted), "")
        shown.append(piece, style)
    return shown
