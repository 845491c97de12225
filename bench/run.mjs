/**
 * Builds and runs the hold model on our engine and on the peers that are installed, turn by turn, and prints the
 * ratios of their speeds: a table, then one JSON document with `--json`.
 *
 *   node bench/run.mjs [--quick] [--json]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '..', 'out', 'bench');
const quick = process.argv.includes('--quick');

/** Each turn takes about a second. */
const MATCHES = [
  { ours: 'queue', peer: 'cpp', pending: 1e2, operations: 15e6, target: 0.8 },
  { ours: 'queue', peer: 'cpp', pending: 1e4, operations: 8e6, target: 0.8 },
  { ours: 'queue', peer: 'cpp', pending: 1e6, operations: 4e6, target: 0.8 },
  { ours: 'simulation', peer: 'simpy', pending: 1e2, operations: 10e6, peerOperations: 1e6, target: 12 },
  { ours: 'simulation', peer: 'simpy', pending: 1e4, operations: 6e6, peerOperations: 6e5, target: 12 },
];
const ROUNDS = quick ? 1 : 5;

const PEERS = { cpp: findCompiler(), simpy: findSimpy() };
const HOW = {
  cpp: 'std::priority_queue needs g++ (Debian package g++)',
  simpy: 'SimPy needs python3 with simpy (Debian package python3-simpy3, or pip install simpy)',
};

build();
const rows = MATCHES.map(play);
print(rows);
if (process.argv.includes('--json'))
  console.log(JSON.stringify({ node: process.version, rounds: ROUNDS, rows }, null, 2));

/** Plays one match: both sides in turn, so that a change of the machine's speed meets both; medians of CPU time. */
function play({ ours, peer, pending, operations, peerOperations = operations, target }) {
  const row = { ours, peer, pending, target };
  const peerCommand = PEERS[peer];
  const mine = [];
  const theirs = [];
  // Both end a run of the same length at the same clock, having seen the events in the same order.
  if (peerCommand !== null)
    agree(runOurs(ours, pending, peerOperations), runPeer(peerCommand, pending, peerOperations), row);
  for (let round = 0; round < ROUNDS; round++) {
    mine.push(runOurs(ours, pending, operations).cpuSeconds / operations);
    if (peerCommand !== null) theirs.push(runPeer(peerCommand, pending, peerOperations).cpuSeconds / peerOperations);
  }
  const perSecond = 1 / median(mine);
  if (peerCommand === null) return { ...row, events_per_s: perSecond, skipped: HOW[peer] };
  const peerPerSecond = 1 / median(theirs);
  const ratio = perSecond / peerPerSecond;
  return { ...row, events_per_s: perSecond, peer_events_per_s: peerPerSecond, ratio, reached: ratio >= target };
}

function agree(mine, theirs, row) {
  if (mine.clock === theirs.clock && mine.checksum === theirs.checksum) return;
  throw new Error(`${row.ours} and ${row.peer} disagree: ${JSON.stringify({ row, mine, theirs })}`);
}

function runOurs(what, pending, operations) {
  return run(process.execPath, [join(out, 'bench', 'hold.js'), what, String(pending), String(operations)]);
}

function runPeer(command, pending, operations) {
  return run(command[0], [...command.slice(1), String(pending), String(operations)]);
}

function run(program, words) {
  return JSON.parse(execFileSync(program, words, { encoding: 'utf8' }));
}

function build() {
  mkdirSync(out, { recursive: true });
  const compiler = join(here, '..', 'node_modules', 'typescript', 'bin', 'tsc');
  // Types are checked with everything else, by `npm run types`.
  execFileSync(process.execPath, [compiler, '-p', join(here, 'tsconfig.json'), '--noCheck'], { stdio: 'inherit' });
  const source = join(here, 'peers', 'hold.cpp');
  if (PEERS.cpp !== null) execFileSync('g++', ['-O2', '-o', PEERS.cpp[0], source], { stdio: 'inherit' });
}

function findCompiler() {
  return works('g++', ['--version']) ? [join(out, 'hold_cpp')] : null;
}

/** The first Python that can import SimPy 3 or later: the one on the path, else the system's. */
function findSimpy() {
  const found = ['python3', '/usr/bin/python3'].find((python) =>
    works(python, ['-c', 'import simpy; simpy.Environment']),
  );
  return found === undefined ? null : [found, join(here, 'peers', 'hold_simpy.py')];
}

function works(program, words) {
  try {
    execFileSync(program, words, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function median(values) {
  const sorted = [...values].sort((x, y) => x - y);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function print(rows) {
  const cells = rows.map((row) => [
    `${row.ours} / ${row.peer}`,
    row.pending.toLocaleString('en'),
    millions(row.events_per_s),
    row.skipped ? 'skipped' : millions(row.peer_events_per_s),
    row.skipped ? '' : row.ratio.toFixed(2),
    row.skipped ? '' : `${row.reached ? 'yes' : 'no'} (${row.target})`,
  ]);
  cells.unshift(['ours / peer', 'pending', 'ours M/s', 'peer M/s', 'ratio', 'reached']);
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  for (const line of cells) console.error(line.map((cell, i) => cell.padStart(widths[i])).join('  '));
  for (const how of new Set(rows.map((row) => row.skipped).filter(Boolean))) console.error(`skipped: ${how}`);
}

function millions(perSecond) {
  return (perSecond / 1e6).toFixed(2);
}
