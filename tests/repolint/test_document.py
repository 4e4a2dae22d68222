"""Every line of a manual is told apart: typed, answered, configured, spoken; and has the number an editor shows."""

from __future__ import annotations

from repolint.facts.manual.document import read_document

MANUAL = """\
---
title: `not a line of the manual`
---
# Start `here`

- First `one` <!-- and `hidden` -->
  - then `two
    words`:

    ```bash
    # a comment: it's fine
    run --with \\
        --continuation

    python -c "
    print('several lines')
    "
    cat <<EOF > settings.ini
    [typed]
    EOF
    last
    ```

| a | b |
|---|---|
| `cell` | text |

```console
$ ls
plain.txt
(venv) ops@box:~/x$ pwd
/home/ops
```

```json
{"run": "no command"}
```

```
kubectl get pods
kubectl get nodes
```

```
NAME   READY
web-0  1/1
```

<!--
`hidden`, too
-->
<details><summary>More</summary>

    docker ps

</details>

See [ref].

[ref]: docs/there.md
"""


def test_codes_have_their_kind_and_line() -> None:
    codes = [(c.line, c.fence, c.text) for c in read_document("m", MANUAL).codes if c.text]
    assert codes == [
        (4, None, "here"),
        (6, None, "one"),
        (7, None, "two words"),
        (11, "sh", "# a comment: it's fine"),
        (12, "sh", "run --with --continuation"),
        (15, "sh", "python -c \"\nprint('several lines')\n\""),
        (18, "sh", "cat <<EOF > settings.ini"),
        (19, "heredoc", "[typed]"),
        (21, "sh", "last"),
        (26, None, "cell"),
        (29, "sh", "ls"),
        (30, "output", "plain.txt"),
        (31, "sh", "pwd"),
        (32, "output", "/home/ops"),
        (36, "json", '{"run": "no command"}'),
        (40, "sh", "kubectl get pods"),
        (41, "sh", "kubectl get nodes"),
        (45, "text", "NAME   READY"),
        (46, "text", "web-0  1/1"),
        (54, "sh", "docker ps"),
    ]


def test_lines_of_one_block_follow_each_other_without_a_gap() -> None:
    lines = [c.line for c in read_document("m", MANUAL).codes if c.fence in ("sh", "heredoc") and c.line < 23]
    assert lines == list(range(11, 22))


def test_prose_has_its_heading_and_line_and_nothing_hidden() -> None:
    prose = read_document("m", MANUAL).prose
    assert (prose[0].line, prose[0].text, prose[0].heading) == (4, "Start `here`", "Start `here`")
    assert not [p for p in prose if "hidden" in p.text or "not a line" in p.text]
    assert [(p.line, p.heading) for p in prose if p.text == "text"] == [(26, "Start `here`")]
    assert [p.line for p in prose if "docs/there.md" in p.text] == [60]


def test_a_quote_that_never_closes_is_a_plain_sign() -> None:
    codes = read_document("m", "```sh\necho it's late\nls\n```\n").codes
    assert [(c.line, c.text) for c in codes] == [(2, "echo it's late"), (3, "ls")]


def test_control_characters_do_not_move_lines() -> None:
    text = "\x1b]0;title\x07# A\r\n\r\n\u202e`b`\x00\x9b31m\n"
    document = read_document("m", text)
    assert [(c.line, c.text) for c in document.codes] == [(3, "b")]
    assert document.prose[0].text == "A"


def test_a_fence_that_is_ended_with_a_language() -> None:
    """What follows is text again; Markdown itself would take all of it for commands."""
    text = "```bash\nls a.py\n```text\n\n- Read `b.py`\n\n```bash\nls c.py\n```text\n\nSee `d.py`.\n"
    codes = [(code.text, code.fence) for code in read_document("m.md", text).codes if code.text]
    assert codes == [("ls a.py", "sh"), ("b.py", None), ("ls c.py", "sh"), ("d.py", None)]


def test_a_fence_that_is_opened_in_another_stays_what_markdown_makes_of_it() -> None:
    text = "```markdown\n```bash\nls a.py\n```\n\nSee `b.py`.\n\n```json\n{}\n```python\n1\n```\n"
    codes = [(code.text, code.fence) for code in read_document("m.md", text).codes if code.text]
    assert codes == [
        ("```bash", "markdown"),
        ("ls a.py", "markdown"),
        ("b.py", None),
        ("{}", "json"),
        ("```python", "json"),
        ("1", "json"),
    ]
