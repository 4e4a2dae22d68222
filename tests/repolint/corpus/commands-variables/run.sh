#!/bin/sh
curl --limit-rate "$RATE_LIMIT" http://localhost
