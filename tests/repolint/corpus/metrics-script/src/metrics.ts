import { collectDefaultMetrics, Gauge } from 'prom-client';
import { Factory } from './factory';

collectDefaultMetrics({ prefix: 'ferry_' });

const factory = new Factory();

export const crossings = factory.getOrCreateCounter({
  name: 'ferry_crossings_total',
  help: 'Crossings { there and back }',
  labelNames: ['quay', 'status'],
});
export const duration = factory.getOrCreateHistogram({
  name: 'ferry_http_request_duration_seconds',
  help: 'How long a request takes',
  buckets: [0.1, 0.5, 1, 2, 5],
});
export const aboard = new Gauge<string>({
  name: 'ferry_passengers_aboard',
  help: 'Passengers',
  labelNames: QUAYS,
});
