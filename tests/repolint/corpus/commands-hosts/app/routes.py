from fastapi import APIRouter

router = APIRouter(
    prefix="/hooks",
    tags=["hooks"],
)
parcels = APIRouter()


@router.post("/parcels")
async def hook():
    return 1


@parcels.get("/parcels")
async def parcel():
    return 1


@parcels.get("/health")
async def health():
    return 1
