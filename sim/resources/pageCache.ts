/**
 * The operating system's page cache as a tier in front of a disk: whole file extents in least-recently-used order.
 * Clean extents make room; dirty bytes stay until they have been written back. Which bytes hit is decided in the order
 * of the requests; moving them is the caller's work.
 */
export class PageCache {
  private readonly cached = new Map<number, number>();
  private bytes = 0;
  /** Bytes that tensors leave of the host memory; the cache shrinks when they grow. */
  capacity: number;
  hitBytes = 0;
  missBytes = 0;
  peakBytes = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Bytes held. */
  get used(): number {
    return this.bytes;
  }

  /**
   * Reads `bytes` of a file whose extent is then cached, and returns how many of them were there already. A file larger
   * than the whole cache leaves nothing behind that a later scan could hit.
   */
  read(file: number, bytes: number): number {
    const present = Math.min(this.cached.get(file) ?? 0, bytes);
    this.hitBytes += present;
    this.missBytes += bytes - present;
    this.insert(file, Math.max(bytes, this.cached.get(file) ?? 0));
    return present;
  }

  /** Writes `bytes` of a file into the cache: the extent grows by them, up to `extent` bytes. */
  write(file: number, bytes: number, extent: number): void {
    this.insert(file, Math.min(extent, (this.cached.get(file) ?? 0) + bytes));
  }

  private insert(file: number, bytes: number): void {
    const old = this.cached.get(file);
    if (old !== undefined) {
      this.cached.delete(file);
      this.bytes -= old;
    }
    if (bytes > this.capacity) return;
    for (const [victim, held] of this.cached) {
      if (this.bytes + bytes <= this.capacity) break;
      this.cached.delete(victim);
      this.bytes -= held;
    }
    this.cached.set(file, bytes);
    this.bytes += bytes;
    if (this.bytes > this.peakBytes) this.peakBytes = this.bytes;
  }
}
