from heron.jobs.app import app


@app.task(name="heron.jobs.fetch.history")
def history(member):
    return member
