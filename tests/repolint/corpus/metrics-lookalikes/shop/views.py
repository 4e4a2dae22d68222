from prometheus_client import start_http_server

from shop.metrics import added


def serve():
    start_http_server(9200)
    added("web")
    added(channel="app")
