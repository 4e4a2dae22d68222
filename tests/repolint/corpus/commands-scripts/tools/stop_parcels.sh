#!/bin/sh
kill "$(cat parcels.pid)"
