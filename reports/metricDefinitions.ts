import type { Dimension } from '../input/units.ts';

/**
 * The glossary of metrics: one row a name or family of names. Everything that needs to know a metric (its unit, which
 * way is better, what it means) reads it here.
 * @module
 */

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

const define = (pattern: string, ...[symbol, unit, direction, cost, label, meaning]: Rest): MetricDefinition => ({
  pattern,
  symbol,
  unit,
  direction,
  cost,
  label,
  meaning,
});

const latency = (name: string, symbol: string, label: string, meaning: string): MetricDefinition =>
  define(`latency.${name}_s.<stat>`, symbol, 's', 'lower', true, `${label}, <stat>`, meaning);

const rate = (name: string, symbol: string, unit: MetricUnit, label: string, meaning: string): MetricDefinition =>
  define(`throughput.${name}`, symbol, unit, 'higher', true, label, meaning);

/** More specific patterns stand before more general ones: the first that matches a name defines it. */
export const METRIC_DEFINITIONS: readonly MetricDefinition[] = [
  define('time.total_s', 'T', 's', 'lower', true, 'total time', 'From the first event to the last.'),
  define(
    'time.prefill_s',
    'T_p',
    's',
    'lower',
    true,
    'prefill time',
    'From the start until every first output token exists.',
  ),
  define('time.decode_s', 'T_d', 's', 'lower', true, 'decode time', 'From the first output tokens to the last.'),
  define('time.forward_s', 'T_f', 's', 'lower', true, 'forward time', 'From the start of the forward pass to its end.'),
  define('time.step_s', 'T_step', 's', 'lower', true, 'step time', 'One training step, or one pass of a network.'),
  define(
    'time.<phase>.<stream>_s',
    'B_φ,s',
    's',
    'none',
    false,
    '<phase> <stream> busy time',
    'Seconds in which the stream was busy during the phase. Streams overlap, so these may add up to more than the phase.',
  ),

  define(
    'busy.<phase>.kv_read.fraction',
    'B_φ,kv/T_φ',
    'fraction',
    'none',
    false,
    '<phase> share of KV reading',
    'Share of the phase in which the KV cache was being read.',
  ),

  rate('tokens_per_s_per_device', 'X/n', 'token/s', 'throughput per device', 'Output tokens per second and device.'),
  rate('tokens_per_s', 'X', 'token/s', 'throughput', 'Output tokens ÷ (T_p + T_d).'),
  rate(
    'decode_tokens_per_s',
    'X_d',
    'token/s',
    'decode throughput',
    'Output tokens after the first of each sequence ÷ T_d.',
  ),
  rate('requests_per_s', 'X_r', 'request/s', 'request rate', 'Requests finished ÷ T.'),
  rate('samples_per_s', 'X_s', 'sample/s', 'sample rate', 'Training samples or images ÷ T.'),
  rate('queries_per_s', 'X_q', 'query/s', 'query rate', 'Search queries finished ÷ T.'),
  rate('ios_per_s', 'IOPS', 'IO/s', 'IO rate', 'Storage commands finished ÷ T.'),
  rate('io_bytes_per_s', 'B_io', 'bytes_per_s', 'IO bandwidth', 'Bytes of the storage commands finished ÷ T.'),
  rate('bytes_per_s', 'B', 'bytes_per_s', 'bandwidth', 'Bytes that a copy or a stream moved ÷ the time it took.'),
  rate('fraction_of_peak', 'B/B*', 'fraction', 'share of the peak', 'Bandwidth ÷ the peak of the memory.'),

  latency('ttft', 'L_1', 'time to first token', 'From the arrival of a request to its first output token.'),
  latency(
    'tpot',
    'L_t',
    'time per output token',
    'Per request, the time after its first token ÷ the number of tokens after it.',
  ),
  latency('itl', 'L_i', 'inter-token latency', 'The gap between two output tokens of a request, over all gaps.'),
  latency('e2e', 'L', 'end-to-end latency', 'From the arrival of a request to its last output token.'),
  latency(
    'request',
    'L_r',
    'request latency',
    'From the arrival of a request that makes no tokens (a query, an IO) to its end.',
  ),

  define(
    'memory.<memory>.peak_bytes',
    'M_m',
    'bytes',
    'lower',
    true,
    'peak memory of <memory>',
    'Most bytes held at once. With a planner: the top of its plan, scratch included. Where several memories of a kind exist (`gpu0`, `gpu1`), the bare id is their maximum.',
  ),
  define(
    'memory.<memory>.mean_bytes',
    'M̄_m',
    'bytes',
    'lower',
    false,
    'mean memory of <memory>',
    'Bytes held, averaged over time.',
  ),
  define(
    'memory.<memory>.kv.end_bytes',
    'M_kv,end',
    'bytes',
    'lower',
    false,
    'KV cache kept in <memory>',
    'Bytes of the KV cache held when the run ends: what a policy has kept of the whole context.',
  ),
  define(
    'memory.<memory>.live_peak_bytes',
    'M_live',
    'bytes',
    'lower',
    true,
    'live peak of <memory>',
    'Most bytes of live tensors at once, whatever their addresses.',
  ),
  define(
    'memory.<memory>.reserved_peak_bytes',
    'M_res',
    'bytes',
    'lower',
    true,
    'reserved peak of <memory>',
    'Most bytes an allocator had taken at once, its free blocks included.',
  ),
  define(
    'memory.<memory>.<kind>.peak_bytes',
    'M_m,k',
    'bytes',
    'lower',
    false,
    '<kind> in <memory>',
    'Most bytes of one kind held at once. Kinds peak at different times, so these may add up to more than M_m.',
  ),

  define(
    'traffic.<link>.<dir>_bytes',
    'V_l',
    'moved_bytes',
    'lower',
    true,
    '<link> <dir> traffic',
    'Bytes that crossed the link in this direction.',
  ),
  define(
    'busy.memory.<resource>.fraction',
    'u',
    'fraction',
    'none',
    false,
    '<resource> memory busy',
    'Share of T in which the memory was reading or writing.',
  ),
  define(
    'busy.link.<resource>.fraction',
    'u',
    'fraction',
    'none',
    false,
    '<resource> link busy',
    'Share of T in which the link was moving bytes; a link with two directions counts the busier one.',
  ),
  define(
    'busy.compute.<resource>.fraction',
    'u',
    'fraction',
    'none',
    false,
    '<resource> compute busy',
    'Share of T in which the unit ran a kernel.',
  ),
  define(
    'busy.flash.<resource>.<flashpart>.fraction',
    'u',
    'fraction',
    'none',
    false,
    '<flashpart> of <resource> busy',
    'Share of T in which a channel (command unit, host link) of the drive was busy, on average over all of them.',
  ),
  define(
    'busy.copy.<resource>.fraction',
    'u',
    'fraction',
    'none',
    false,
    '<resource> copy busy',
    'Share of T in which the copy engine or worker had a transfer.',
  ),

  define(
    'cache.prefix.token_hit_ratio',
    'h_t',
    'fraction',
    'higher',
    true,
    'prefix hit ratio, tokens',
    'Prompt tokens found in the prefix cache ÷ prompt tokens.',
  ),
  define(
    'cache.prefix.block_hit_ratio',
    'h_b',
    'fraction',
    'higher',
    true,
    'prefix hit ratio, blocks',
    'Prefix blocks found ÷ prefix blocks looked up.',
  ),
  define(
    'cache.<memory>.hit_ratio',
    'h',
    'fraction',
    'higher',
    true,
    '<memory> hit ratio',
    'Bytes served by the cache ÷ bytes asked of it.',
  ),

  define(
    'compute.mfu',
    'MFU',
    'fraction',
    'higher',
    true,
    'model FLOP utilisation',
    'FLOPs of the model, recomputation left out ÷ (T × peak).',
  ),
  define(
    'compute.hfu',
    'HFU',
    'fraction',
    'none',
    false,
    'hardware FLOP utilisation',
    'FLOPs done, recomputation included ÷ (T × peak).',
  ),
  define(
    'compute.flops',
    'F',
    'flops',
    'lower',
    false,
    'work',
    'Floating-point operations done; a multiply-add is two.',
  ),
  define('compute.macs', 'F/2', 'count', 'lower', false, 'multiply-adds', 'Multiply-adds done.'),
  define(
    'compute.recompute_flops',
    'F_r',
    'flops',
    'lower',
    true,
    'recomputed work',
    'Floating-point operations done again to save memory.',
  ),

  define(
    'network.macs',
    'F_n/2',
    'count',
    'lower',
    false,
    'multiply-adds of the network',
    'Multiply-adds of one pass, layer by layer.',
  ),
  define(
    'network.parameters',
    'P',
    'count',
    'lower',
    false,
    'parameters',
    'Parameters as trained, normalisations unfolded.',
  ),
  define('network.layers', 'n', 'count', 'none', false, 'layers', 'Layers that run, those without weights included.'),

  define(
    'patch.patches',
    'p',
    'count',
    'none',
    false,
    'patches a side',
    'Patches on each side of the map that the patch stage makes.',
  ),
  define('patch.layers', 'n_p', 'count', 'none', false, 'layers in patches', 'Layers that run patch by patch.'),
  define(
    'patch.input_px',
    'r',
    'count',
    'lower',
    false,
    'rows a patch reads',
    'Rows of the image that one patch reads, its halo included.',
  ),
  define(
    'patch.stage_macs',
    'F_p/2',
    'count',
    'lower',
    false,
    'multiply-adds in patches',
    'Multiply-adds of the patch stage, the recomputed ones included.',
  ),
  define(
    'patch.stage_overhead',
    'o_p',
    'fraction',
    'lower',
    false,
    'overhead of the patch stage',
    'Multiply-adds of the patch stage ÷ those of the same layers on whole maps − 1.',
  ),
  define(
    'patch.overhead',
    'o',
    'fraction',
    'lower',
    false,
    'overhead of patches',
    'Multiply-adds done ÷ those of the network − 1.',
  ),
  define(
    'patch.stage_peak_bytes',
    'M_p',
    'bytes',
    'lower',
    false,
    'peak of the patch stage',
    'Most bytes the planner counts at a step of the patch stage.',
  ),
  define(
    'patch.rest_peak_bytes',
    'M_r',
    'bytes',
    'lower',
    false,
    'peak after the patch stage',
    'Most bytes the planner counts at a later step.',
  ),

  define(
    'energy.total_j',
    'E',
    'j',
    'lower',
    true,
    'energy',
    'Energy of every active part. Present only when each has a source.',
  ),
  define(
    'energy.known_j',
    'E_k',
    'j',
    'lower',
    true,
    'known energy',
    'Energy of the parts that have a source; a warning names the others.',
  ),
  define('energy.<part>_j', 'E_p', 'j', 'lower', false, 'energy of <part>', 'Energy of one part.'),
  define('cost.usd', 'C', 'usd', 'lower', true, 'cost', 'T × price of the machine.'),
  define(
    'cost.usd_per_million_tokens',
    'C_M',
    'USD/Mtoken',
    'lower',
    true,
    'cost per million tokens',
    'C ÷ output tokens × 10^6.',
  ),
  define('carbon.gco2e', 'G', 'gCO2e', 'lower', true, 'carbon', 'Energy × carbon intensity of the machine’s site.'),
  define(
    'wear.<memory>.written_bytes',
    'W_m',
    'moved_bytes',
    'lower',
    true,
    'bytes written to <memory>',
    'Bytes programmed into a flash memory, write amplification included.',
  ),
  define(
    'wear.<memory>.years',
    'Y_m',
    'count',
    'higher',
    true,
    'life of <memory>',
    'Years until the flash is worn out at the write rate of the run: its endurance ÷ bytes programmed per year.',
  ),

  define(
    'bound.time_s',
    'T*',
    's',
    'none',
    false,
    'lower bound of the time',
    'A time no placement, order or overlap can beat on this machine with this workload and precision.',
  ),
  define('bound.gap', 'T/T*', 'ratio', 'lower', false, 'gap to the bound', 'T ÷ T*, at least 1.'),
  define(
    'sim.events',
    'n',
    'count',
    'none',
    false,
    'events',
    'Events the simulator processed: a measure of its own work, not of the machine’s.',
  ),
  define(
    'proxy.retained_mass',
    'm_kept',
    'fraction',
    'higher',
    false,
    'retained attention mass',
    'Share of the attention mass of the workload’s process on tokens that the KV policy keeps or fetches. A proxy of our own, never a score of a benchmark.',
  ),
  define(
    'proxy.retained_mass_half_width',
    'Δm_kept',
    'fraction',
    'lower',
    false,
    'its half width',
    'Half width of the 95 % interval of the retained mass over the sampled heads.',
  ),
  define(
    'proxy.step_overlap',
    'o_step',
    'fraction',
    'higher',
    false,
    'overlap of neighbouring steps',
    'Share of the tokens chosen in a step that the step before had chosen too: what a fetch finds in place.',
  ),
  define(
    'quality.<benchmark>',
    'Q',
    'score',
    'none',
    false,
    '<benchmark>',
    'A score carried over from the paper that measured it, never computed. Which way is better depends on the benchmark.',
  ),
];
