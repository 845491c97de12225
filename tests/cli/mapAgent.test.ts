import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageFolder } from '../../input/packageFiles.ts';
import { tierflowJson } from './harness.ts';

const cli = join(packageFolder(), 'dist', 'cli.js');
const program = join(packageFolder(), 'docs', 'examples', 'mapping.json');

// The agent speaks to another process, so that it needs the built command.
it.skipIf(!existsSync(cli))('the agent of the documentation plays to the end and learns something', async () => {
  const agent = join(packageFolder(), 'docs', 'examples', 'agent.mjs');
  const game = [process.execPath, cli, 'map', '--two-level', program, '--play'];
  const said = JSON.parse(execFileSync(process.execPath, [agent, '15', ...game], { encoding: 'utf8' }));
  const { data } = (await tierflowJson('map', '--two-level', program, '--json')) as {
    data: { policies: { id: string; elapsed_s: number }[] };
  };
  const secondsOf = (id: string) => data.policies.find((policy) => policy.id === id)!.elapsed_s;
  expect(said.all_slow_s).toBeCloseTo(secondsOf('all-slow'), 15);
  expect(said.best_s).toBeLessThan(said.all_slow_s);
  expect(said.best_s).toBeGreaterThanOrEqual(secondsOf('exact') * (1 - 1e-12));
});
