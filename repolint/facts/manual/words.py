"""What a manual means by a name: the name that is probably meant, and the few words, per language, that tell why it stands there.

The words only ever keep a rule quiet or make it less sure; a language that is not listed gets all findings.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repolint.project import Document, Prose

_ABSENT: Final = re.compile(
    r"(?i)\b(?:creat|add|generat|writ|produc|sav|output|export|stor|nam|call|expect|upload|download|plac|put|implement|introduc|extract"
    r"|remov|delet|renam|mov|replac|legacy|deprecat|obsolet|former|missing|no longer|planned|todo|future)\w*|\b(?:new|old)\b"
    r"|\b(?:document|record|capture|log|maintain|keep|define|declare)\b[^`]*\bin(?: your| the| a)?\s*$"
    r"|\b(?:document|record|capture|log|note down|write down) the following\b"
    r"|(?:сохран|созда|запи|добав|сгенерир|выгру|экспорт|удал|перенес)\w*"
    r"|创建|新建|新增|添加|写入|生成|保存|输出|导出|建立|命名|上传|下载|放置|放到|实现|删除|移除|废弃|替换|旧|缺少|计划"
)
_GONE: Final = re.compile(
    r"(?i)\b(?:remov|delet|legacy|deprecat|obsolet|clean(?:ed)?[ -]?up|planned|todo|future|archiv)\w*|\bto (?:be )?(?:create|write|add|implement|do\b)\w*|\bnot yet\b|删除|移除|废弃|计划|归档"
)
_RUNS: Final = re.compile(
    r"(?i)\b(?:run|runs|running|execute|invoke|use|using|via|by|with|see|from)\b|运行|执行|跑|使用|调用|通过|参见|[.;。；]\s"
)
_REACH: Final = 60


def absent_paths(prose: Prose) -> list[str]:
    """What stands in code font behind a word that says somebody makes it, or that it is gone or only planned."""
    codes = list(re.finditer(r"`([^`\n]+)`", prose.text))
    if _GONE.search(prose.heading):
        return [word for code in codes for word in code[1].split()[:1]]
    paths: list[str] = []
    before = 0
    for code in codes:
        between = prose.text[max(before, code.start() - _REACH) : code.start()]
        words = list(_ABSENT.finditer(between))
        if words and not _RUNS.search(between, words[-1].end()):
            paths += code[1].split()[:1]
        before = code.end()
    return paths


def makes_or_misses(text: str) -> bool:
    """Whether the line says so of what follows it."""
    return _ABSENT.search(text) is not None and _RUNS.search(text) is None


_EXAMPLE: Final = re.compile(
    r"(?i)\b(?:e\.g\.|for example|for instance|example|such as|sample)|例如|比如|示例|举例"
)


def is_example(document: Document, line: int) -> bool:
    """Whether the text at the line, or the last one before it, says that what stands there is made up."""
    texts = [prose.text for prose in document.prose_between(line, line)]
    if not texts:
        texts = [
            text for prose in document.prose_between(1, line)[-1:] for text in (prose.text, prose.heading)
        ]
    return any(_EXAMPLE.search(text) for text in texts)


PLAN: Final = re.compile(
    r"(?i)plan|roadmap|todo|proposal|backlog|rfc|report|changelog|analysis|inventory|audit|checkpoint|summary|清理|计划|路线图|提案"
)
"""In a title or file name: what such a document names need not be there yet, or any more."""

LOSS: Final = re.compile(
    r"(?i)\b(?:los[est]|losing|lost|loss|delet|destroy|drop|wip[ei]|irrevers|irrecover|cannot be undone|can't be undone|backup|back up|"
    r"snapshot|danger|warning|caution|careful|destructive|erase|discard|purg|permanent|truncat|reset|clean slate|from scratch|"
    r"remove all|removes all|all data|volumes?\b)|卷|⚠|❗|🚨|⛔|💥|丢失|丢弃|丢数据|删除|清空|清除所有|备份|快照|不可逆|不可恢复|无法恢复|危险|警告|谨慎|慎用|小心|"
    r"销毁|抹掉|重置|потер|удал|стер|löschen|verlust|vernicht|perdi|perte|supprim|borra|elimin|データ|削除|消え"
)
"""Somebody is told that data goes."""


def nearest(name: str, names: Iterable[str], least: float = 0.72) -> str:
    """The most alike of `names`, empty where none is alike by at least `least` (0 nothing, 1 the same but for case)."""
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(name.lower())
    best, best_name = (least, False), ""
    for other in sorted(set(names)):
        if other == name or abs(len(other) - len(name)) > max(4, len(name) // 2):
            continue
        matcher.set_seq1(other.lower())
        if matcher.real_quick_ratio() >= best[0] and matcher.quick_ratio() >= best[0]:
            rank = (
                matcher.ratio(),
                sorted(other.lower()) == sorted(name.lower()),
            )  # letters swapped come first
            if rank > best or (rank[0] == least and not best_name):
                best, best_name = rank, other
    return best_name
