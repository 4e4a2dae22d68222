from prometheus_client import Counter, Gauge

TRIPS = Counter("ferry_trips_total", "Trips", ["line"])
SEATS = Gauge("ferry_free_seats", "Seats", ["line"])
WIND = Gauge("ferry_wind_ratio", "Wind against the limit")


def sailed(line, seats):
    TRIPS.labels(line).inc()
    SEATS.labels(line).set(seats)
