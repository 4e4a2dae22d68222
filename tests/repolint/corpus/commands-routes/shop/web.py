from aiohttp import web
from fastapi import APIRouter

router = APIRouter(prefix="/api/v1")


@router.get("/orders/{number}")
async def order(number):
    return number


@router.post("/orders")
async def new_order():
    return 1


def application():
    app = web.Application()
    app.router.add_get("/health", order)
    app.router.add_get("/metrics", order)
    return app
