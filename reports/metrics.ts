import { formatMovedBytes, formatQuantity, formatRate } from './format.ts';
import {
  type Direction,
  type MetricDefinition,
  type MetricUnit,
  PLACEHOLDERS,
  PLAIN_UNITS,
} from './metricDefinitions/definition.ts';
import { METRIC_DEFINITIONS } from './metricDefinitions/index.ts';
import { markdownTable } from './table.ts';

export type { Direction, MetricDefinition, MetricUnit } from './metricDefinitions/definition.ts';

interface Matcher {
  readonly definition: MetricDefinition;
  readonly expression: RegExp;
}

/** The regular expression of a pattern; a placeholder becomes a named group. */
function matcher(definition: MetricDefinition): Matcher {
  const source = definition.pattern
    .split(/<(\w+)>/)
    .map((part, index) =>
      index % 2 === 0 ? part.replaceAll('.', '\\.') : `(?<${part}>${PLACEHOLDERS[part]!.expression})`,
    )
    .join('');
  return { definition, expression: new RegExp(`^${source}$`) };
}

const MATCHERS: readonly Matcher[] = METRIC_DEFINITIONS.map(matcher);

/** A metric by its full name, the placeholders of its label filled in. */
export interface DescribedMetric extends MetricDefinition {
  readonly name: string;
}

/** The definition of a metric, or undefined when docs/metrics.md has none under this name. */
export function describeMetric(name: string): DescribedMetric | undefined {
  for (const { definition, expression } of MATCHERS) {
    const match = expression.exec(name);
    if (!match) continue;
    const label = definition.label.replace(/<(\w+)>/g, (_, key: string) => words(match.groups?.[key] ?? key));
    return { ...definition, label, name };
  }
  return undefined;
}

/** Which way is better; `none` also for names without a definition. */
export function directionOf(name: string): Direction {
  return describeMetric(name)?.direction ?? 'none';
}

/** Whether the metric is something a policy costs, so that the CI gate compares it. */
export function isCostMetric(name: string): boolean {
  return describeMetric(name)?.cost ?? false;
}

/** Every definition, in the order of docs/metrics.md. */
export function listMetrics(): readonly MetricDefinition[] {
  return METRIC_DEFINITIONS;
}

/** A metric's value for people, with its unit: `7.32 token/s`, `14.9 GiB`, `88%`. Unknown names give a bare number. */
export function formatMetric(name: string, value: number): string {
  const unit = describeMetric(name)?.unit;
  if (value === 0) return '0';
  if (unit === undefined || unit === 'score') return String(Number(value.toPrecision(4)));
  if (unit === 'ratio') return `${Number(value.toPrecision(3))} ×`;
  if (unit === 'moved_bytes') return formatMovedBytes(value);
  return isPlainUnit(unit) ? formatRate(value, unit) : formatQuantity(value, unit);
}

/** Whether the unit is printed as it stands, without prefixes. */
export function isPlainUnit(unit: MetricUnit): unit is (typeof PLAIN_UNITS)[number] {
  return (PLAIN_UNITS as readonly string[]).includes(unit);
}

const SPELLINGS: Readonly<Record<string, string>> = { pcie: 'PCIe', nvme: 'NVMe', nvlink: 'NVLink' };
const INITIALS = /\b(?:kv|gpu|cpu|hbm|ddr|cxl|csd|sram)(?=\d*\b)/g;

/** An id as people read it in a sentence: `kv_read` is `KV read`, `pcie` is `PCIe`. */
export function words(name: string): string {
  return name
    .replaceAll('_', ' ')
    .replace(INITIALS, (letters) => letters.toUpperCase())
    .replace(/\b(?:pcie|nvme|nvlink)(?=\d*\b)/g, (word) => SPELLINGS[word] ?? word);
}

const TITLES: Readonly<Record<string, string>> = {
  time: 'Time',
  throughput: 'Throughput',
  latency: 'Latency',
  memory: 'Memory',
  traffic: 'Traffic',
  busy: 'Busy resources',
  cache: 'Caches',
  compute: 'Compute',
  network: 'Networks',
  patch: 'Patches',
  energy: 'Energy',
  cost: 'Cost',
  carbon: 'Carbon',
  wear: 'Wear',
  bound: 'Bound',
  sim: 'The simulator',
  choice: 'Choices',
  proxy: 'Proxies',
  quality: 'Quality',
};

/** The text of docs/metrics.md: one table a family, then what the placeholders stand for. */
export function metricsMarkdown(): string {
  const lines = [
    '# Metrics',
    '',
    'Every run gives a flat object of numbers under these names. All are SI: seconds, bytes, joules, US dollars,',
    'fractions of one. A number that no source supports is absent, never zero.',
    '',
    'Better says which way `check` and `compare` judge a metric; `–` means neither way. A metric marked ● is a cost of',
    'the policy: `check` compares it with the baseline.',
  ];
  const families = new Map<string, MetricDefinition[]>();
  for (const metric of METRIC_DEFINITIONS) {
    const family = metric.pattern.slice(0, metric.pattern.indexOf('.'));
    families.set(family, [...(families.get(family) ?? []), metric]);
  }
  for (const [family, metrics] of families) {
    const heads = ['name', 'symbol', 'unit', 'better', 'cost', 'meaning'].map((head) => ({ head }));
    const rows = metrics.map((metric) => {
      const better = metric.direction === 'none' ? '–' : metric.direction;
      return [`\`${metric.pattern}\``, metric.symbol, unitName(metric), better, metric.cost ? '●' : '', metric.meaning];
    });
    lines.push('', `## ${TITLES[family] ?? family}`, '', markdownTable(heads, rows));
  }
  const meanings = Object.entries(PLACEHOLDERS).map(([name, { meaning }]) => [`\`<${name}>\``, meaning]);
  lines.push('', '## Placeholders', '', markdownTable([{ head: 'placeholder' }, { head: 'stands for' }], meanings));
  return `${lines.join('\n')}\n`;
}

const UNIT_NAMES: Readonly<Record<string, string>> = {
  s: 's',
  bytes: 'byte',
  moved_bytes: 'byte',
  fraction: 'fraction',
  flops: 'FLOP',
  count: 'count',
  j: 'J',
  usd: 'USD',
};

const unitName = (metric: MetricDefinition): string => UNIT_NAMES[metric.unit] ?? metric.unit;
