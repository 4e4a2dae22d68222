"""Samples with every trouble that a ring knows, and generated questions of every type over them."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from signals.store.ring import Ring, Sample

if TYPE_CHECKING:
    from signals.reading import Labels

START, COUNT, STEP_S = 1_700_000_000.007, 300, 15
"""No sample stands at a whole second, where Prometheus 2 and 3 disagree about the edges of windows."""
END = START + COUNT * STEP_S
BOUNDS = ("0.1", "0.5", "1", "2.5", "10", "+Inf")


def filled(seed: int) -> Ring:
    """An hour and more of scrapes of two targets: series that come, go, reset, jump, and are no numbers."""
    chance, ring = random.Random(seed), Ring(retention_s=1e9)
    counters = {
        labels("c_total", job=job, instance=f"{job}:{n}", code=code): float(chance.randint(5000, 9000))
        for job in ("api", "bot")
        for n in (1, 2, 10)
        for code in ("200", "429", "5xx")
    }
    twin = {labels("d_total", **dict(item[1:])): 7000.0 for item in list(counters)[::2]}
    counters.update(twin)
    buckets = {instance: [100.0] * len(BOUNDS) for instance in ("a", "b", "c")}
    absent: dict[Labels, int] = {}
    for index in range(COUNT):
        at = START + index * STEP_S + chance.choice((0, 0, 0.004, 0.9))
        page: list[Sample] = []
        for item in list(counters):
            if chance.random() < 0.004:
                absent[item] = index + chance.choice((1, 2, 8, 40))
            counters[item] += chance.choice((0, 0, 1, 2, 3.5, 40))
            if chance.random() < 0.004:
                counters[item] = float(chance.randint(2000, 3000))
            if absent.get(item, 0) <= index:
                page.append(Sample(item, counters[item]))
        ring.scrape("counters", at, page)
        page = [Sample(item, value) for item, value in gauges(index, chance) if chance.random() > 0.01]
        for instance, counts in buckets.items():
            for _ in range(chance.randint(0, 4)):
                took = chance.expovariate(1.2)
                for place, bound in enumerate(BOUNDS):
                    counts[place] += took <= float(bound)
            for place, bound in enumerate(BOUNDS):
                if instance != "b" or bound != "1" or index < 100:
                    page.append(Sample(labels("h_bucket", instance=instance, le=bound), counts[place]))
        if index not in (50, 51, 200):
            ring.scrape("gauges", at + 3, page)
    return ring


def labels(name: str, **others: str) -> Labels:
    """Sorted, as everywhere."""
    return tuple(sorted({"__name__": name, **others}.items()))


def gauges(index: int, chance: random.Random) -> list[tuple[Labels, float]]:
    """The gauges of one scrape."""
    wave = 50 + 40 * math.sin(index / 20) + chance.gauss(0, 5)
    strange = math.nan if index % 37 == 5 else -math.inf if index % 91 == 6 else wave - 50
    return [
        (labels("g", queue="wave", host="a"), wave),
        (labels("g", queue="wave", host="b"), -wave * 1e6),
        (labels("g", queue="strange", host="a"), strange),
        (labels("g", queue="whole", host="a"), math.inf if index % 60 == 30 else float(int(wave))),
        (labels("g", queue='q"\\uote', host="ö ä"), 13.3),
        *(
            (labels("same", host=f"h{number}", **({"zone": "z1"} if number < 3 else {})), 13.3)
            for number in range(7)
        ),
        (labels("quota", queue="wave", tier="x"), 10.0),
        (labels("quota", queue="strange", tier="y"), float(index % 5)),
        (labels("build_info", version="1.2", host="a"), 1.0),
        (labels("big"), 4e9 + index * 2.5 + chance.random()),
    ]


_RANGE = (
    *("delta", "irate", "idelta", "deriv", "resets", "changes", "count_over_time", "last_over_time"),
    *("sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "present_over_time"),
    *("stddev_over_time", "stdvar_over_time"),
)
_ELEMENT = ("abs", "sgn", "sqrt", "exp", "ln", "log2", "log10", "ceil", "floor", "round", "timestamp", "sort")
_GROUP = ("sum", "avg", "min", "max", "count", "group")
_ARITHMETIC = ("+", "-", "*", "/", "^")
_COMPARISON = ("==", "!=", ">", "<", ">=", "<=")
_SELECTORS = (
    "c_total",
    'c_total{job="api"}',
    'c_total{code=~"4..|5.+"}',
    'c_total{instance!~".*:1"}',
    "d_total",
    '{__name__=~"c_total|d_total",code="200"}',
    "g",
    'g{queue!="strange"}',
    'g{queue="strange"}',
    "same",
    'same{zone=""}',
    "quota",
    "build_info",
    "big",
    "missing",
    "h_bucket",
)
_WINDOWS = ("31s", "1m", "5m", "13m", "40m", "2h")
_LABELS = ("job", "instance", "code", "queue", "host", "zone", "nope", "le")
_NUMBERS = ("2", "0.5", "40", "-3", "0", "1e3", "NaN", "Inf", "scalar(big)", "time()")


class Questions:
    """Generated questions; each is well typed, though not each can be answered."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def vector(self, depth: int = 3) -> str:
        """An instant vector."""
        pick = self._chance.choice
        if depth == 0:
            return self._selector() + self._shift()
        makers = (
            self._range_call,
            self._range_call,
            self._element,
            self._aggregation,
            self._aggregation,
            self._with_number,
            self._pair,
            self._set,
            self._histogram,
            self._label,
        )
        return pick(makers)(depth - 1)

    def _selector(self) -> str:
        return self._chance.choice(_SELECTORS)

    def _shift(self) -> str:
        if self._chance.random() < 0.8:
            return ""
        moment = f"@ {START + self._chance.randint(0, 5000) + 0.25:.3f}"
        return self._chance.choice(
            (" offset 2m", " offset -3m", f" {moment}", " @ start()", " @ end() offset 61s")
        )

    def _ranged(self, depth: int) -> str:
        pick = self._chance.choice
        if depth and self._chance.random() < 0.35:
            return f"({self.vector(depth - 1)})[{pick(_WINDOWS)}:{pick(('17s', '30s', '1m', '4m'))}]{self._shift()}"
        return f"{self._selector()}[{pick(_WINDOWS)}]{self._shift()}"

    def _range_call(self, depth: int) -> str:
        pick, ranged = self._chance.choice, self._ranged(depth)
        kind = self._chance.randrange(12)
        if kind == 0:
            return f"quantile_over_time({pick(('0', '0.3', '0.5', '0.99', '1', '-1', '2', 'NaN'))}, {ranged})"
        if kind == 1 and "@" not in ranged:  # Prometheus looks at other samples at each step of a range
            return f"predict_linear({ranged}, {pick(('0', '600', '-60', '3600'))})"
        if kind == 2:
            return f"holt_winters({ranged}, {pick(('0.1', '0.5', '0.9'))}, {pick(('0.1', '0.6'))})"
        if kind == 3:
            return f"absent_over_time({ranged})"
        if kind < 7:  # of what counts: near zero Prometheus 2 and 3 differ
            return f"{pick(('rate', 'increase'))}({pick(_SELECTORS[:6])}[{pick(_WINDOWS)}]{self._shift()})"
        return f"{pick(_RANGE)}({ranged})"

    def _element(self, depth: int) -> str:
        pick, inner = self._chance.choice, self.vector(depth)
        kind = self._chance.randrange(6)
        if kind == 0:
            return f"clamp({inner}, {pick(('-5', '0', '50'))}, {pick(('10', '100', '-9'))})"
        if kind == 1:
            return f"{pick(('clamp_min', 'clamp_max', 'round'))}({inner}, {pick(('10', '0.3', '7'))})"
        if kind == 2:
            return pick((f"absent({inner})", f"vector(scalar({inner}))", f"-({inner})"))
        if kind == 3:  # of what is a time: of others the processor decides
            return f"{pick(('minute', 'hour', 'day_of_week', 'month', 'year'))}({pick(('c_total', 'timestamp(g)', 'big'))})"
        return f"{pick(_ELEMENT)}({inner})"

    def _grouping(self) -> str:
        names = ", ".join(self._chance.sample(_LABELS, self._chance.randint(0, 3)))
        return self._chance.choice(("", f"by ({names})", f"without ({names})"))

    def _aggregation(self, depth: int) -> str:
        pick, inner, by = self._chance.choice, self.vector(depth), self._grouping()
        kind = self._chance.randrange(9)
        if kind == 0:
            # Of equal ones, each version of Prometheus keeps others.
            ranked = pick((*_SELECTORS[:6], "g", "big", f"sum_over_time(c_total[{pick(_WINDOWS)}])"))
            return f"{pick(('topk', 'bottomk'))} {by} ({pick(('0', '1', '2', '5', '99'))}, {ranked})"
        if kind == 1:
            return f"quantile {by} ({pick(('0', '0.3', '0.5', '0.99', '1', '-1', '2'))}, {inner})"
        if kind == 2:
            return f'count_values {by} ("zvalue", {self._selector()})'
        if kind == 3:  # of what is a number: of others Prometheus 2 says 0
            return (
                f"{pick(('stddev', 'stdvar'))} {by} ({pick(('c_total', 'same', 'rate(c_total[5m])', 'big'))})"
            )
        return f"{pick(_GROUP)} {by} ({inner})"

    def _with_number(self, depth: int) -> str:
        pick, inner = self._chance.choice, self.vector(depth)
        operator = pick((*_ARITHMETIC, *_COMPARISON, *(f"{each} bool" for each in _COMPARISON)))
        sides = [f"({inner})", pick(_NUMBERS)]
        self._chance.shuffle(sides)
        return f"{sides[0]} {operator} {sides[1]}"

    def _pair(self, depth: int) -> str:
        pick = self._chance.choice
        left, right = self.vector(depth), self.vector(depth)
        if self._chance.random() < 0.4:
            right = left
        operator = pick((*_ARITHMETIC, *_COMPARISON, *(f"{each} bool" for each in _COMPARISON)))
        names = ", ".join(self._chance.sample(_LABELS, self._chance.randint(0, 3)))
        match = pick(("", f"on ({names})", f"ignoring ({names})"))
        if match and self._chance.random() < 0.4:
            match += pick((" group_left", " group_right", " group_left (tier)", " group_right (host)"))
        return f"({left}) {operator} {match} ({right})"

    def _set(self, depth: int) -> str:
        names = ", ".join(self._chance.sample(_LABELS, self._chance.randint(0, 3)))
        match = self._chance.choice(("", f"on ({names})", f"ignoring ({names})"))
        operator = self._chance.choice(("and", "or", "unless"))
        return f"({self.vector(depth)}) {operator} {match} ({self.vector(depth)})"

    def _histogram(self, depth: int) -> str:
        pick = self._chance.choice
        level = pick(("0", "0.1", "0.47", "0.9", "0.99", "1", "-1", "2", "NaN"))
        inner = pick(
            ("h_bucket", f"rate(h_bucket[{pick(_WINDOWS)}])", "sum by (le) (increase(h_bucket[5m]))")
        )
        return f"histogram_quantile({level}, {pick((inner, inner, self.vector(depth)))})"

    def _label(self, depth: int) -> str:
        pick, inner = self._chance.choice, self.vector(depth)
        if self._chance.random() < 0.3:
            return f'label_join({inner}, "{pick(_LABELS)}", "-", "{pick(_LABELS)}", "{pick(_LABELS)}")'
        pattern = pick(("(.*)", "(.)(.*)", "a.*", "[0-9]+", ""))
        return f'label_replace({inner}, "{pick(_LABELS)}", "{pick(("$1", "x${2}y", "", "k"))}", "{pick(_LABELS)}", "{pattern}")'


_HOSTILE_NUMBERS = (
    *(
        "Inf",
        "-Inf",
        "NaN",
        "1e300",
        "-1e300",
        "1e18",
        "-1",
        "0x7fffffffffffffff",
        "9223372036854775807",
        "1e-320",
    ),
    *("1700000000000", "99999999999999999999", "-0", "0.1e-400", "1e400", "08", "0x", "1_000", ""),
)
_HOSTILE_DURATIONS = (
    *(
        "1y",
        "1ms",
        "0s",
        "292y",
        "293y",
        "999999999999999999",
        "1d",
        "1h1ms",
        "Inf",
        "NaN",
        "-5m",
        "1e9",
        "",
        "0.5",
    ),
    *("1y1w1d1h1m1s1ms", "1m1y", "9999999999y", "0"),
)
_HOSTILE_TOKENS = (
    *(
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "@",
        "offset",
        "by",
        "on()",
        "group_left",
        "bool",
        "without",
        "=~",
        "'",
        '"',
    ),
    *(
        "\x00",
        "\\",
        "`",
        "#",
        "and",
        "unless",
        "atan2",
        "start()",
        "end()",
        "inf",
        "ignoring(",
        "ö",
        "\ud800",
        "-",
        "^",
    ),
)
_HOSTILE_SHAPES = (
    "max_over_time(m[{d}:{e}])",
    "max_over_time(max_over_time({v}[{d}:{e}])[{e}:{d}])",
    "{v} offset {n}",
    "{v} @ {n}",
    "rate(c_total[{d}] offset {e})",
    "rate(c_total[{d}] @ {n})",
    "sum_over_time(({v})[{d}:{e}] @ {n} offset {d})",
    "predict_linear(g[{d}], {n})",
    "quantile_over_time({n}, g[1h])",
    "holt_winters(g[1h], {n}, {n})",
    "topk({n}, {v})",
    "limitk({n}, {v})",
    "limit_ratio({n}, {v})",
    "quantile({n}, {v})",
    "histogram_quantile({n}, h_bucket * {n})",
    "histogram_fraction({n}, {n}, h_bucket)",
    "round({v}, {n})",
    "clamp({v}, {n}, {n})",
    "{v} ^ {n} ^ {n}",
    "{v} % {n}",
    "year({v} * {n})",
    "days_in_month(vector({n}))",
    "timestamp({v} @ {n})",
    "count_values('x', {v} * {n})",
    "label_replace({v}, '{t}', '${t}', '{t}', '({t})')",
    "label_join({v}, '{t}', '{t}', '{t}', '')",
    "sort_by_label({v}, '{t}')",
    "{v}{{host=~'{t}{t}'}}",
    "{{__name__=~'{t}'}}",
    "{v} {t} {v}",
    "{t}({v})",
    "absent({v} {t} {n})",
    "vector(scalar({v}) {t} {n})",
)


def hostile(seed: int, count: int) -> list[str]:
    """What nobody types, some of it no PromQL."""
    chance, questions = random.Random(seed), Questions(seed)
    expressions = []
    for _ in range(count):
        shape = chance.choice(_HOSTILE_SHAPES)
        for mark, words in (
            ("{n}", _HOSTILE_NUMBERS),
            ("{d}", _HOSTILE_DURATIONS),
            ("{e}", _HOSTILE_DURATIONS),
            ("{t}", _HOSTILE_TOKENS),
        ):
            while mark in shape:
                shape = shape.replace(mark, chance.choice(words), 1)
        while "{v}" in shape:
            shape = shape.replace("{v}", questions.vector(chance.randrange(3)), 1)
        expressions.append(shape.replace("{{", "{").replace("}}", "}"))
    return expressions
