import type { MappingBuffer, MappingOp, MappingProgram } from '../../sim/types/index.ts';

/** Bytes of a number in generated programs: 16 bits. */
export const NUMBER_BYTES = 2;

/** Builds a program op by op. */
export class ProgramBuilder {
  private readonly buffers: MappingBuffer[] = [];
  private readonly ops: MappingOp[] = [];

  /** A buffer; returns its place in the list. */
  buffer(id: string, bytes: number, kind: Pick<MappingBuffer, 'input' | 'output'> = {}): number {
    this.buffers.push({ id, bytes, ...kind });
    return this.buffers.length - 1;
  }

  op(name: string, flops: number, reads: readonly number[], writes: readonly number[]): void {
    this.ops.push({ name, flops, reads: [...new Set(reads)], writes });
  }

  program(): MappingProgram {
    return { buffers: this.buffers, ops: this.ops };
  }
}
