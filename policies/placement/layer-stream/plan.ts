import type { Holding, Plan, TensorKind } from '../../../sim/types/index.ts';
import { largestBytes } from './homes.ts';
import type { Shared } from './shared.ts';
import { READER } from './weights.ts';

/** Where everything lives before the first op. A cache on the device grows as it is written and is not held here. */
export function layerStreamPlan(shared: Shared): Plan {
  const { fields, homes, program, machine } = shared;
  const held: Holding[] = [];
  const files: Holding[] = [];
  const put = (list: Holding[], memory: string, kind: TensorKind, bytes: number, what: string): void => {
    if (bytes > 0) list.push({ memory, kind, bytes, what });
  };
  const heldAt = (level: string, device?: string): number =>
    homes.reduce(
      (sum, home) =>
        sum + (home.level === level && (device === undefined || home.device === device) ? home.held_bytes : 0),
      0,
    );
  for (const device of shared.devices) put(held, device, 'weight', heldAt('gpu', device), 'weights on the device');
  if (heldAt('cpu') > 0) put(held, shared.cpu, 'weight', heldAt('cpu'), 'weights in host memory');
  const onDisk = heldAt('disk');
  if (onDisk > 0) {
    put(files, shared.disk, 'weight', onDisk, 'weights on disk');
    if (fields.disk_reads === 'direct') {
      const buffers = fields.swap_buffer_bytes ?? (fields.prefetch + 1) * largestBytes(program);
      put(held, shared.cpu, 'workspace', buffers, 'pinned buffers of direct reads');
    }
  }
  if (fields.kv === 'cpu') {
    put(held, shared.cpu, 'kv', shared.cacheWidening * program.summary.kv_bytes, 'KV cache in host memory');
  }
  const warnings: string[] = [...(program.warnings ?? [])];
  const streams = homes.some((home) => home.level !== 'gpu');
  if (streams && machine.host === undefined) {
    warnings.push(`machine "${machine.id}" says nothing of its host, so hooks and bookkeeping cost nothing`);
  }
  return {
    held,
    files,
    workers: [{ name: READER, count: 1 }],
    page_cache: fields.disk_reads === 'mapped',
    warnings,
  };
}
