#!/bin/sh
mv logs/parcels.log logs/parcels.1
