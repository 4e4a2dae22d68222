from heron.jobs.app import app


@app.task(bind=True, max_retries=3)
def analyse(self, match):
    return match
