from celery import shared_task


@shared_task
def read_page(page):
    return page


@shared_task(queue="thumbs")
def shrink(page):
    return page
