from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    gateway_token: str
    database_url: str = "postgresql://heron@localhost/heron"
    season_data_version: str = "7.2"
    card_image_url: str = ""
    cdn_base: str = ""
    chaos_broker_down: bool = False
    chaos_model_latency_ms: int = 0


settings = Settings()
