from sqlalchemy import Column, Integer


class Visit:
    __tablename__ = "visits"
    doctor = Column(Integer, index=True)
