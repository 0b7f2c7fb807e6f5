import { collectDefaultMetrics, Counter, type CounterConfiguration, Gauge, Histogram, Registry } from "prom-client";

export type Labels<Name extends string> = Record<Name, string>;

export interface CounterMetric<Name extends string> {
  increment(labels: Labels<Name>, by?: number): void;
}

export interface HistogramMetric<Name extends string> {
  /** In the unit the metric's name ends with; times are in seconds. */
  observe(labels: Labels<Name>, value: number): void;
}

export interface GaugeMetric<Name extends string> {
  set(labels: Labels<Name>, value: number): void;
}

/** Prometheus metrics of one process. The only file that knows which library stands behind them. */
export interface Metrics {
  /** A counter's name ends in `_total`. Asking twice for a name gives the same metric. */
  counter<Name extends string>(name: string, help: string, labels: readonly Name[]): CounterMetric<Name>;
  histogram<Name extends string>(
    name: string,
    help: string,
    labels: readonly Name[],
    buckets?: readonly number[],
  ): HistogramMetric<Name>;
  /** `collect` is called just before each exposition. */
  gauge<Name extends string>(
    name: string,
    help: string,
    labels: readonly Name[],
    collect?: (gauge: GaugeMetric<Name>) => void,
  ): GaugeMetric<Name>;
  /** A counter without labels whose number is kept by somebody else; `read` is called just before each exposition. */
  count(name: string, help: string, read: () => number): void;
  /** Prometheus text exposition. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Buckets of `mcp.server.operation.duration` in seconds (OpenTelemetry MCP semantic conventions). */
const durationBucketsSeconds = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300] as const;

const maximumLabelLength = 80;

export interface MetricsOptions {
  server: string;
  /** Memory, processor time and event-loop delay of this process beside our own. */
  processMetrics?: boolean;
  /** Default 200. */
  maximumLabelSets?: number;
}

/**
 * Every metric keeps at most `maximumLabelSets` label sets; all later ones are counted under `other`, so a million
 * tenants cost no more memory than two hundred.
 */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ server: options.server });
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  const bound = createLabelBound(options.maximumLabelSets ?? 200);
  const metrics = new Map<string, { kind: string; labels: string; metric: unknown }>();

  function once<Metric>(kind: string, name: string, labels: readonly string[], create: () => Metric): Metric {
    const known = metrics.get(name);
    if (known && (known.kind !== kind || known.labels !== labels.join())) {
      throw new TypeError(`metric ${name} is already declared as ${known.kind} of (${known.labels})`);
    }
    if (known) return known.metric as Metric;
    const metric = create();
    metrics.set(name, { kind, labels: labels.join(), metric });
    return metric;
  }

  return {
    counter(name, help, labels) {
      return once("counter", name, labels, () => {
        return createCounter({ name, help, labelNames: [...labels], registers: [registry] }, bound(labels));
      });
    },
    histogram(name, help, labels, buckets = durationBucketsSeconds) {
      return once("histogram", name, labels, () => {
        const declared = { name, help, labelNames: [...labels], buckets: [...buckets], registers: [registry] };
        const histogram = new Histogram(declared);
        const limit = bound(labels);
        return { observe: (values, value) => histogram.observe(limit(values), value) };
      });
    },
    gauge(name, help, labels, collect) {
      return once("gauge", name, labels, () => {
        const limit = bound(labels);
        const gauge = new Gauge({
          name,
          help,
          labelNames: [...labels],
          registers: [registry],
          ...(collect && { collect: () => collect(metric) }),
        });
        const metric: GaugeMetric<(typeof labels)[number]> = {
          set: (values, value) => gauge.set(limit(values), value),
        };
        return metric;
      });
    },
    count: (name, help, read) =>
      void once("count", name, [], () => createCount({ name, help, registers: [registry] }, read)),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** The library hashes the labels at each step, so it hears of the sums only when somebody asks for them. */
function createCounter<Name extends string>(
  declared: CounterConfiguration<Name>,
  limit: (values: Labels<Name>) => Labels<Name>,
): CounterMetric<Name> {
  const sums = new Map<Labels<Name>, number>();
  void new Counter({
    ...declared,
    collect() {
      for (const [values, by] of sums) this.inc(values, by);
      sums.clear();
    },
  });
  return {
    increment(values, by = 1) {
      if (!(by >= 0)) throw new TypeError(`the counter ${declared.name} cannot be raised by ${by}`);
      const kept = limit(values);
      sums.set(kept, (sums.get(kept) ?? 0) + by);
    },
  };
}

function createCount(declared: CounterConfiguration<never>, read: () => number): Counter<never> {
  const counter = new Counter({
    ...declared,
    collect() {
      counter.reset();
      counter.inc(read());
    },
  });
  return counter;
}

/** Per metric: passes the first `maximum` label sets, turns every further one into `other`. */
function createLabelBound(maximum: number) {
  return <Name extends string>(names: readonly Name[]) => {
    const seen = new Map<string, Labels<Name>>();
    const overflow = Object.fromEntries(names.map((name) => [name, "other"])) as Labels<Name>;
    return (values: Labels<Name>): Labels<Name> => {
      let key = "";
      for (const name of names) key += `${values[name]}\u0000`;
      const known = seen.get(key);
      if (known) return known;
      if (seen.size >= maximum || key.length > names.length * maximumLabelLength) return overflow;
      const kept = Object.fromEntries(names.map((name) => [name, values[name]])) as Labels<Name>;
      seen.set(key, kept);
      return kept;
    };
  };
}
