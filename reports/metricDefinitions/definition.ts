import type { Dimension } from '../../input/units.ts';

/** Which way is better; `none` where more is neither. */
export type Direction = 'lower' | 'higher' | 'none';

/** Units that `input/units.ts` has no dimension for; values are printed before them as they are. */
export const PLAIN_UNITS = ['token/s', 'request/s', 'sample/s', 'query/s', 'IO/s', 'gCO2e', 'USD/Mtoken'] as const;

/**
 * The unit of a metric: a dimension of `input/units.ts`, a plain unit, a ratio or a score without one. `moved_bytes`
 * are bytes that people count in GB, as they do rates, where `bytes` of a memory come in GiB.
 */
export type MetricUnit = Dimension | (typeof PLAIN_UNITS)[number] | 'moved_bytes' | 'ratio' | 'score';

/** A metric, or a family of them under a pattern with `<placeholders>`. */
export interface MetricDefinition {
  /** Name; `<…>` stands for one segment, or for the part of a segment before its unit. */
  readonly pattern: string;
  readonly symbol: string;
  readonly unit: MetricUnit;
  readonly direction: Direction;
  /** What a policy costs: `check` compares these. */
  readonly cost: boolean;
  /** Two to four words for axes and table heads; placeholders as in the pattern. */
  readonly label: string;
  readonly meaning: string;
}

/** What each placeholder may stand for, as a regular expression. Ids are those of the machine file. */
export const PLACEHOLDERS: Readonly<Record<string, { readonly expression: string; readonly meaning: string }>> = {
  phase: {
    expression: 'prefill|decode|forward|backward|optimizer',
    meaning: '`prefill`, `decode`, `forward`, `backward` or `optimizer`',
  },
  stream: {
    expression: 'compute|weight_read|kv_read|kv_write|activation_read|activation_write|bookkeeping',
    meaning: '`compute`, `weight_read`, `kv_read`, `kv_write`, `activation_read`, `activation_write` or `bookkeeping`',
  },
  stat: { expression: 'mean|p50|p90|p95|p99', meaning: '`mean`, `p50`, `p90`, `p95` or `p99`, over requests' },
  kind: {
    expression: 'weight|kv|activation|gradient|optimizer|index|table|workspace',
    meaning:
      'what the bytes are for: `weight`, `kv`, `activation`, `gradient`, `optimizer`, `index`, `table`, `workspace`',
  },
  memory: { expression: '[A-Za-z0-9_-]+', meaning: 'a memory id (`gpu`, `cpu`, `page_cache`, `disk`, `sram`, …)' },
  link: { expression: '[A-Za-z0-9_-]+', meaning: 'a link id (`pcie`, `nvme`, `nvlink`, …)' },
  dir: { expression: '[A-Za-z0-9]+', meaning: 'a direction: `h2d`/`d2h`, `read`/`write`, `tx`/`rx`' },
  resource: { expression: '[A-Za-z0-9_-]+', meaning: 'the id of a memory, link, compute unit or copy engine' },
  flashpart: { expression: 'channels|chips|link', meaning: '`channels`, `chips` or `link` of a flash drive' },
  part: { expression: '[A-Za-z0-9_-]+', meaning: 'the part of the machine that used the energy' },
  choice: { expression: '[a-z0-9_]+', meaning: 'what the policy chose' },
  benchmark: { expression: '.+', meaning: 'the benchmark the paper measured' },
};

type Rest = readonly [
  symbol: string,
  unit: MetricUnit,
  direction: Direction,
  cost: boolean,
  label: string,
  meaning: string,
];

/** One row of the glossary. */
export const define = (
  pattern: string,
  ...[symbol, unit, direction, cost, label, meaning]: Rest
): MetricDefinition => ({
  pattern,
  symbol,
  unit,
  direction,
  cost,
  label,
  meaning,
});
