from flask import Flask, Response
from prometheus_client import generate_latest

app = Flask(__name__)


@app.get("/internal/metrics")
def page():
    return Response(generate_latest(), mimetype="text/plain")
