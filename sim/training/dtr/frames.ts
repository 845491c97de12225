/**
 * Tensors that are being made, each with those of its parents that were not there when it began: a stack in one array.
 * A frame is its tensor, the place of the parent to see to next, where the frame below begins, and the list.
 */
export class Frames {
  depth = 0;
  private data = new Int32Array(256);
  /** Where the top frame begins, and where the next one would. */
  private top = -1;
  private end = 0;

  push(tensor: number): void {
    this.reserve(3);
    this.data[this.end] = tensor;
    this.data[this.end + 1] = this.end + 3;
    this.data[this.end + 2] = this.top;
    this.top = this.end;
    this.end += 3;
    this.depth += 1;
  }

  /** Adds a missing parent to the top frame. */
  miss(parent: number): void {
    this.reserve(1);
    this.data[this.end++] = parent;
  }

  /** The missing parent of the top frame that is next, or -1. */
  next(): number {
    const at = this.data[this.top + 1]!;
    return at < this.end ? this.data[at]! : -1;
  }

  advance(): void {
    this.data[this.top + 1] = this.data[this.top + 1]! + 1;
  }

  /** Leaves the top frame; returns its tensor. */
  pop(): number {
    const tensor = this.data[this.top]!;
    this.end = this.top;
    this.top = this.data[this.top + 2]!;
    this.depth -= 1;
    return tensor;
  }

  private reserve(more: number): void {
    if (this.end + more <= this.data.length) return;
    const data = new Int32Array(2 * this.data.length + more);
    data.set(this.data);
    this.data = data;
  }
}
