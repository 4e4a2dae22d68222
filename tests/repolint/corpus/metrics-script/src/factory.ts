import { Counter, Histogram, register } from 'prom-client';

export class Factory {
  getOrCreateCounter<T extends string = string>(config: { name: string; help: string }): Counter<T> {
    return (register.getSingleMetric(config.name) as Counter<T>) ?? new Counter<T>({ name: config.name, help: config.help });
  }

  getOrCreateHistogram(config: { name: string; help: string; buckets?: number[] }): Histogram {
    return new Histogram({ name: config.name, help: config.help, buckets: config.buckets });
  }
}
