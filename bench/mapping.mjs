/**
 * `tierflow map` beside the minimalloc binary on the same files, each in turn on the same core: CPU seconds of the whole
 * process, best of the rounds. Needs a build (`npm run build`).
 *
 *   node bench/mapping.mjs FOLDER [MINIMALLOC_BINARY]
 *
 * FOLDER holds NAME.CAPACITY.csv, as benchmarks/challenging of github.com/google/minimalloc.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROUNDS = 3;
const [folder, peer] = process.argv.slice(2);
const cli = process.env.TIERFLOW_CLI ?? join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'cli.js');
if (folder === undefined) {
  console.error('usage: node bench/mapping.mjs FOLDER [MINIMALLOC_BINARY]');
  process.exit(2);
}

/** CPU seconds of a command, by the shell's own account. */
function cpu(words) {
  const script = `times=$( { command time -f '%U %S' "$@" >/dev/null; } 2>&1 ); echo "$times" | tail -1`;
  const ran = spawnSync('taskset', ['-c', '0', 'bash', '-c', script, 'bash', ...words], { encoding: 'utf8' });
  const [user, system] = ran.stdout.trim().split(' ').map(Number);
  if (!(user >= 0)) throw new Error(`${words.join(' ')}: ${ran.stdout}${ran.stderr}`);
  return user + system;
}

const files = readdirSync(folder).filter((name) => /\.\d+\.csv$/.test(name));
const rows = files.map((name) => {
  const capacity = /\.(\d+)\.csv$/.exec(name)[1];
  const file = join(folder, name);
  const ours = [process.execPath, cli, 'map', file, '--capacity', capacity, '--json'];
  const theirs = [peer, `--capacity=${capacity}`, `--input=${file}`, `--output=${join(tmpdir(), 'minimalloc.csv')}`];
  const row = { name, ours_s: Infinity, peer_s: peer === undefined ? null : Infinity };
  for (let round = 0; round < ROUNDS; round++) {
    row.ours_s = Math.min(row.ours_s, cpu(ours));
    if (peer !== undefined) row.peer_s = Math.min(row.peer_s, cpu(theirs));
  }
  console.error(
    `${name.padEnd(20)} ${row.ours_s.toFixed(2)} s  ${row.peer_s === null ? '' : `${row.peer_s.toFixed(2)} s`}`,
  );
  return row;
});
const sum = (key) => rows.reduce((total, row) => total + (row[key] ?? 0), 0);
const ratio = peer === undefined ? null : sum('ours_s') / sum('peer_s');
console.log(
  JSON.stringify({ rows, ours_s: sum('ours_s'), peer_s: peer === undefined ? null : sum('peer_s'), ratio }, null, 2),
);
