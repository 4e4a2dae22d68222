from fastapi import FastAPI
from prometheus_client import Counter
from prometheus_fastapi_instrumentator import Instrumentator

app = FastAPI()
Instrumentator().instrument(app).expose(app)
ERRORS = Counter("http_request_errors_total", "Errors", ["kind"])
LOGINS = Counter("orchard_logins_total", "Logins", ["kind"])
SIGNS = Counter("orchard_signs_total", "Signs", ["kind"])
