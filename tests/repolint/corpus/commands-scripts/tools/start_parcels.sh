#!/bin/sh
exec python parcels/jobs/nightly.py
