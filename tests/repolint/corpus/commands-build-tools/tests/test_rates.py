def test_rounding():
    assert round(1.25, 1) == 1.2
