"""No secret of the configuration reaches the log, and none may stand in the configuration itself."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.config.load import check_config, load_config
from tui.config.secrets import collect_secrets, literal_secrets, mask
from tui.runtime import log as logfile
from tui.runtime.log import log_crash, mask_in_log

SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=4, max_size=30)


def record(error: Exception, *values: object) -> logging.LogRecord:
    return logging.LogRecord("x", 40, "", 1, "%s " * len(values), values, (type(error), error, None))


@given(secret=SECRETS.filter(lambda text: text.strip(" ") == text))
def test_no_spelling_of_a_secret_reaches_the_log(secret: str) -> None:
    from tui.config.model import Config

    config = Config.model_validate(
        {
            "signals": {
                "prometheus": {"url": "http://p", "token": secret},
                "redis": {"url": f"redis://:{quote(secret, safe='')}@h/0"},
            }
        }
    )
    formatter = logfile._Masking()
    formatter.secrets = collect_secrets(config)
    error = ValueError({"token": secret})
    text = "".join(traceback.format_exception(error))
    values = (secret, [secret], f"http://me:{secret}@p/x", f"/?q={quote(secret, safe='')}", text)
    line = formatter.format(record(error, *values))
    around = formatter.format(record(ValueError(), "", [""], "http://me:@p/x", "/?q=", ""))
    if secret not in around + text.replace(secret, "") + "*" * 10:
        assert secret not in line
        assert quote(secret, safe="") not in line


def test_a_crash_is_logged_without_the_secrets_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARROOM_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("PW", "hunter2-from-env")
    (tmp_path / "token").write_text("hunter2-from-file\n")
    path = tmp_path / "warroom.toml"
    path.write_text(
        '[signals.prometheus]\nurl = "http://127.0.0.1:1"\ntoken_file = "token"\n'
        '[signals.postgres]\nurl = "postgresql://u@h/d?password=${PW}"\n'
    )
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    mask_in_log(collect_secrets(load_config(path)))
    log_crash(ValueError("refused: hunter2-from-env, hunter2-from-file, redis://:unknown-one@h"))
    for handler in logging.getLogger().handlers:
        handler.close()
    text = (tmp_path / "log").read_text()
    assert "refused" in text
    assert not any(word in text for word in ("hunter2", "unknown-one"))


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ("postgresql://u:pw@h/d", True),
        ("postgresql://u@h/d?sslmode=require&password=pw", True),
        ("host=h password=pw dbname=d", True),
        ("redis://:a/b@h/0", True),
        ("redis://:12345@h/0", True),
        ("https://abcdef@h", True),
        ("https://h/api?token=abc", True),
        ("postgresql://u@h/d", False),
        ("postgresql://u:${PW}@h/d?password=${PW}", False),
        ("https://h:9090/path@2", False),
        ("https://h/me@example", False),
    ],
)
def test_a_literal_secret_in_an_address_is_refused(tmp_path: Path, value: str, refused: bool) -> None:  # noqa: FBT001  # a table's column
    path = tmp_path / "warroom.toml"
    path.write_text(f'[signals.postgres]\n\nurl = "{value}"\n')
    _, problems = check_config(path, {"PW": "x"})
    assert [(each.line, each.what.key) for each in problems] == [(3, "config.literal_secret")] * refused
    assert (mask(value) != value) >= bool(list(literal_secrets(value)))
