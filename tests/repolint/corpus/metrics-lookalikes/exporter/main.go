package main

import "github.com/prometheus/client_golang/prometheus"

var depth = prometheus.NewGaugeVec(prometheus.GaugeOpts{
	Namespace: "shop",
	Subsystem: "lane",
	Name:      "depth",
	Help:      "Depth of a lane.",
}, []string{"lane"})

var seen = prometheus.NewCounter(prometheus.CounterOpts{Name: "shop_lane_seen_total", Help: "Seen."})
