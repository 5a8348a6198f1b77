import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** Makes the metrics of one gateway, in a registry of their own. */
export class Instruments {
  readonly registry = new Registry()

  constructor() {
    collectDefaultMetrics({ register: this.registry })
  }

  counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.registry] })
  }

  gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.registry] })
  }

  /** A gauge whose value is read at each scrape. */
  gaugeOf(name: string, help: string, read: () => number): void {
    this.scraped(name, help, [], gauge => gauge.set(read()))
  }

  /** A gauge whose series are set at each scrape. */
  scraped(name: string, help: string, labelNames: string[], set: (gauge: Gauge) => void): Gauge {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect: () => set(gauge),
    })
    return gauge
  }
}
