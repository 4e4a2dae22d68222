import os

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class KioskSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="KIOSK_")

    page_size: int = 10
    theme: str = "light"
    locale: str = "en"
    webhook: str = Field("", alias="WEBHOOK_URL")


class Faults(BaseSettings):
    fault_broker_down: bool = False
    fault_delay_ms: int = 0


def extra(name):
    return os.environ.get(f"EXTRA_{name}")
