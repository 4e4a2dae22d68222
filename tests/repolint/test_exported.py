"""What is read from Python as exported: names however they are built, labels, values and buckets."""

from __future__ import annotations

from pathlib import Path

import pytest

from repolint.facts.metrics.exports import exports
from repolint.facts.metrics.metric import Exports
from repolint.project import Project


def read(folder: Path, **files: str) -> Exports:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return Project(folder, frozenset(f"{name}.py" for name in files), ()).fact(exports)


def series(found: Exports) -> set[str]:
    return {metric.main() for metric in found.metrics}


FROM = "from prometheus_client import Counter, Gauge, Histogram\n"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (FROM + 'Counter("a_total_by_mode", "")', {"a_total_by_mode_total"}),
        (FROM + 'Counter("a_total", "")', {"a_total"}),
        (FROM + 'Gauge(name="a_b", documentation="")', {"a_b"}),
        ("import prometheus_client as p\np.Gauge('a_b', '')", {"a_b"}),
        ("import prometheus_client\nG = prometheus_client.Gauge\nG('a_b', '')", {"a_b"}),
        ("from prometheus_client import *\nGauge('a_b', '')", {"a_b"}),
        (FROM + 'P = "a"\nGauge(P + "_" + "b", "")', {"a_b"}),
        (FROM + 'P = "a"\nGauge("%s_b" % P, "")\nGauge("{}_c".format(P), "")', {"a_b", "a_c"}),
        (FROM + 'Gauge("_".join(["a", "b"]), "")', {"a_b"}),
        (FROM + 'Gauge("b", "", namespace="a", subsystem="s", unit="bytes")', {"a_s_b_bytes"}),
        (FROM + 'for one in ("x", "y"):\n    Gauge(f"a_{one}", "")', {"a_x", "a_y"}),
        (FROM + 'N = {"k": "a_x", "l": "a_y"}\nM = {k: Gauge(v, "") for k, v in N.items()}', {"a_x", "a_y"}),
        (FROM + 'N = {"k": "a_x", "l": "a_y"}\nGauge(N["l"], "")', {"a_y"}),
        pytest.param(
            FROM
            + 'def safe(name):\n    try:\n        return Gauge(name, "")\n    except ValueError:\n        return None\nsafe("a_b")',
            {"a_b"},
            id="a function that gives None after an error",
        ),
        (
            FROM + 'def make(cls, n):\n    return cls("a_" + n, "")\nmake(Gauge, "b")\nmake(Counter, n="c")',
            {"a_b", "a_c_total"},
        ),
        pytest.param(
            FROM
            + 'def inner(n):\n    return Gauge(n, "")\ndef outer(n):\n    return inner("a_" + n)\nouter("b")',
            {"a_b"},
            id="a function that calls another",
        ),
        pytest.param(
            FROM
            + 'class M:\n    def __init__(self, p):\n        self.p = p\n        self.g = Gauge(f"{self.p}_b", "")\nM("a")',
            {"a_b"},
            id="an attribute of a class",
        ),
        ("import prometheus_client as p\nK = {'g': getattr(p, 'Gauge')}\nK['g']('a_b', '')", {"a_b"}),
        (FROM + "class G(Gauge):\n    pass\nG('a_b', '')", {"a_b"}),
        (
            "try:\n    from prometheus_client import Gauge\nexcept ImportError:\n    Gauge = None\nX = Gauge('a_b', '') if Gauge else None",
            {"a_b"},
        ),
        ("from collections import Counter\nCounter('a_b')", set()),
        (FROM + "def f(x):\n    return Gauge('a_' + x.name, '')", {"a_*"}),
    ],
)
def test_names(tmp_path: Path, source: str, names: set[str]) -> None:
    assert series(read(tmp_path, app=source)) == names


def test_a_constructor_and_a_name_from_other_modules(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        base="from prometheus_client import Gauge\nNAME = 'a_b'",
        app="import base\nfrom base import Gauge as Meter\nMeter(base.NAME, '', labelnames=('x',))",
    )
    (only,) = found.metrics
    assert (only.name, only.labels, only.where()) == ("a_b", frozenset({"x"}), "app.py:3")


def test_a_name_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, app=FROM + "def f(x):\n    return Gauge(x.name, '')")
    assert found.metrics == ()
    assert found.unread == ("app.py",)


def test_labels_that_a_factory_passes_on(tmp_path: Path) -> None:
    source = FROM + "L = ['x']\ndef c(name, labels=None):\n    return Counter(name, '', labels or [])\n"
    found = read(tmp_path, app=source + "c('a_total', L + ['y'])\nc('b_total')\nc('c_total', unknown())")
    assert {one.name: one.labels for one in found.metrics} == {
        "a_total": {"x", "y"},
        "b_total": frozenset(),
        "c_total": None,
    }


def test_buckets(tmp_path: Path) -> None:
    source = (
        FROM
        + "B = (5, 1, float('inf'))\nHistogram('a', '', buckets=B)\nHistogram('b', '')\nHistogram('c', '', buckets=x())"
    )
    found = {one.name: one.buckets for one in read(tmp_path, app=source).metrics}
    assert found["a"] == (1.0, 5.0)
    assert found["b"] is not None
    assert found["b"][-1] == 10.0
    assert found["c"] is None


USED = FROM + "M = Counter('a_total', '', ['x', 'y'])\n"


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("M.labels('p', y='q')", {}),
        ("M.labels('p', 'q').inc()", {"x": {"p"}, "y": {"q"}}),
        ("M.labels(x='p', y=ask()).inc()", {"x": {"p"}}),
        ("M.labels(x='p' if ok else 'r', y='q').inc()", {"x": {"p", "r"}, "y": {"q"}}),
        (
            "def mark(x, y='q'):\n    M.labels(x=x, y=y).inc()\nmark('p')\nmark(x='r')",
            {"x": {"p", "r"}, "y": {"q"}},
        ),
        ("def mark(x):\n    M.labels(x=x, y='q').inc()\nrun(mark)\nmark('p')", {"y": {"q"}}),
        ("def mark(x):\n    M.labels(x=x, y='q').inc()", {"y": {"q"}}),
        ("M.labels('p', 'q')\nfor m in every():\n    m.labels('s', 't').inc()", {}),
        ("M.labels(**given)", {}),
        ("M.labels(*given)", {}),
    ],
)
def test_values_are_closed_only_when_every_call_is_read(
    tmp_path: Path, source: str, values: dict[str, set[str]]
) -> None:
    (only,) = read(tmp_path, app=USED + source).metrics
    assert only.values == values


@pytest.mark.parametrize(
    ("source", "name", "labels", "unread"),
    [
        (
            "new client.Counter({ name: 'a_b_total', help: 'x', labelNames: ['c', \"d\"] });",
            "a_b_total",
            {"c", "d"},
            False,
        ),
        ("new Gauge<string>({ help: `{ x, y }`, name: 'a_b' });", "a_b", set(), False),
        ("makeGaugeProvider({ name: 'a_b', labelNames: ['c'] as const });", "a_b", {"c"}, False),
        ("new Gauge({ name: 'a_b', labelNames: NAMES });", "a_b", None, False),
        ("new Gauge({ name: 'a_b', ...common });", "a_b", None, False),
        ("new Gauge({ name: 'a_b' });\nregister.setDefaultLabels({ app: 'x' });", "a_b", None, False),
        ("new Gauge({ name: 'a_b' });\nnew Gauge({ name: config.name });", "a_b", set(), False),
        (
            "function getGauge(name: string) { return new Gauge({ name }); }\ngetGauge('a_b');",
            "a_b",
            None,
            False,
        ),
        ("new Gauge({ name: 'a_b' });\nnew Gauge({ name });", "a_b", set(), True),
        ("new Gauge({ name: 'a_b' });\nnew Gauge({ name: `${start}_c` });", "a_b", set(), True),
        ("new Gauge({ name: 'a_b' });\nnew Gauge({ name: start + '_c' });", "a_b", set(), True),
    ],
)
def test_what_a_script_exports(
    tmp_path: Path, source: str, name: str, labels: set[str] | None, *, unread: bool
) -> None:
    (tmp_path / "m.ts").write_text("import { Gauge } from 'prom-client';\n" + source)
    found = Project(tmp_path, frozenset({"m.ts"}), ()).fact(exports)
    assert [(one.main(), one.labels) for one in found.metrics] == [(name, labels)]
    assert bool(found.unread) == unread


@pytest.mark.parametrize(
    ("package", "counted"),
    [
        ("express-prom-bundle", True),
        ("@opentelemetry/exporter-prometheus", True),
        ("@opentelemetry/api", False),
    ],
)
def test_a_library_that_counts_requests_by_itself(tmp_path: Path, package: str, *, counted: bool) -> None:
    (tmp_path / "package.json").write_text(f'{{"dependencies": {{"{package}": "^1.0.0"}}}}')
    assert Project(tmp_path, frozenset({"package.json"}), ()).fact(exports).instrumented == counted


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (
            "app.add_middleware(\n    PrometheusMiddleware,\n    app_name='a',\n    prefix='own_http',\n)",
            True,
        ),
        ("PrometheusMiddleware(app, prefix='own_http')", True),
        ("Instrumentator().add(metrics.latency(metric_namespace='own_http'))", True),
        ("app.add_middleware(PrometheusMiddleware)\nrouter(prefix='own_http')", False),
        ("app.add_middleware(PrometheusMiddleware, prefix=PREFIX)", False),
    ],
)
def test_names_that_a_library_is_told_to_use(tmp_path: Path, source: str, *, found: bool) -> None:
    read_so = read(tmp_path, main="from starlette_exporter import PrometheusMiddleware\n" + source)
    assert bool(read_so.find("own_http_requests_total")) == found


@pytest.mark.parametrize(
    ("source", "series", "unread"),
    [
        (
            'subsystem := "page"\nx := CounterOpts{Namespace: "own", Subsystem: subsystem, Name: "hits_total"}',
            "own_page_hits_total",
            False,
        ),
        ('const start = "own"\nx := GaugeOpts{Namespace: start, Name: "depth"}', "own_depth", False),
        (
            'x := GaugeOpts{Namespace: namespace, Subsystem: "lane", Name: "depth"}',
            "anything_lane_depth",
            False,
        ),
        ('x := GaugeOpts{Namespace: "own", Name: name}', "own_depth", True),
    ],
)
def test_what_go_exports(tmp_path: Path, source: str, series: str, *, unread: bool) -> None:
    (tmp_path / "m.go").write_text(f"import prometheus\n{source}\n")
    found = Project(tmp_path, frozenset({"m.go"}), ()).fact(exports)
    assert bool(found.unread) == unread
    assert bool(found.find(series)) != unread
    assert not found.find("own_page")
