"""A Prometheus server, or anything with its query API, asked through our own HTTP client.

So every question has one deadline for its whole answer, a size limit and one set of certificates and credentials, and
a cancelled one ends at once; no thread waits for a server. A long query is POSTed as a form, because servers and
proxies refuse long addresses; a server that takes no POST (405) is asked by GET from then on. How the answers are
read, and what prometheus-api-client does in it: `signals.prometheus.api`.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from core.errors import BadQuery
from core.message import say
from signals.connections.http import METHOD_NOT_ALLOWED, OK, HttpClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from signals.alerts.model import AlertRule, Alerts
    from signals.alerts.outgoing import Outgoing
    from signals.connections.http import HttpResponse
    from signals.metrics.model import Target
    from signals.reading import Answer
    from signals.settings import PrometheusSettings

T = TypeVar("T")

MAX_ADDRESS_CHARS = 4_000
"""A longer query is POSTed: nginx takes 8 KB of address and headers, others less."""
PARSED_INLINE_BYTES = 50_000
"""A longer answer is parsed in a thread: the loop has others to serve."""
NAMES_OF_LAST_S = 3600.0


class PrometheusSource:
    """A `MetricSource` and an `AlertSource`."""

    name = "prometheus"
    remote = True

    def __init__(self, settings: PrometheusSettings) -> None:
        self._http = HttpClient(self.name, settings)
        self._takes_post = True
        self._library_imported = False

    async def query(self, expr: str, at: float | None = None) -> Answer:
        """An instant query."""
        from signals.prometheus.api import read_query

        at = time.time() if at is None else at
        response = await self._query("/api/v1/query", {"query": expr, "time": repr(at)})
        return await self._parsed(response, lambda body: read_query(body, expr, at, self.name))

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        """A range query."""
        from signals.prometheus.api import read_range

        params = {"query": expr, "start": repr(start), "end": repr(end), "step": f"{step:g}"}
        response = await self._query("/api/v1/query_range", params)
        return await self._parsed(response, lambda body: read_range(body, expr, end, self.name))

    async def metric_names(self) -> frozenset[str]:
        """All metric names of the last hour."""
        from signals.prometheus.api import read_metric_names

        since = {"start": str(time.time() - NAMES_OF_LAST_S)}
        response = await self._http.get("/api/v1/label/__name__/values", since)
        return await self._parsed(response, lambda body: read_metric_names(body, self.name))

    async def has_had(self, metric: str) -> bool:
        """Over all that it keeps."""
        from signals.prometheus.api import read_metric_names

        # By name alone: the series themselves may be many thousands.
        response = await self._http.get("/api/v1/label/__name__/values", {"match[]": metric})
        return metric in await self._parsed(response, lambda body: read_metric_names(body, self.name))

    async def alerts(self) -> Alerts:
        """Active alerts, with their rules' expressions."""
        from signals.prometheus.api import read_alerts

        response = await self._http.get("/api/v1/rules", {"type": "alert"})
        return await self._parsed(response, lambda body: read_alerts(body, self.name))

    async def rules(self) -> tuple[AlertRule, ...]:
        """Every alert rule that is evaluated there."""
        from signals.prometheus.api import read_alert_rules

        response = await self._http.get("/api/v1/rules", {"type": "alert"})
        return await self._parsed(response, lambda body: read_alert_rules(body, self.name))

    async def outgoing(self) -> Outgoing:
        """Under which labels its alerts reach an Alertmanager."""
        from signals.alerts.outgoing import read_outgoing

        response = await self._http.get("/api/v1/status/config")
        return await asyncio.to_thread(self._http.parsed, response, read_outgoing)

    async def targets(self) -> tuple[Target, ...]:
        """Every exporter that is scraped now, with what its last scrape said."""
        from signals.prometheus.api import read_targets

        response = await self._http.get("/api/v1/targets", {"state": "active"})
        return await self._parsed(response, read_targets)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _query(self, path: str, params: dict[str, str]) -> HttpResponse:
        """Ask by POST where the address would become too long. Raises `BadQuery` with the server's words."""
        response = None
        if self._takes_post and len(urlencode(params)) > MAX_ADDRESS_CHARS:
            response = await self._http.post_form(path, params)
            self._takes_post = response.status != METHOD_NOT_ALLOWED
        if response is None or not self._takes_post:
            response = await self._http.get(path, params)
        if response.status != OK:
            detail = response.error_text() or f"HTTP {response.status}"
            raise BadQuery(say("signals.bad_query", source=self.name, detail=detail))
        return response

    async def _parsed(self, response: HttpResponse, parse: Callable[[HttpResponse], T]) -> T:
        if self._library_imported and len(response.body) <= PARSED_INLINE_BYTES:
            return self._http.parsed(response, parse)
        answer = await asyncio.to_thread(self._http.parsed, response, parse)
        self._library_imported = True  # which takes half a second
        return answer
