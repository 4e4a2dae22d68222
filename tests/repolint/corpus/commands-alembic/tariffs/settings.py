from pydantic import Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    tariff_dsn: str
    maps_key: str = Field(...)
    page_size: int = 50


settings = Settings()
