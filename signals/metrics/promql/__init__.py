"""PromQL in process: the grammar is `promql-parser`'s, the meaning is Prometheus 3's.

Every expression is evaluated for all its times at once: a vector is a table of series by times, with a mask that
says where there is a sample (NaN is a value, absence is not). An instant query is a table of one column.
"""

from __future__ import annotations

from signals.metrics.promql.evaluate import evaluate, evaluate_range

__all__ = ["evaluate", "evaluate_range"]
