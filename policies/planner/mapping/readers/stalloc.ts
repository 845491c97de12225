import { InputError, quote } from '../../../../input/errors.ts';
import type { MapBuffer } from '../problem.ts';
import type { ReadProblem } from './read.ts';

const EVENT = /^([01])\s+(\S+)\s+(\d+)(?:\s+\S+)?$/;

/** Whether a text is a trace of STAlloc: its first event line is `1 pointer size stream`. */
export function isStalloc(text: string): boolean {
  const line = text.split('\n', 200).find((candidate) => /^\s*[01]\s/.test(candidate));
  return line !== undefined && EVENT.test(line.trim()) && !line.includes(',');
}

/**
 * Buffers from a trace of STAlloc (arXiv 2507.16274): `1 pointer size stream` allocates, `0 pointer size stream` frees;
 * other lines name iterations, phases and layers and are passed over. The time is the number of the event. What is freed
 * without having been allocated was there before the trace and is left out; what is never freed lives to its end.
 * @throws InputError for a pointer allocated twice and for a trace without allocations
 */
export function readStallocProblem(text: string, file: string): ReadProblem {
  const open = new Map<string, number>();
  const buffers: (MapBuffer & { upper: number })[] = [];
  const lines: number[] = [];
  let time = 0;
  for (const [k, line] of text.split('\n').entries()) {
    const [, action, pointer, size] = EVENT.exec(line.trim()) ?? [];
    if (pointer === undefined) continue;
    const known = open.get(pointer);
    if (action === '1') {
      if (known !== undefined) {
        const problem = `${quote(pointer)} is allocated again before it is freed`;
        throw new InputError({ code: 'bad_value', problem, place: { file, line: k + 1 } });
      }
      open.set(pointer, buffers.length);
      lines.push(k + 1);
      buffers.push({ id: String(buffers.length), lower: time, upper: -1, size_bytes: Number(size) });
    } else if (known !== undefined) {
      buffers[known]!.upper = time;
      open.delete(pointer);
    }
    time++;
  }
  if (buffers.length === 0) throw new InputError({ code: 'empty', problem: 'nothing is allocated', place: { file } });
  for (const known of open.values()) buffers[known]!.upper = time;
  return { buffers, placeOf: (i) => ({ file, line: lines[i]! }), closed: false };
}
