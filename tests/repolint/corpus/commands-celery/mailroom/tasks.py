from mailroom.celery import app


@app.task
def send_letter(number):
    return number


@app.task(bind=True, max_retries=3)
def send_bulk(self, numbers):
    return len(numbers)


@app.task(name="mailroom.stamp")
def stamp(number):
    return number
