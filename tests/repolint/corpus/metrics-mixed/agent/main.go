package main

import "github.com/prometheus/client_golang/prometheus"

func register(name string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "grove", Name: name, Help: "Some."})
}
