"""What somebody can switch while the sandbox runs: two keys of its Redis, one page of the service, one line of `.env`.

chimera:switch:producers = paused    nobody asks for anything
chimera:switch:narrative = template  workers do not ask the model
GET, POST /switches of the service   {"model": "standard" | "fast"}
LLM_CACHE_ENABLED=false in .env      workers remember nothing; read when they start
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import redis

PRODUCERS, NARRATIVE, MODEL = "chimera:switch:producers", "chimera:switch:narrative", "sandbox:model"
MODELS = {"standard": "sandbox-model", "fast": "sandbox-model-fast"}


def are_producers_paused(broker: redis.Redis) -> bool:
    """Whether nothing shall be sent."""
    return broker.get(PRODUCERS) == b"paused"


def is_template(broker: redis.Redis) -> bool:
    """Whether a template does without the model."""
    return broker.get(NARRATIVE) == b"template"


def model_kind(broker: redis.Redis) -> str:
    """Which of `MODELS` is asked."""
    raw = broker.get(MODEL)
    kind = raw.decode() if isinstance(raw, bytes) else "standard"
    return kind if kind in MODELS else "standard"


def switch_model(broker: redis.Redis, body: bytes) -> tuple[int, dict[str, Any]]:
    """What a POST to the page does."""
    try:
        kind = json.loads(body)["model"]
    except (ValueError, KeyError, TypeError) as error:
        return 400, {"error": repr(error)}
    if kind not in (*MODELS, None):
        return 400, {"error": f"one of {', '.join(MODELS)}"}
    broker.set(MODEL, kind or "standard")
    return 200, {"model": model_kind(broker)}
