import type { Path } from '../input/path.ts';

/**
 * What raising a number of a machine file must do to a result: the table that the knob test goes by. A field that is
 * not here is one that nobody has thought about, and the test refuses it.
 * @module
 */

/** The metric that moves, and where to, or not at all (`or_equal` is always allowed in one study, never in all). */
export interface KnobEffect {
  /** A metric name, or `fits` for whether the work fits at all. */
  readonly metric: string;
  /** `either` where the geometry decides. */
  readonly direction: 'up' | 'down' | 'either';
}

const faster: KnobEffect = { metric: 'time.total_s', direction: 'down' };
const slower: KnobEffect = { metric: 'time.total_s', direction: 'up' };
const either: KnobEffect = { metric: 'time.total_s', direction: 'either' };
const roomier: KnobEffect = { metric: 'fits', direction: 'up' };
const tighter: KnobEffect = { metric: 'fits', direction: 'down' };
const hungrier: KnobEffect = { metric: 'energy.known_j', direction: 'up' };

const energy: KnobEffect = { metric: 'energy.total_j', direction: 'up' };
const bandwidth: KnobEffect = { metric: 'throughput.io_bytes_per_s', direction: 'up' };
const lessBandwidth: KnobEffect = { metric: 'throughput.io_bytes_per_s', direction: 'down' };
const otherBandwidth: KnobEffect = { metric: 'throughput.io_bytes_per_s', direction: 'either' };

/** By the name of the field, or of the map for fields that a precision names. */
const EFFECTS: Readonly<Record<string, KnobEffect>> = {
  capacity_bytes: roomier,
  reserved_bytes: tighter,
  bank_bytes: roomier,
  l2_cache_bytes: { metric: 'traffic.gpu.access_bytes', direction: 'down' },
  scratchpad_bytes: { metric: 'traffic.gpu.access_bytes', direction: 'down' },
  code_bytes: { metric: 'memory.flash.peak_bytes', direction: 'up' },
  read_bytes_per_s: faster,
  write_bytes_per_s: faster,
  read_share_curve: faster,
  latency_s: slower,
  granularity_bytes: slower,
  read_stream_bytes_per_s: faster,
  write_stream_bytes_per_s: faster,
  insert_bytes_per_s: faster,
  dirty_fraction: faster,
  hit_stream_bytes_per_s: faster,
  uncached_read_stream_bytes_per_s: faster,
  small_write_s: slower,
  low_j_per_byte: hungrier,
  high_j_per_byte: hungrier,
  setup_s: slower,
  total_bytes_per_s: faster,
  copy_engines: faster,
  peak_flop_per_s: faster,
  efficiency: faster,
  instructions_per_s: faster,
  memory_efficiency: faster,
  batched_memory_efficiency: faster,
  matrix_memory_efficiency: faster,
  memory_bytes_per_s: faster,
  launch_s: slower,
  view_s: slower,
  roofline_exponent: faster,
  quantise_elements_per_s: faster,
  copy_elements_per_s: faster,
  busy_w: hungrier,
  multiplying_w: hungrier,
  idle_w: hungrier,
  relay_bytes_per_s: faster,
  convert_elements_per_s: faster,
  scatter_elements_per_s: faster,
  store_stream_bytes_per_s: faster,
  step_s: slower,
  sequence_s: slower,
  first_run_s: slower,
  slowdown: slower,
  usd_per_h: { metric: 'cost.usd', direction: 'up' },
  gco2e_per_kwh: { metric: 'carbon.gco2e', direction: 'up' },
  refresh_fraction: faster,
  turnaround: slower,
  pin_bytes_per_s: faster,
  burst_bytes: either,
  interleave_bytes: either,
  open_s: slower,
  close_s: slower,
  row_s: slower,
  read_to_close_s: slower,
  opens_apart_s: slower,
  group_apart_s: slower,
  refresh_s: slower,
  refresh_interval_s: faster,
  path_s: slower,
  port_bytes_per_s: faster,
  channels: bandwidth,
  chips_per_channel: bandwidth,
  dies_per_chip: otherBandwidth,
  planes_per_die: otherBandwidth,
  page_bytes: otherBandwidth,
  block_bytes: otherBandwidth,
  sector_bytes: lessBandwidth,
  read_s: lessBandwidth,
  program_s: lessBandwidth,
  erase_s: lessBandwidth,
  channel_bytes_per_s: bandwidth,
  command_s: lessBandwidth,
  plane_command_s: lessBandwidth,
  lanes: bandwidth,
  lane_bytes_per_s: bandwidth,
  payload_bytes: bandwidth,
  header_bytes: lessBandwidth,
  read_bytes: otherBandwidth,
  cache_bytes: bandwidth,
  entry_bytes: lessBandwidth,
  write_buffer_bytes: { metric: 'latency.request_s.mean', direction: 'down' },
  write_buffer_bytes_per_s: { metric: 'latency.request_s.mean', direction: 'down' },
  write_amplification: lessBandwidth,
  start_blocks: { metric: 'wear.disk.write_amplification', direction: 'up' },
  stop_blocks: otherBandwidth,
  endurance_bytes: { metric: 'wear.disk.years', direction: 'up' },
  outputs: slower,
  tile_rows: slower,
  vector_bytes_per_s: faster,
  softmax_elements_per_s: faster,
  rows: faster,
  columns: faster,
  clock_hz: faster,
  multiply_add_j: energy,
  add_j: energy,
  exponent_j: energy,
  divide_j: energy,
  one_pass_buffer_j: energy,
  row_wise_buffer_j: energy,
  collective_bytes_per_s: faster,
  collective_setup_s: slower,
  head_load_bytes_per_s: faster,
  kernel_s: slower,
  forward: faster,
  backward: faster,
  multiprocessors: faster,
  fraction: faster,
  stream_flop_per_s: faster,
  exponent: faster,
  cache_bytes_per_s: faster,
  inner_half: slower,
  inner_splits: faster,
  collective_multiprocessors: slower,
  forward_op_s: slower,
  backward_op_s: slower,
  rank_skew: slower,
  microbatch_s: slower,
  odd_row_efficiency: faster,
  devices_per_node: faster,
  nodes: roomier,
};

/** Fields of link directions, whose names begin with the direction. */
const DIRECTION_EFFECTS: Readonly<Record<string, KnobEffect>> = {
  bytes_per_s: faster,
  duplex_bytes_per_s: faster,
  pageable_bytes_per_s: faster,
  transfer_times: slower,
};
const DIRECTION = /^(h2d|d2h|read|write|tx|rx)_(.+)$/;

/** What raising the number at `path` must do; undefined where the table has no row for it. */
export function knobEffect(path: Path): KnobEffect | undefined {
  const names = path.map(String);
  const field = names.at(-1) ?? '';
  const owner = names.at(-2) ?? '';
  const name = ['peak_flop_per_s', 'efficiency'].includes(owner) ? owner : field;
  if (Object.hasOwn(EFFECTS, name)) return EFFECTS[name];
  const part = DIRECTION.exec(name)?.[2] ?? '';
  return Object.hasOwn(DIRECTION_EFFECTS, part) ? DIRECTION_EFFECTS[part] : undefined;
}
