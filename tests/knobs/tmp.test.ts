import { test } from 'vitest';
import { listMachines, loadMachine } from '../../hardware/load.ts';
import { simulate } from '../../sim/executor/index.ts';
import { PROBES, readProbe } from './probes.ts';

test('x', async () => {
  for (const { id, variants } of listMachines())
    for (const ref of [id, ...variants.map((v) => `${id}/${v}`)]) {
      const m = loadMachine(ref);
      const out = [];
      for (const p of PROBES) {
        const t = performance.now();
        const r = await readProbe(m, p).catch((e) => {
          out.push(String(e).slice(0, 60));
          return null;
        });
        out.push(`${p.name}=${r ? r['time.total_s']!.toFixed(3) : '-'} (${(performance.now() - t).toFixed(0)}ms)`);
      }
      console.log(ref, out.join('; '));
    }
}, 300000);
