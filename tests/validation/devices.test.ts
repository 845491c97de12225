import { expect, test } from 'vitest';
import type { ClaimRow } from '../../sim/types/index.ts';
import { errorsOf, mean, rowsOf } from './rows.ts';

/** How near are single devices to published ones, with nothing fitted but what the files say? */

test('the flash model is within 5 % of every MQSim row of the given grids and 2 % of them on average', async () => {
  const rows: ClaimRow[] = [];
  for (const grid of ['g1000', 'id333', 'default333']) rows.push(...(await rowsOf(`mqsim/${grid}`)));
  expect(rows).toHaveLength(42);
  const rates = errorsOf(rows.filter(({ metric }) => metric === 'throughput.io_bytes_per_s'));
  expect(mean(rates)).toBeLessThan(0.02);
  expect(Math.max(...rates)).toBeLessThan(0.05);
  const latencies = errorsOf(rows.filter(({ metric }) => metric === 'latency.request_s.mean'));
  expect(Math.max(...latencies)).toBeLessThan(0.05);
}, 120_000);

test('six drives of other shapes, and writes, are within 2 % of MQSim on average', async () => {
  const shapes = errorsOf(await rowsOf('mqsim/geometries'));
  expect(shapes).toHaveLength(18);
  expect(mean(shapes)).toBeLessThan(0.02);
  expect(Math.max(...shapes)).toBeLessThan(0.05);
  const mixed = errorsOf(await rowsOf('mqsim/mixed'));
  expect(mean(mixed)).toBeLessThan(0.02);
  expect(Math.max(...mixed)).toBeLessThan(0.05);
}, 120_000);

test('drives of shapes drawn at random are within 2 % of MQSim on average, and 58 of 60 within 5 %', async () => {
  const errors = errorsOf(await rowsOf('mqsim/shapes'));
  expect(errors).toHaveLength(60);
  expect(mean(errors)).toBeLessThan(0.02);
  expect(errors.filter((error) => error < 0.05).length).toBeGreaterThanOrEqual(58);
}, 240_000);

test('as many blocks are collected as in MQSim', async () => {
  const errors = errorsOf(await rowsOf('mqsim/collection'));
  expect(errors).toHaveLength(7);
  expect(mean(errors)).toBeLessThan(0.02);
}, 120_000);

test('copies of 21 sizes are within 8 %, four of them fitted', async () => {
  const rows = await rowsOf('gpu-benches');
  expect(rows).toHaveLength(21);
  expect(rows.filter(({ use }) => use === 'calibrate')).toHaveLength(4);
  expect(Math.max(...errorsOf(rows))).toBeLessThan(0.08);
});

test('a link that is busy both ways loses what nvbandwidth says', async () => {
  expect(Math.max(...errorsOf(await rowsOf('nvbandwidth')))).toBeLessThan(0.08);
});

test('ports on pseudo-channels have the rates that were measured, and rows their latencies', async () => {
  const rows = await rowsOf('hbm-ports/u50');
  expect(rows).toHaveLength(45);
  expect(rows.filter(({ use }) => use === 'calibrate')).toHaveLength(3);
  expect(mean(errorsOf(rows))).toBeLessThan(0.01);
  expect(Math.max(...errorsOf(rows))).toBeLessThan(0.05);
  expect(Math.max(...errorsOf(await rowsOf('hbm-ports/u280')))).toBeLessThan(0.04);
});

test('DRAM channels are within 3 points of their peak at every read share', async () => {
  const rows = await rowsOf('ramulator');
  expect(rows).toHaveLength(24);
  for (const { published, simulated, id } of rows) {
    expect(Math.abs((simulated as number) - (published as number)), id).toBeLessThan(0.03);
  }
});

test('one-pass and row-wise attention take the times of the FuseMax artifact, and its energy within 5 %', async () => {
  const rows = await rowsOf('fusemax');
  const of = (suffix: RegExp) => errorsOf(rows.filter(({ id }) => suffix.test(id)));
  expect(of(/-speedup$/)).toHaveLength(24);
  expect(Math.max(...of(/-speedup$/))).toBeLessThan(0.01);
  expect(Math.max(...of(/-latency$/))).toBeLessThan(0.01);
  expect(Math.max(...of(/-grid$/))).toBeLessThan(0.01);
  expect(mean(of(/-energy$/))).toBeLessThan(0.03);
  expect(Math.max(...of(/-energy$/))).toBeLessThan(0.05);
});

test('decode on the FlightLLM array is within 3 % of the six cases of its authors and of the U280', async () => {
  const rows = (await rowsOf('flightllm')).filter(({ metric }) => metric === 'throughput.decode_tokens_per_s');
  expect(rows).toHaveLength(7);
  expect(Math.max(...errorsOf(rows))).toBeLessThan(0.03);
});

test('attention kernels are within 15 % of their published times from 2048 tokens on, un-fused ones without a mask within 14 %', async () => {
  const rows = (await rowsOf('flashattention/a100-tables')).filter(({ use }) => use === 'validate');
  const unfused = rows.filter(({ id }) => id.startsWith('un-fused'));
  expect(unfused).toHaveLength(16);
  expect(Math.max(...errorsOf(unfused))).toBeLessThan(0.14);
  const long = rows.filter(({ id }) => !id.startsWith('un-fused') && Number(/-(\d+)-/.exec(id)![1]) >= 2048);
  expect(long).toHaveLength(45);
  expect(Math.max(...errorsOf(long))).toBeLessThan(0.15);
});

test('LLM in a flash: reading within 5 % but Llama-2 in half, CPU totals within 12 % and all but two within 10 %', async () => {
  const rows = await rowsOf('llm-in-a-flash');
  const steps = errorsOf(rows.filter(({ id }) => id.startsWith('lif-t2')));
  expect(steps).toHaveLength(5);
  expect(Math.max(...steps)).toBeLessThan(0.05);
  const reading = rows.filter(
    ({ id }) => /-(naive|hybrid)-.*-io$/.test(id) && id !== 'lif-t3-llama-2-7b-hybrid-cpu-io',
  );
  expect(Math.max(...errorsOf(reading))).toBeLessThan(0.05);
  const totals = errorsOf(rows.filter(({ id }) => /^lif-t3-.*-cpu$/.test(id)));
  expect(totals).toHaveLength(14);
  expect(Math.max(...totals)).toBeLessThan(0.12);
  expect(totals.filter((error) => error <= 0.1).length).toBeGreaterThanOrEqual(12);
});

test('InstInfer: the four ratios within 10 %, KV shares within 2 points, twenty drives within 10 %', async () => {
  const rows = new Map((await rowsOf('instinfer')).map((row) => [row.id, row]));
  for (const id of ['inst-dense64', 'inst-2csd', 'inst-2csd-sp', 'inst-speed-max']) {
    expect(Math.abs(rows.get(id)!.error!), id).toBeLessThan(0.1);
  }
  for (const [id, { published, simulated }] of rows) {
    if (!/kvfrac|kvred/.test(id)) continue;
    expect(Math.abs((simulated as number) - (published as number)), id).toBeLessThan(0.02);
  }
  for (const id of ['inst-20csd-d', 'inst-20csd-s']) expect(Math.abs(rows.get(id)!.error!), id).toBeLessThan(0.1);
});
