from aiohttp import web

from courier import telemetry


async def metrics(request):
    return web.Response(body=telemetry.page())


async def order(request):
    try:
        await request.read()
        telemetry.order_done("express", "success")
    except ValueError:
        telemetry.order_done("express", status="failed")
    return web.Response()


app = web.Application()
app.router.add_get("/metrics", metrics)
app.router.add_post("/order", order)
