/**
 * Times whole commands from outside: medians of wall time and the peak memory of the process, beside an empty Node
 * process run in turn with them.
 *
 *   node bench/commands.mjs [--quick] [--json]      after `npm run build`
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cli = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'cli.js');
const quick = process.argv.includes('--quick');
const rounds = quick ? 3 : 9;
const scratch = mkdtempSync(join(tmpdir(), 'tierflow-bench-'));

/** A real network of 1 MB, and a search over all patches and splits. */
const face = join(dirname(cli), '../node_modules/@mediapipe/face_detection/face_detection_full_range.tflite');
const search = '{kind: auto, limit_bytes: 256 KiB}';
const onBoard = (model) => ['--machine', 'stm32h747', '--model', model, '--set', 'policy.planner.kind=tflm-greedy'];

/** Limits in seconds and MB, as the project has set them for itself. */
const COMMANDS = [
  { name: 'node, empty', words: ['-e', '0'] },
  { name: 'tierflow --help', words: [cli, '--help'], limit_s: 0.12, limit_mb: 200 },
  { name: 'run --json, OPT-30B', words: [cli, 'run', 'flexgen/opt-30b-t4', '--json'], limit_s: 0.4, limit_mb: 200 },
  { name: 'run --json, OPT-175B', words: [cli, 'run', 'flexgen/opt-175b-t4', '--json'], limit_s: 1.5, limit_mb: 200 },
  { name: 'run --json, 1 MB .tflite', words: [cli, 'run', '--json', ...onBoard(face)], limit_s: 0.2, limit_mb: 200 },
  {
    name: 'run --json, MobileNetV2, best patches',
    words: [
      cli,
      'run',
      '--json',
      ...onBoard('mobilenet_v2_1.0_224'),
      '--set',
      `policy.schedule=${search}`,
      '--set',
      'policy.planner.kind=mcunetv2',
    ],
    limit_s: 0.3,
    limit_mb: 200,
  },
];
const SWEEP_LIMIT_S = 60;

/** Prints the peak resident memory when the process ends. */
const PROBE =
  '--import=data:text/javascript,process.on("exit",()=>process.stderr.write("\\nRSS_KB="+process.resourceUsage().maxRSS))';

const samples = COMMANDS.map(() => ({ seconds: [], megabytes: [] }));
for (let round = 0; round < rounds; round++) {
  COMMANDS.forEach(({ words }, i) => {
    const { seconds, megabytes } = time(words);
    samples[i].seconds.push(seconds);
    samples[i].megabytes.push(megabytes);
  });
}
const rows = COMMANDS.map(({ name, limit_s, limit_mb }, i) => {
  const seconds = median(samples[i].seconds);
  const megabytes = Math.max(...samples[i].megabytes);
  const over_node = seconds / median(samples[0].seconds);
  return {
    name,
    seconds,
    over_node,
    megabytes,
    limit_s,
    limit_mb,
    reached: !(seconds > limit_s || megabytes > limit_mb),
  };
});
rows.push(sweep());
rmSync(scratch, { recursive: true });

console.error('command                        seconds  × empty node    MB   limit');
for (const { name, seconds, over_node, megabytes, limit_s, reached } of rows) {
  const cells = [
    name.padEnd(29),
    seconds.toFixed(3).padStart(8),
    over_node.toFixed(1).padStart(13),
    megabytes.toFixed(0).padStart(6),
  ];
  console.error(
    `${cells.join(' ')}   ${limit_s === undefined ? '' : `${limit_s} s ${reached ? 'reached' : 'MISSED'}`}`,
  );
}
if (process.argv.includes('--json')) console.log(JSON.stringify({ node: process.version, rounds, rows }, null, 2));

/** A thousand points of OPT-30B on two workers. */
function sweep() {
  const list = (from, count, step) => Array.from({ length: count }, (_, i) => from + i * step).join(',');
  const points = quick ? 100 : 1000;
  const words = [cli, 'sweep', 'flexgen/opt-30b-t4', '--vary', `workload.batch=${list(4, points / 20, 1)}`];
  words.push(
    '--vary',
    `machine.links.pcie.h2d_bytes_per_s=${list(8e9, 20, 1e9)}`,
    '--workers',
    '2',
    '--out',
    join(scratch, 'sweep'),
    '--json',
  );
  const { seconds, megabytes } = time(words);
  const limit_s = (SWEEP_LIMIT_S * points) / 1000;
  const over_node = seconds / median(samples[0].seconds);
  return {
    name: `sweep of ${points} points, OPT-30B`,
    seconds,
    over_node,
    megabytes,
    limit_s,
    reached: seconds <= limit_s,
  };
}

function time(words) {
  const start = process.hrtime.bigint();
  const child = spawnSync(process.execPath, [PROBE, ...words], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (child.status !== 0) throw new Error(`${words.join(' ')} ended with ${child.status}: ${child.stderr}`);
  return { seconds, megabytes: Number(/RSS_KB=(\d+)\s*$/.exec(child.stderr)?.[1] ?? Number.NaN) / 1024 };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
