"""A manual that knows nothing of our format opens as a checklist with everything that stands in it."""

from __future__ import annotations

from runbooks.model import Command, Paragraph, Runbook
from runbooks.reading.read import read_runbook

CHINESE = """\
# 值班手册

先读这一段。

## 发布
- 数据库
  - 生成：`alembic revision -m "<名称>"`
  - 新表：`profiles`
    - 验证：
      - `\\dt profiles` 应存在；索引：`idx_a`、`idx_b`
- [ ] 通知
- [x] 看 [看板](https://grafana/d/1)

结束时记录。

## 告警
1. 延迟 > 10 秒
   1. 看队列
2. 不写 `outcome!="ok"`

   ```
   kubectl get pods \\
     -n prod
   ```

### 参考

| 名称 | 命令 |
|---|---|
| 回滚 | `helm rollback` |
"""


def opened(text: str) -> Runbook:
    parsed = read_runbook(text, "docs/值班 On-Call.md", "zh")
    assert parsed.problems == ()
    return parsed.runbook


def test_headings_become_phases_and_bullets_steps_at_their_level() -> None:
    book = opened(CHINESE)
    assert (book.plain, book.id, book.title, book.severity, book.alerts) == (
        True,
        "值班-on-call",
        "值班手册",
        "",
        (),
    )
    assert book.intro == (Paragraph("先读这一段。"),)
    assert [(phase.number, phase.title, phase.line) for phase in book.phases] == [
        ("1", "发布", 5),
        ("2", "告警", 16),
        ("3", "参考", 26),
    ]
    assert [(step.number, step.level, step.text, step.line) for step in book.steps()] == [
        ("1.1", 0, "数据库", 6),
        ("1.1.1", 1, '生成：`alembic revision -m "<名称>"`', 7),
        ("1.1.2", 1, "新表：`profiles`", 8),
        ("1.1.2.1", 2, "验证：", 9),
        ("1.1.2.1.1", 3, "`\\dt profiles` 应存在；索引：`idx_a`、`idx_b`", 10),
        ("1.2", 0, "通知", 11),
        ("1.3", 0, "看 看板 (https://grafana/d/1)", 12),
        ("2.1", 0, "延迟 > 10 秒", 17),
        ("2.1.1", 1, "看队列", 18),
        ("2.2", 0, '不写 `outcome!="ok"`', 19),
    ]


def test_code_becomes_commands_to_copy_exactly() -> None:
    steps = {step.number: step for step in opened(CHINESE).steps()}
    assert [one.text for one in steps["1.1.2.1.1"].commands] == ["\\dt profiles", "idx_a", "idx_b"]
    assert [one.line for one in steps["1.1.2.1.1"].commands] == [10, 10, 10]
    assert steps["2.2"].commands == (
        Command('outcome!="ok"', 19),
        Command("kubectl get pods \\\n  -n prod", 22),
    )


def test_what_is_no_bullet_is_shown_too() -> None:
    book = opened(CHINESE)
    assert book.step("1.3") is not None
    assert book.phases[0].steps[-1].blocks[-1] == Paragraph("结束时记录。")
    assert book.phases[2].intro == (
        Paragraph("名称 | 命令"),
        Paragraph("回滚 | `helm rollback`"),
        Command("helm rollback", 30),
    )


def test_an_id_stays_with_its_text_when_other_lines_come_and_go() -> None:
    before = {step.text: step.id for step in opened(CHINESE).steps()}
    after = {
        step.text: step.id for step in opened(CHINESE.replace("- 数据库\n", "- 新的一步\n- 数据库\n")).steps()
    }
    assert {text: after[text] for text in before} == before
    assert len(set(after.values())) == len(after)


def test_two_steps_of_one_text_have_two_ids() -> None:
    book = opened("# A\n- look\n- look\n- `ls`\n- …\n")
    assert [step.id for step in book.steps()] == ["look", "look-2", "ls", "step"]


def test_bullets_without_a_heading_and_lists_in_quotes_are_not_lost() -> None:
    book = opened("- first\n- second\n\n> - quoted\n")
    assert [phase.title for phase in book.phases] == ["值班-on-call"]
    assert [step.text for step in book.steps()] == ["first", "second"]
    assert Paragraph("quoted") in book.phases[0].steps[-1].blocks


def test_thirty_levels_of_bullets_are_all_there() -> None:
    book = opened("".join(f"{'  ' * level}- level {level}\n" for level in range(30)))
    assert [step.level for step in book.steps()] == list(range(30))


def test_front_matter_of_another_tool_does_not_make_it_ours() -> None:
    book = opened("---\ntitle: On call\nlayout: page\n---\n## Look\n- here <b>now</b>\n")
    assert (book.plain, book.title) == (True, "On call")
    assert [(step.text, step.line) for step in book.steps()] == [("here <b>now</b>", 6)]


def test_an_empty_file_is_an_empty_checklist() -> None:
    assert opened("").phases == ()


def test_two_lists_in_one_bullet_count_on_and_code_is_found_at_its_own_line_once() -> None:
    book = opened("# A\n- top\n  - a\n\n  1. b\n- look at `x`,\n  then `y`, then `x`\n")
    assert [(step.number, step.text) for step in book.steps()][:3] == [
        ("1.1", "top"),
        ("1.1.1", "a"),
        ("1.1.2", "b"),
    ]
    assert next(step for step in book.steps() if step.number == "1.2").commands == (
        Command("x", 6),
        Command("y", 7),
    )
