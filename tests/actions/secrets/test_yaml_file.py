"""Scalars are changed where they stand; everything else of the file is the same, byte for byte."""

from __future__ import annotations

import pytest
import yaml

from actions.secrets.yaml_file import YamlError, is_alertmanager, values_at, with_values

FILE = """# who is woken
route: {receiver: chat}   # all of it
receivers:
  - name: chat
    discord_configs:
      - webhook_url: https://discord.example/api/webhooks/1/old   # keep me
        title: '{{ .CommonLabels.alertname }}'
    webhook_configs:
      - url: "http://hook"
        http_config:
          authorization: &auth
            credentials: 'old'
  - name: other
    webhook_configs:
      - url: http://other
        http_config:
          authorization: *auth
      - {url: 'http://flow', http_config: {authorization: {credentials: old}}}
text: |
  old

# the end
"""
URLS = "receivers.*.discord_configs.*.webhook_url"
CREDENTIALS = "receivers.*.webhook_configs.*.http_config.authorization.credentials"


def test_values_change_and_nothing_else() -> None:
    assert values_at(FILE, CREDENTIALS) == ["old", "old"], "an alias is the node that it names"
    changed = with_values(
        with_values(FILE, URLS, lambda _: "https://x.example/new"), CREDENTIALS, lambda _: "n3w"
    )
    before, after = FILE.splitlines(), changed.splitlines()
    assert [(old, new) for old, new in zip(before, after, strict=True) if old != new] == [
        (before[5], "      - webhook_url: https://x.example/new   # keep me"),
        (before[11], "            credentials: 'n3w'"),
        (before[17], "      - {url: 'http://flow', http_config: {authorization: {credentials: n3w}}}"),
    ]


@pytest.mark.parametrize(
    "value", ["123", "true", "a: b", "it's", 'say "x"', "#x", "a,b}", "- x", "2026-11-28", "ü", "---"]
)
@pytest.mark.parametrize("path", ["text", CREDENTIALS, "route.receiver"])
def test_any_value_is_read_back_as_it_is(value: str, path: str) -> None:
    changed = with_values(FILE, path, lambda _: value)
    assert set(values_at(changed, path)) == {value}
    assert changed.endswith("\n\n# the end\n")
    assert isinstance(yaml.safe_load(changed), dict)


def test_what_is_no_yaml_is_refused_without_its_words() -> None:
    for text in ("{{ secret", "a: [", "a: b: c", "\x00"):
        with pytest.raises(YamlError) as refused:
            values_at(text, "a")
        assert "secret" not in str(refused.value)
    assert (is_alertmanager(FILE), is_alertmanager("scrape_configs: []")) == (True, False)
    assert values_at(FILE, "no.such.key") == []
    assert with_values("a:\n  b:\n  c: 1\n", "a.b", lambda _: "new") == "a:\n  b: new\n  c: 1\n"
