import { describe, expect, it } from 'vitest';
import { METRIC_DEFINITIONS } from './metricDefinitions/index.ts';
import { describeMetric, directionOf, formatMetric, isCostMetric, metricsMarkdown, words } from './metrics.ts';

/** One name of every family that results use. */
const NAMES = [
  'time.total_s',
  'time.prefill_s',
  'time.decode_s',
  'time.step_s',
  'time.forward_s',
  'time.decode.kv_read_s',
  'busy.decode.kv_read.fraction',
  'time.optimizer.bookkeeping_s',
  'throughput.tokens_per_s',
  'throughput.decode_tokens_per_s',
  'throughput.requests_per_s',
  'throughput.samples_per_s',
  'throughput.queries_per_s',
  'throughput.ios_per_s',
  'throughput.io_bytes_per_s',
  'throughput.bytes_per_s',
  'throughput.fraction_of_peak',
  'busy.flash.disk.channels.fraction',
  'wear.csd_flash.years',
  'throughput.tokens_per_s_per_device',
  'latency.ttft_s.mean',
  'latency.tpot_s.p50',
  'latency.itl_s.p90',
  'latency.e2e_s.p95',
  'latency.request_s.p99',
  'latency.row_hit_s.mean',
  'latency.row_closed_s.mean',
  'latency.row_conflict_s.mean',
  'latency.row_refresh_s.mean',
  'memory.gpu0.peak_bytes',
  'memory.page_cache.mean_bytes',
  'memory.sram.live_peak_bytes',
  'memory.gpu.reserved_peak_bytes',
  'memory.gpu.planned_peak_bytes',
  'memory.gpu.prefill_peak_bytes',
  'memory.cpu.kv.peak_bytes',
  'memory.cpu.kv.end_bytes',
  'memory.kv.step_read_bytes',
  'compute.step_keys',
  'memory.onchip.moved_bytes',
  'mapping.over_slow',
  'mapping.energy_over_slow',
  'mapping.energy_over_greedy',
  'mapping.over_greedy',
  'mapping.fast_share',
  'traffic.pcie.h2d_bytes',
  'traffic.csd_p2p.read_bytes',
  'busy.memory.gpu.fraction',
  'busy.link.nvme.fraction',
  'busy.compute.cpu.fraction',
  'busy.copy.relay.fraction',
  'cache.page_cache.hit_ratio',
  'cache.prefix.token_hit_ratio',
  'cache.prefix.block_hit_ratio',
  'agent.calls',
  'agent.prompt_tokens',
  'agent.computed_tokens',
  'agent.output_tokens',
  'agent.repeated_fraction',
  'store.read_bytes',
  'store.time_s',
  'compute.mfu',
  'compute.hfu',
  'compute.flops',
  'compute.macs',
  'compute.attention_flops',
  'compute.recompute_flops',
  'network.macs',
  'network.parameters',
  'network.layers',
  'optimizer.trained_parameters',
  'patch.patches',
  'patch.layers',
  'patch.input_px',
  'patch.stage_macs',
  'patch.stage_overhead',
  'patch.overhead',
  'patch.stage_peak_bytes',
  'patch.rest_peak_bytes',
  'energy.total_j',
  'energy.known_j',
  'energy.pcie_j',
  'cost.usd',
  'cost.usd_per_million_tokens',
  'carbon.gco2e',
  'wear.disk.written_bytes',
  'wear.disk.write_amplification',
  'wear.disk.erased_blocks',
  'time.backward_s',
  'time.optimizer_s',
  'time.gradient_reduction_s',
  'time.recompute_s',
  'time.bubble_s',
  'time.layer_forward_s',
  'time.layer_backward_s',
  'memory.gpu.fragmentation',
  'memory.gpu.layer_state_bytes',
  'memory.gpu.layer_activation_bytes',
  'memory.gpu.other_state_bytes',
  'memory.gpu.other_activation_bytes',
  'cache.evictions',
  'cache.eager_frees',
  'choice.token_fraction',
  'bound.time_s',
  'bound.gap',
  'sim.events',
  'quality.longbench.avg',
  'memory.gpu.kv.end_bytes',
  'proxy.retained_mass',
  'proxy.retained_mass_half_width',
  'proxy.step_overlap',
];

describe('the glossary', () => {
  it.each(NAMES)('defines %s', (name) => {
    expect(describeMetric(name)?.meaning).toMatch(/\.$/);
  });

  it('has no family that no name belongs to', () => {
    const used = new Set(NAMES.map((name) => describeMetric(name)?.pattern));
    expect(METRIC_DEFINITIONS.map(({ pattern }) => pattern).filter((pattern) => !used.has(pattern))).toEqual([]);
  });

  it('takes the specific definition before the general one', () => {
    expect(describeMetric('energy.known_j')?.pattern).toBe('energy.known_j');
    expect(describeMetric('cache.prefix.token_hit_ratio')?.symbol).toBe('h_t');
    expect(describeMetric('memory.gpu.live_peak_bytes')?.pattern).toBe('memory.<memory>.live_peak_bytes');
  });

  it('knows no other name', () => {
    for (const name of ['time.total', 'time.warmup.compute_s', 'memory.gpu.peak_bytes.extra', 'xtime.total_s', '']) {
      expect(describeMetric(name)).toBeUndefined();
    }
    expect(directionOf('time.total')).toBe('none');
    expect(isCostMetric('time.total')).toBe(false);
  });

  it('says which way is better and what a policy costs', () => {
    expect(directionOf('throughput.tokens_per_s')).toBe('higher');
    expect(directionOf('memory.gpu.peak_bytes')).toBe('lower');
    expect(directionOf('busy.link.pcie.fraction')).toBe('none');
    expect(isCostMetric('traffic.pcie.h2d_bytes')).toBe(true);
    expect(isCostMetric('sim.events')).toBe(false);
  });

  it('fills in the label', () => {
    expect(describeMetric('memory.gpu.kv.peak_bytes')?.label).toBe('KV in GPU');
    expect(words('gpu0 kv_write over pcie')).toBe('GPU0 KV write over PCIe');
  });

  it('is what docs/metrics.md says', async () => {
    await expect(metricsMarkdown()).toMatchFileSnapshot('../docs/metrics.md');
  });
});

it.each([
  ['throughput.tokens_per_s', 7.3259, '7.33 token/s'],
  ['throughput.tokens_per_s', 12_345.6, '12346 token/s'],
  ['memory.gpu.peak_bytes', 3 * 2 ** 30, '3 GiB'],
  ['traffic.pcie.h2d_bytes', 5.23e12, '5.23 TB'],
  ['compute.mfu', 0.415, '41.5%'],
  ['bound.gap', 2.094, '2.09 ×'],
  ['latency.tpot_s.p99', 0.0421, '42.1 ms'],
  ['quality.piqa', 0.7812, '0.7812'],
  ['unknown', 1.5, '1.5'],
])('prints %s %d as %s', (name, value, text) => {
  expect(formatMetric(name, value)).toBe(text);
});
