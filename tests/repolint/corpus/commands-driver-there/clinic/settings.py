from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_url: str = "postgresql://clinic@localhost/clinic"


settings = Settings()
